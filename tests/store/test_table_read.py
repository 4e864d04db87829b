import contextlib
import csv
import gzip
from pathlib import Path

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plait.core.errors import InvalidData
from plait.store.frame import Frame
from plait.store.table_read import read_chunks, read_table

NAN = float("nan")


def read(folder: Path, text: str | bytes, name: str = "t.csv", **how) -> Frame:
    data = text.encode() if isinstance(text, str) else text
    (folder / name).write_bytes(data)
    return read_table(folder / name, **how)


@pytest.mark.parametrize(
    ("cells", "kind", "integer", "expected"),
    [
        (["1", "2"], "number", True, [1.0, 2.0]),
        (["1", " 2 ", ""], "number", True, [1.0, 2.0, NAN]),
        (["1.5", "-2e-3", "+.5", "3."], "number", False, [1.5, -0.002, 0.5, 3.0]),
        (["1", "NA", "null", "NaN", "#N/A"], "number", True, [1.0, NAN, NAN, NAN, NAN]),
        (["1", "-inf", "Infinity"], "number", False, [1.0, float("-inf"), float("inf")]),
        (["1", "two", "3"], "string", False, ["1", "two", "3"]),
        (["02134", "10001"], "string", False, ["02134", "10001"]),
        (["0", "0.5", "10"], "number", False, [0.0, 0.5, 10.0]),
        (["1234567890123456", "1"], "string", False, ["1234567890123456", "1"]),
        (["1,5", "2,5"], "string", False, ["1,5", "2,5"]),
        (["1_000"], "string", False, ["1_000"]),
        (["true", "False", "TRUE", ""], "boolean", False, [True, False, True, None]),
        (["yes", "no"], "string", False, ["yes", "no"]),
        (["2024-01-05", "2024-01-05T10:00:00Z"], "time", False, None),
        (["2024-01-05", "05/01/2024"], "string", False, None),
        (["", "NA"], "number", False, [NAN, NAN]),
        ([" a", "b ", " "], "string", False, ["a", "b", None]),
        (["Zoë", "日本"], "string", False, ["Zoë", "日本"]),
        (['he said "no"', "two\nlines", "a;b|c\t,d"], "string", False, None),
    ],
)
def test_the_kind_of_a_column(tmp_path: Path, cells, kind, integer, expected):
    with (tmp_path / "t.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([["row", "x"], *([at, cell] for at, cell in enumerate(cells))])
    column = read_table(tmp_path / "t.csv")["x"]
    assert (column.kind, column.integer) == (kind, integer)
    assert repr(column.values.tolist()) == repr(expected or cells)


def test_the_whole_file_decides_not_a_sample(tmp_path: Path):
    rows = "".join(f"{at}\n" for at in range(30_000))
    assert read(tmp_path, f"x\n{rows}last\n")["x"].kind == "string"


@pytest.mark.parametrize("delimiter", list(",;\t|"))
def test_delimiters(tmp_path: Path, delimiter: str):
    frame = read(
        tmp_path,
        'a,"b;;;,,,",c\n1,2,3\n'.replace(",", delimiter, 1)
        .replace('",', f'"{delimiter}')
        .replace("1,2,3", delimiter.join("123")),
    )
    assert frame.height == 1
    assert len(frame.columns) == 3


def test_header_only_one_column_one_row(tmp_path: Path):
    frame = read(tmp_path, "x\n7")
    assert frame["x"].values.tolist() == [7.0]
    with pytest.raises(InvalidData, match="no rows") as caught:
        read(tmp_path, "a,b\n\n")
    assert caught.value.code == "data_empty"
    with pytest.raises(InvalidData) as caught:
        read(tmp_path, "\n\n  \n")
    assert caught.value.code == "data_empty"


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_line_ends_blank_lines_and_quoted_newlines(tmp_path: Path, end: str):
    frame = read(tmp_path, end.join(["a,b", "", '1,"x', 'y"', "  ", "2,z", ""]))
    assert frame["b"].values.tolist() == [f"x{end}y", "z"]


def test_mixed_line_ends(tmp_path: Path):
    assert read(tmp_path, "a,b\r\n1,2\n3,4\r\n")["b"].values.tolist() == [2.0, 4.0]


def test_encodings(tmp_path: Path):
    text = "name,x\nZoë,1\n"
    assert read(tmp_path, text.encode("utf-8-sig")).names == ("name", "x")
    frame = read(tmp_path, text.encode("latin-1"))
    assert frame["name"].values.tolist() == ["Zoë"]
    assert "Latin-1" in frame.notes[0]
    assert read(tmp_path, b"name,x\nann,\xc3").notes  # ends within a letter
    assert read(tmp_path, gzip.compress(text.encode()), "t.csv.gz").notes == ()


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("a,b\n1,2\n3\n", 3, "1 fields, where the header has 2"),
        ("a,b\n1,2\n3,4,5\n", 3, "3 fields, where the header has 2"),
        ('a,b\n1,"x\ny"\n3\n', 4, "1 fields"),
        ('a,b\n1,"2\n3,4\n', 3, "unexpected end of data"),
        ('a,b\n1,"2"x\n', 2, "expected after"),
        ("a,b\n" + "1,2\n" * 2000 + "1,\0\n", 2002, "NUL"),
    ],
)
def test_a_broken_file_is_told_by_its_line(tmp_path: Path, text: str, line: int, said: str):
    with pytest.raises(InvalidData, match=said) as caught:
        read(tmp_path, text)
    assert caught.value.code == "data_format"
    assert caught.value.where == f"{tmp_path / 't.csv'}:{line}"


