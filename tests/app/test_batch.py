"""Frames and files in, the same with answers out."""

import tempfile
import time
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from plait.app import batch
from plait.app.batch import free_names, predict_file
from plait.core.errors import InvalidData
from plait.core.schema import Field, Schema
from plait.store.frame import Frame
from plait.store.table_read import read_table
from plait.store.table_write import write_table
from plait.tasks.tabular.task import TabularTask

ROWS = [
    {"income": 61_000, "debt": 20.5, "employed": True, "region": "north"},
    {"income": 20_000, "debt": None, "employed": False, "region": None},
    {"income": 90_000, "debt": 999.0, "employed": True, "region": "west"},
]


@pytest.fixture
def loans():
    """Three applications under an index of their own, with a column nobody asked for."""
    frame = pd.DataFrame(ROWS, index=[7, 3, 5])
    return frame.assign(name=["ann", "bob", "cy"])


def answers(app):
    return [(p.value, p.probabilities["yes"]) for p in app.predict("loan", ROWS).predictions]


def test_a_frame_keeps_its_index_and_columns_and_gets_the_rows_answers(answering, loans):
    before = loans.copy()
    found = answering.predict("loan", loans)
    assert list(found.columns) == [
        *("income", "debt", "employed", "region", "name"),
        *("prediction", "probability_no", "probability_yes"),
    ]
    assert list(found.index) == [7, 3, 5]
    assert list(zip(found.prediction, found.probability_yes, strict=True)) == answers(answering)
    pd.testing.assert_frame_equal(loans, before)


@pytest.mark.parametrize(
    "types",
    [
        {"debt": object, "employed": object, "region": object},
        {"income": "Int64", "debt": "Float64", "employed": "boolean", "region": "string"},
        {"region": "category", "income": "float32"},
        {"income": str},
    ],
)
def test_whatever_types_a_frame_has_the_answers_are_the_same(answering, loans, types):
    found = answering.predict("loan", loans.astype(types))
    for share, (_, expected) in zip(found.probability_yes, answers(answering), strict=True):
        assert share == pytest.approx(expected)


def test_a_frame_of_no_rows_gets_the_columns(answering, loans):
    found = answering.predict("loan", loans.head(0))
    assert list(found.columns)[-3:] == ["prediction", "probability_no", "probability_yes"]
    assert len(found) == 0


def test_reasons_are_a_column(answering, loans):
    reasons = answering.predict("loan", loans, reasons=2).reasons
    alone = answering.predict("loan", ROWS, reasons=2).predictions
    assert [each for each in reasons] == [each.reasons for each in alone]


def test_labels_may_be_numbers(answering, loans):
    found = answering.predict("loan", loans.assign(x=1).rename(columns={"x": 0}))
    assert 0 in found.columns


def test_a_column_that_bears_an_answers_name_is_kept(answering, loans):
    found = answering.predict("loan", loans.assign(prediction="old", probability_yes=0.5))
    assert list(found.input_prediction) == ["old"] * 3
    assert list(found.input_probability_yes) == [0.5] * 3
    assert set(found.prediction) <= {"yes", "no"}


@pytest.mark.parametrize(
    ("change", "code", "part"),
    [
        (lambda f: f.drop(columns="debt"), "data_column_missing", "no column 'debt'"),
        (lambda f: f.rename(columns={"debt": "dept"}), "data_column_missing", "mean 'dept'?"),
        (lambda f: f.assign(income=[1, None, 3]), "data_format", "row 2: 'income' is missing"),
        (lambda f: f.assign(income=[1, 2, np.inf]), "data_format", "row 3: 'income' is infinite"),
        (lambda f: f.assign(income=[1, "x", 3]), "data_format", "row 2: 'income' is text"),
        (lambda f: f.assign(employed=[1, 0, 2]), "data_format", "row 3: 'employed' is neither"),
        (lambda f: pd.concat([f, f.debt], axis=1), "data_duplicate_column", "named 'debt'"),
    ],
)
def test_a_frame_that_does_not_fit(answering, loans, change, code, part):
    with pytest.raises(InvalidData) as caught:
        answering.predict("loan", change(loans))
    assert caught.value.code == code
    assert part in str(caught.value)


def test_a_frame_of_another_library_is_told_what_to_do(answering):
    class Other:
        columns = ()

    with pytest.raises(InvalidData, match="to_pandas"):
        answering.predict("loan", Other())


def test_a_file_is_answered_in_chunks_and_the_row_to_blame_is_counted_through(
    answering, tmp_path, monkeypatch
):
    monkeypatch.setattr(batch, "CHUNK_ROWS", 2)
    lines = [f"{income},1,true,north\n" for income in range(10_000, 60_000, 10_000)]
    source, target = tmp_path / "in.csv", tmp_path / "out.csv"
    source.write_text("income,debt,employed,region\n" + "".join(lines))
    told = []
    task = answering.live.task("loan")
    assert predict_file(task, source, target, told.append) == 5
    assert told == [2, 4, 5]
    found = read_table(target)
    rows = [
        {"income": i, "debt": 1, "employed": True, "region": "north"}
        for i in range(10_000, 60_000, 10_000)
    ]
    alone = answering.predict("loan", rows).predictions
    assert found["probability_yes"].values.tolist() == [p.probabilities["yes"] for p in alone]
    source.write_text(source.read_text().replace("40000", "forty"))
    with pytest.raises(InvalidData, match=r"row 4: 'income' is text, not a number \('forty'\)"):
        predict_file(task, source, target)


