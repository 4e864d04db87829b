from pathlib import Path

import duckdb
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plait.core.errors import InvalidData
from plait.store.frame import Frame
from plait.store.table_read import read_table
from plait.store.table_write import TableWriter, parquet_bytes, write_table

COLUMNS = {
    "whole": [1, None, 3],
    "share": [0.1, 1e-300, None],
    "flag": [True, None, False],
    "name": ['say "a, b"', None, "two\nlines"],
    "day": ["2024-01-05", None, "2024-01-06"],
    'odd "name"': ["x", "y", "z"],
}


def same(one: Frame, other: Frame) -> None:
    assert one.names == other.names
    for column in one.columns:
        back = other[column.name]
        assert (back.kind, back.integer) == (column.kind, column.integer)
        assert repr(back.values.tolist()) == repr(column.values.tolist())


@pytest.mark.parametrize("name", ["t.csv", "t.tsv", "t.parquet", "T.CSV"])
def test_a_table_comes_back_as_it_was(tmp_path: Path, name: str):
    frame = Frame.of(COLUMNS)
    write_table(tmp_path / name, frame)
    same(frame, read_table(tmp_path / name))
    assert [each.name for each in tmp_path.iterdir()] == [name]


def test_whole_numbers_are_written_without_fractions(tmp_path: Path):
    write_table(tmp_path / "t.csv", Frame.of({"a": [1, None], "b": [1.5, 2], "c": [True, None]}))
    assert (tmp_path / "t.csv").read_text() == "a,b,c\n1,1.5,true\n,2.0,\n"


@pytest.mark.parametrize("name", ["t.csv", "t.parquet"])
def test_chunks_make_one_table(tmp_path: Path, name: str):
    with TableWriter(tmp_path / name) as writer:
        for at in range(5):
            values = np.arange(at * 1000.0, at * 1000 + 1000)
            texts = [None if at == 0 else f"{value:g}x" for value in values]
            frame = Frame.of({"x": values / (2 if at == 3 else 1), "s": [*texts[:-1], "end"]})
            writer.write(frame)
    back = read_table(tmp_path / name)
    assert back.height == 5000
    assert back["x"].values[[0, 999, 3000, 4999]].tolist() == [0.0, 999.0, 1500.0, 4999.0]
    assert back["s"].values[999] == "end"


def test_a_failure_leaves_no_file(tmp_path: Path):
    (tmp_path / "t.csv").write_text("before")

    def fail() -> None:
        with TableWriter(tmp_path / "t.csv") as writer:
            writer.write(Frame.of({"a": [1]}))
            raise RuntimeError("the model has failed")

    with pytest.raises(RuntimeError):
        fail()
    assert (tmp_path / "t.csv").read_text() == "before"
    assert len(list(tmp_path.iterdir())) == 1


def test_where_it_cannot_write(tmp_path: Path):
    with pytest.raises(InvalidData, match=r"\.parquet") as caught:
        write_table(tmp_path / "t.xlsx", Frame.of({"a": [1]}))
    assert caught.value.code == "data_format"
    with pytest.raises(InvalidData) as caught:
        write_table(tmp_path / "nowhere" / "t.csv", Frame.of({"a": [1]}))
    assert caught.value.code == "data_unwritable"
    assert "\n" not in str(caught.value)


def test_parquet_is_compressed_and_the_same_every_time(tmp_path: Path):
    frame = Frame.of({**COLUMNS, "x": [0.5, float("inf"), -0.0]})
    assert parquet_bytes(frame) == parquet_bytes(
        Frame.of({**COLUMNS, "x": [0.5, float("inf"), -0.0]})
    )
    (tmp_path / "t.parquet").write_bytes(parquet_bytes(frame))
    same(frame, read_table(tmp_path / "t.parquet"))
    codecs = duckdb.sql(
        f"SELECT DISTINCT compression FROM parquet_metadata('{tmp_path / 't.parquet'}')"
    )
    assert codecs.fetchall() == [("ZSTD",)]


@settings(max_examples=15, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.none() | st.floats(allow_nan=False),
            st.none() | st.booleans(),
            st.none() | st.text(st.characters(exclude_categories=["Cs"])),
        ),
        min_size=1,
        max_size=20,
    )
)
def test_any_table_survives_parquet(tmp_path_factory, rows):
    frame = Frame.of(dict(zip("xbs", zip(*rows, strict=True), strict=True)))
    path = tmp_path_factory.mktemp("parquet") / "t.parquet"
    path.write_bytes(parquet_bytes(frame))
    same(frame, read_table(path))