def test_names(tmp_path: Path):
    assert read(tmp_path, ', "b, c",d"e\n1,2,3\n').names == ("column_1", "b, c", 'd"e')
    with pytest.raises(InvalidData, match="two columns are named 'a'") as caught:
        read(tmp_path, "a,b,a\n1,2,3\n")
    assert caught.value.code == "data_duplicate_column"


def test_columns_named_as_strings_stay_strings(tmp_path: Path):
    frame = read(tmp_path, "a,b\n1.50,1.50\n", strings=["a"])
    assert frame["a"].values.tolist() == ["1.50"]
    assert frame["b"].values.tolist() == [1.5]


def test_several_files_are_one_table(tmp_path: Path):
    (tmp_path / "1.csv").write_text("a;b\n1;x\n")
    (tmp_path / "2.csv").write_text("a,b\n2.5,y\n")
    frame = read_table(str(tmp_path / "?.csv"))
    assert frame["a"].values.tolist() == [1.0, 2.5]
    (tmp_path / "3.csv").write_text("b,a\n2.5,y\n")
    with pytest.raises(InvalidData, match=r"columns differ from those of .*1\.csv"):
        read_table(str(tmp_path / "?.csv"))
    duckdb.sql(f"COPY (SELECT 1 a) TO '{tmp_path / '4.parquet'}'")
    with pytest.raises(InvalidData, match="both CSV and Parquet"):
        read_table(str(tmp_path / "?.*"))


def test_parquet_is_taken_as_it_is_typed(tmp_path: Path):
    path = tmp_path / "t.parquet"
    duckdb.sql(
        "COPY (SELECT 1::UTINYINT AS i, 1.25::DECIMAL(8, 2) AS d, 0.5::FLOAT AS f, TRUE AS b,"
        " 'NA' AS s, '12' AS n, DATE '2024-01-05' AS day, TIME '10:00' AS clock,"
        " TIMESTAMP '2024-01-05 10:00:00.5' AS moment, 9007199254740993::BIGINT AS big,"
        " TIMESTAMPTZ '2024-01-05 10:00:00+00' AS zoned, [1, 2] AS list, '2024-01-05' AS iso"
        f" UNION ALL SELECT {', '.join(['NULL'] * 13)}) TO '{path}'"
    )
    found = {
        column.name: (column.kind, column.values.tolist()) for column in read_table(path).columns
    }
    assert repr(found) == repr(
        {
            "i": ("number", [1.0, NAN]),
            "d": ("number", [1.25, NAN]),
            "f": ("number", [0.5, NAN]),
            "b": ("boolean", [True, None]),
            "s": ("string", ["NA", None]),
            "n": ("string", ["12", None]),
            "day": ("time", ["2024-01-05", None]),
            "clock": ("string", ["10:00:00", None]),
            "moment": ("time", ["2024-01-05T10:00:00.5", None]),
            "big": ("string", ["9007199254740993", None]),
            "zoned": ("time", ["2024-01-05T10:00:00+00", None]),
            "list": ("string", ["[1, 2]", None]),
            "iso": ("time", ["2024-01-05", None]),
        }
    )


def test_duplicate_names_in_parquet(tmp_path: Path):
    path = tmp_path / "t.parquet"
    duckdb.sql(f"COPY (SELECT 1 AS x, 2 AS y) TO '{path}'")
    path.write_bytes(path.read_bytes().replace(b"y", b"x"))
    with pytest.raises(InvalidData, match="named 'x'") as caught:
        read_table(path)
    assert caught.value.code == "data_duplicate_column"