def test_among_decimal_commas_the_wrong_cell_alone_is_to_blame(answering, tmp_path, monkeypatch):
    monkeypatch.setattr(batch, "CHUNK_ROWS", 2)
    lines = [f"{income},5;1,5;true;north\n" for income in range(10_000, 60_000, 10_000)]
    source, target = tmp_path / "in.csv", tmp_path / "out.csv"
    source.write_text("income;debt;employed;region\n" + "".join(lines).replace("40000,5", "forty"))
    with pytest.raises(InvalidData) as caught:
        predict_file(answering.live.task("loan"), source, target)
    assert caught.value.where == f"{source}, row 4"
    assert caught.value.message == "'income' is text, not a number ('forty')"


@pytest.mark.parametrize("source", ["csv", "jsonl", "parquet"])
@pytest.mark.parametrize("target", ["csv", "tsv", "jsonl", "parquet"])
def test_each_format_is_read_and_written(answering, tmp_path, source, target):
    frame = Frame.of({name: [row[name] for row in ROWS] for name in ROWS[0]})
    path = tmp_path / f"in.{source}"
    write_table(path, frame)
    assert predict_file(answering.live.task("loan"), path, tmp_path / f"out.{target}") == 3
    found = read_table(tmp_path / f"out.{target}")
    assert found.names == (*ROWS[0], "prediction", "probability_no", "probability_yes")
    assert found["probability_yes"].values.tolist() == [share for _, share in answers(answering)]
    assert found["region"].values.tolist() == ["north", None, "west"]


def test_chunks_stay_in_order_however_long_each_takes(answering, tmp_path, monkeypatch):
    monkeypatch.setattr(batch, "CHUNK_ROWS", 1)
    task = answering.live.task("loan")

    def slow(columns):
        time.sleep(0.02 * (columns["income"][0] % 2))
        return task.predictor.predict(columns)

    dawdling = SimpleNamespace(artefact=task.predictor.artefact, predict=slow)
    source = tmp_path / "in.csv"
    lines = [f"{income},1,true,north\n" for income in range(1001, 1011)]
    source.write_text("income,debt,employed,region\n" + "".join(lines))
    predict_file(TabularTask("loan", dawdling), source, tmp_path / "out.csv")
    assert read_table(tmp_path / "out.csv")["income"].values.tolist() == list(range(1001, 1011))


@pytest.mark.parametrize("moment", ["answering", "writing", "finishing"])
def test_ctrl_c_leaves_nothing_behind(answering, tmp_path, monkeypatch, moment):
    def stop(*_, **__):
        raise KeyboardInterrupt

    scratch, kept = tmp_path / "scratch", tmp_path / "kept"
    scratch.mkdir()
    kept.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(scratch))
    source = tmp_path / "in.csv"
    source.write_text("income,debt,employed,region\n" + "1000,1,true,north\n" * 9)
    task = answering.live.task("loan")
    watch = None
    if moment == "answering":
        task = TabularTask("loan", SimpleNamespace(artefact=task.predictor.artefact, predict=stop))
    elif moment == "writing":
        watch = stop
    else:
        monkeypatch.setattr("plait.store.table_write.os.replace", stop)
    target = kept / "out.csv"
    with pytest.raises(KeyboardInterrupt):
        predict_file(task, source, target, watch)
    assert list(kept.iterdir()) == list(scratch.iterdir()) == []


def test_names_that_differ_in_case_are_one():
    assert free_names(["Prediction", "x"], ["prediction"]) == {"Prediction": "input_Prediction"}
    taken = ["prediction", "input_prediction", "INPUT_INPUT_PREDICTION"]
    assert free_names(taken, ["prediction"]) == {"prediction": "input_input_input_prediction"}
    assert free_names(["a"], ["b"]) == {}


def test_classes_that_differ_in_case_have_no_columns_in_a_file(answering, tmp_path):
    task = answering.live.task("loan")
    manifest = task.predictor.artefact.manifest
    names = ("probability_A", "probability_a")
    output = Schema(tuple(Field(name=name, kind="number") for name in names))
    artefact = replace(task.predictor.artefact, manifest=replace(manifest, output=output))
    task = TabularTask("grade", SimpleNamespace(artefact=artefact))
    with pytest.raises(InvalidData, match="answers of grade: columns 'probability_A' and"):
        predict_file(task, tmp_path / "in.csv", tmp_path / "out.csv")


def test_every_cell_that_does_not_fit_is_counted_and_nothing_is_written(
    answering, tmp_path, monkeypatch
):
    monkeypatch.setattr(batch, "CHUNK_ROWS", 2)
    incomes = ["1000", "2000", "much", "4000", "", "more"]
    truths = ["true", "true", "true", "maybe", "true", "true"]
    rows = [f"{income},1,{truth},north\n" for income, truth in zip(incomes, truths, strict=True)]
    source, target = tmp_path / "in.csv", tmp_path / "out.csv"
    source.write_text("income,debt,employed,region\n" + "".join(rows))
    with pytest.raises(InvalidData) as caught:
        predict_file(answering.live.task("loan"), source, target)
    assert caught.value.where == f"{source}, row 3"
    assert caught.value.message == (
        "'income' is text, not a number ('much'); 3 more cells fit as little (cells by column: "
        "'income' 3, 'employed' 1)"
    )
    assert not target.exists()
