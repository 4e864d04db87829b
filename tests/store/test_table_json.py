"""JSON lines as tables."""

import gzip
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plait.core.errors import InvalidData
from plait.store.frame import Frame
from plait.store.table_json import cell, records, survey
from plait.store.table_read import read_chunks, read_table
from plait.store.table_write import write_table


@pytest.fixture
def lines(tmp_path):
    """Write a file of JSON lines."""

    def write(text, name="a.jsonl"):
        path = tmp_path / name
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return path

    return write


def columns(frame):
    return {each.name: (each.kind, each.values.tolist()) for each in frame.columns}


def test_kinds_are_as_they_were_written(lines):
    frame = read_table(
        lines(
            '{"n": 1, "t": true, "s": "007", "d": "2024-01-31", "e": null}\n\n'
            '{"s": "NA", "n": 2.5e-7, "late": 3}\n'
            '{"n": null, "t": false, "s": " x", "d": null}'
        )
    )
    found = columns(frame)
    assert found["n"][0] == "number"
    assert found["n"][1][:2] == [1.0, 2.5e-7]
    assert found["t"] == ("boolean", [True, None, False])
    assert found["s"] == ("string", ["007", "NA", " x"])
    assert found["d"] == ("time", ["2024-01-31", None, None])
    assert found["late"][0] == "number"
    assert list(found) == ["n", "t", "s", "d", "e", "late"]


def test_a_column_of_strings_and_numbers_is_one_of_strings(lines):
    assert columns(read_table(lines('{"a": 1}\n{"a": "1"}\n{"a": true}\n'))) == {
        "a": ("string", ["1", "1", "true"])
    }


def test_whole_numbers_that_no_float_holds_stay_texts(lines):
    frame = read_table(lines('{"a": 12345678901234567}\n'))
    assert columns(frame) == {"a": ("string", ["12345678901234567"])}


def test_packed_and_in_chunks(lines):
    text = "".join(json.dumps({"a": at}) + "\n" for at in range(5))
    path = lines(gzip.compress(text.encode()), "a.ndjson.gz")
    assert [chunk["a"].values.tolist() for chunk in read_chunks(path, 2)] == [[0, 1], [2, 3], [4]]


@pytest.mark.parametrize(
    ("text", "code", "part"),
    [
        ("", "data_empty", "empty"),
        ("\n \n", "data_empty", "no line holds"),
        ("{}\n", "data_empty", "no line holds"),
        ('{"a": 1}\n[1]\n', "data_format", "a.jsonl:2: [1] is no object"),
        ('{"a": 1}\n\n{"a": NaN}\n', "data_format", "a.jsonl:3: not JSON"),
        ('{"a": 1', "data_format", "a.jsonl:1: not JSON"),
        ('{"a": {"b": 1}}', "data_format", "no plain value"),
        ('{"a": [1]}', "data_format", "no plain value"),
        (b'{"a": "\xe9"}', "data_format", "UTF-8"),
        ('{"a": 1}\n{"A": 1}', "data_duplicate_column", "differ only in case"),
        (b"PAR1", "data_format", "rename it to .parquet"),
    ],
)
def test_what_is_no_table(lines, text, code, part):
    with pytest.raises(InvalidData) as caught:
        read_table(lines(text))
    assert caught.value.code == code
    assert part in str(caught.value)


def test_files_of_unlike_formats_are_no_table(lines, tmp_path):
    lines('{"a": 1}')
    lines("a\n1\n", "a.csv")
    with pytest.raises(InvalidData, match="both CSV and JSON lines"):
        read_table(str(tmp_path / "a.*"))


@settings(max_examples=20)
@given(
    st.lists(
        st.fixed_dictionaries(
            {
                "n": st.none() | st.floats(-1e15, 1e15),
                "s": st.none() | st.text(st.characters(exclude_categories=["Cs"])),
                "t": st.none() | st.booleans(),
            }
        ),
        min_size=1,
    )
)
def test_what_is_written_is_read_again(tmp_path_factory, rows):
    table = {name: [row[name] for row in rows] for name in "nst"}
    path = tmp_path_factory.mktemp("again") / "a.jsonl"
    write_table(path, Frame.of(table))
    read = [dict(each) for each in records(path)]
    for name in "nst":
        assert [row[name] for row in read] == table[name]


def test_the_names_are_all_and_in_order(lines):
    assert survey([lines('{"b": 1}\n{"a": "x", "b": null}\n')]) == (["b", "a"], {"a"})


def test_a_cell_is_as_csv_has_it():
    assert [cell(each) for each in (None, "x", True, 1, 0.1, 1e300)] == [
        *(None, "x", "true", "1", "0.1", "1e+300")
    ]