def test_chunks_are_the_table_in_order_with_its_kinds(tmp_path: Path):
    (tmp_path / "t.csv").write_text("a,b\n" + "".join(f"{at},\n" for at in range(2500)) + "x,1\n")
    chunks = list(read_chunks(tmp_path / "t.csv", 1000))
    assert [chunk.height for chunk in chunks] == [1000, 1000, 501]
    assert {chunk["a"].kind for chunk in chunks} == {"string"}
    assert {chunk["b"].kind for chunk in chunks} == {"number"}
    values = [value for chunk in chunks for value in chunk["a"].values]
    assert values == [*map(str, range(2500)), "x"]


def test_leaving_the_chunks_early_leaves_nothing_behind(tmp_path: Path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "scratch"))
    (tmp_path / "scratch").mkdir()
    (tmp_path / "t.csv").write_text("a\n1\n2\n3\n")
    chunks = read_chunks(tmp_path / "t.csv", 1)
    next(chunks)
    chunks.close()
    assert not list((tmp_path / "scratch").iterdir())


@settings(max_examples=20, deadline=None)
@given(
    st.lists(st.lists(st.text("ab ,;|\t\"\n\r'éü", max_size=6), min_size=2, max_size=2), min_size=1)
)
def test_what_a_csv_writer_writes_is_what_is_read(tmp_path_factory, cells):
    path = tmp_path_factory.mktemp("csv") / "t.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, quoting=csv.QUOTE_ALL).writerows([["x", "y"], *cells])
    expected = [[cell.strip() or None for cell in row] for row in cells]
    frame = read_table(path, strings=["x", "y"])
    found = list(map(list, zip(frame["x"].values, frame["y"].values, strict=True)))
    assert found == expected


@settings(max_examples=20, deadline=None)
@given(st.text('a1,;"\n \r', max_size=40).map(str.encode) | st.binary(max_size=40))
def test_any_bytes_are_a_table_or_a_clear_error(tmp_path_factory, data: bytes):
    path = tmp_path_factory.mktemp("bytes") / "t.csv"
    path.write_bytes(data)
    with contextlib.suppress(InvalidData):
        assert read_table(path).height > 0


def test_decimal_commas_are_read_where_no_comma_stands_between_the_fields(tmp_path: Path):
    frame = read(tmp_path, "a;b;c;d\n1,5;1,5;7;x,1\n-0,25;;8;y\n1;2,5;9;z\n")
    assert frame["a"].values.tolist() == [1.5, -0.25, 1.0]
    assert frame["b"].values[[0, 2]].tolist() == [1.5, 2.5]
    assert [each.kind for each in frame.columns] == ["number", "number", "number", "string"]
    assert frame.notes == tuple(f"{each}: its decimal commas are read as points" for each in "ab")
    assert read(tmp_path, 'a,b\n"1,5",2\n')["a"].values.tolist() == ["1,5"]
    assert read(tmp_path, "a;b\n0,50;1.234,5\n", strings=["a"])["a"].values.tolist() == ["0,50"]
    assert frame_kinds(read(tmp_path, "a;b\n1,5;1.234,5\n2.5;3,5\n")) == ["string", "string"]


def chunk(tmp_path: Path, text: str, **named):
    (tmp_path / "t.csv").write_text(text)
    (found,) = read_chunks(tmp_path / "t.csv", **named)
    return found


def test_one_wrong_cell_stands_out_among_decimal_commas_as_among_points(tmp_path: Path):
    commas = "a;b;c;d\n1,5;1,5;1,5;7\n?;?;?;?\n3;3;2.500;8\n"
    found = chunk(tmp_path, commas, numbers=["a", "c", "d"])
    assert frame_kinds(found) == ["string"] * 4
    assert found["a"].values.tolist() == ["1.5", "?", "3"]
    assert found["b"].values.tolist() == ["1,5", "?", "3"]
    assert found["c"].values.tolist() == ["1,5", "?", "2.500"]
    assert found["d"].values.tolist() == ["7", "?", "8"]
    points = chunk(tmp_path, "a,b\n1.5,x\n?,x\n3,x\n", numbers=["a"])
    assert points["a"].values.tolist() == found["a"].values.tolist()
    quoted = chunk(tmp_path, 'a,b\n"1,5",x\n?,x\n', numbers=["a"])
    assert quoted["a"].values.tolist() == ["1,5", "?"]
    whole = chunk(tmp_path, "a;b\n1,5;x\n;x\n", numbers=["a"], strings=["b"])
    assert [each.kind for each in whole.columns] == ["number", "string"]


def frame_kinds(frame):
    return [each.kind for each in frame.columns]
