import copy
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plait.core.errors import EngineError
from plait.core.response import Reason
from plait.core.schema import Field
from plait.engines.base import load, read_json
from plait.engines.pipeline import PIPELINE, Pipeline
from plait.engines.predictor import words_of
from plait.testing.engine import check_engine

numbers = st.floats(-100, 100) | st.integers(-100, 100)
missing = st.sampled_from([None, math.nan])
rows = st.fixed_dictionaries(
    {
        "age": numbers,
        "debt": numbers | missing | st.sampled_from([999, 666.0]),
        "married": st.booleans() | missing,
        "area": st.sampled_from(["coast", "town", "village"]) | missing | st.text(max_size=3),
    }
)


def columns_of(rows):
    return {name: [row[name] for row in rows] for name in rows[0]}


def scores_of(predictor, columns):
    """The calibrated log-odds that reasons explain, per row, towards the class predicted."""
    answer = predictor.predict(columns)
    if predictor.artefact.manifest.problem == "regression":
        return np.array(answer["prediction"])
    names = [name for name in answer if name != "prediction"]
    logs = np.log([answer[name] for name in names])
    levels = [name.removeprefix("probability_") for name in names]
    own = logs[[levels.index(str(level)) for level in answer["prediction"]], range(len(logs.T))]
    return own - logs.sum(axis=0) + own if len(names) == 2 else own - logs.mean(axis=0)


@settings(max_examples=40)
@given(table=st.lists(rows, min_size=2, max_size=6), most=st.integers(0, 5))
def test_a_row_is_answered_as_in_its_batch(predictor, table, most):
    batch = predictor.predict(columns_of(table), reasons=most)
    for at, row in enumerate(table):
        alone = predictor.predict(columns_of([row]), reasons=most)
        assert list(alone) == list(batch)
        assert {name: [column[at]] for name, column in batch.items()} == alone


@settings(max_examples=40)
@given(table=st.lists(rows, min_size=2, max_size=6))
def test_reasons_and_a_constant_add_up(predictor, table):
    columns = columns_of(table)
    answer = predictor.predict(columns, reasons=4)
    for score, level, reasons in zip(
        scores_of(predictor, columns), answer["prediction"], answer["reasons"], strict=True
    ):
        moved = math.fsum(reason.contribution for reason in reasons)
        assert score - moved == pytest.approx(base_of(predictor, level), abs=1e-9)


def base_of(predictor, level):
    """What the answer is made of before any field moves it."""
    pipeline = Pipeline.read(read_json(predictor.artefact.folder / PIPELINE))
    expected = predictor._model.contributions(np.zeros((1, pipeline.width))).ravel()
    expected = expected[pipeline.width :: pipeline.width + 1]
    match pipeline.problem:
        case "regression":
            return expected[0]
        case "binary":
            log_odds = pipeline.calibrate.slope * expected[0] + pipeline.calibrate.offset
            return log_odds if level == "yes" else -log_odds
        case _:
            own = expected[pipeline.classes.index(level)]
            return pipeline.calibrate.slope * (own - expected.mean())


def test_every_engine_keeps_its_promises(folder, table):
    rows = [{name: column[at] for name, column in table.items()} for at in range(20)]
    check_engine(load, folder, rows)


def test_reasons_quote_the_row(artefacts):
    predictor = load(artefacts["linear-binary"])
    columns = {
        "age": np.array([30.0, 40.0]),
        "debt": np.array([999.0, math.nan]),
        "married": np.array([True, False]),
        "area": np.array(["town", None], dtype=object),
    }
    answer = predictor.predict(columns, reasons=9)
    quoted = [{r.feature: r.value for r in reasons} for reasons in answer["reasons"]]
    assert quoted == [
        {"age": 30.0, "debt": 999.0, "married": True, "area": "town"},
        {"age": 40.0, "debt": None, "married": False, "area": None},
    ]
    for reasons in quoted:
        kinds = {type(value) for value in reasons.values()}
        assert kinds <= {float, bool, str, type(None)}


def test_reasons_come_largest_first(predictor, table):
    answer = predictor.predict(table, reasons=4)
    for reasons in answer["reasons"]:
        assert all(isinstance(reason, Reason) for reason in reasons)
        sizes = [abs(reason.contribution) for reason in reasons]
        assert sizes == sorted(sizes, reverse=True)
        assert 0.0 not in sizes
    first = predictor.predict(table, reasons=1)["reasons"]
    assert first == [reasons[:1] for reasons in answer["reasons"]]


def test_a_model_that_reads_nothing_gives_no_reasons(artefacts, table):
    answer = load(artefacts["linear-constant"]).predict(table, reasons=2)
    assert answer["reasons"] == [()] * len(table["age"])
    assert len(set(answer["probability_yes"].tolist())) == 1


DEBT = Field(name="debt", kind="number", label="debt ratio", unit="percent", sentinels=(999.0,))
AREA = Field(name="area", kind="category", levels=("town", "coast"))
OWNS = Field(name="owns", kind="boolean")


@pytest.mark.parametrize(
    ("field", "value", "usual", "words"),
    [
        (DEBT, 60.0, 27.25, "debt ratio: 60 %, above the 27.25 % usual of accepted rows"),
        (DEBT, 3, 27.25, "debt ratio: 3 %, below the 27.25 % usual of accepted rows"),
        (DEBT, 999.0, 27.25, "debt ratio: missing, and 27.25 % is usual of accepted rows"),
        (DEBT, 3, 3.0, "debt ratio: 3 %, as is usual of accepted rows"),
        (DEBT, 3, None, "debt ratio: 3 %, not the missing usual of accepted rows"),
        (AREA, "town", "coast", "area: town, not the coast usual of accepted rows"),
        (AREA, None, "coast", "area: missing, and coast is usual of accepted rows"),
        (OWNS, False, True, "owns: no, not the yes usual of accepted rows"),
    ],
)
def test_a_value_is_told_against_the_usual_one(field, value, usual, words):
    assert words_of(field, value, usual)[1] == words


def test_no_rows(predictor, table):
    answer = predictor.predict({name: [] for name in table}, reasons=2)
    assert {len(column) for column in answer.values()} == {0}


def test_the_input_is_left_as_it_was(predictor, table):
    before = copy.deepcopy(table)
    predictor.predict(table, reasons=1)
    predictor.predict({name: column[:1] for name, column in table.items()}, reasons=1)
    assert table == before


@pytest.mark.parametrize("rows", [1, 3])
def test_columns_that_do_not_fit(artefacts, table, rows):
    predictor = load(artefacts["lightgbm-binary"])
    columns = {name: column[:rows] for name, column in table.items()}
    for broken, message in (
        ({name: column for name, column in columns.items() if name != "debt"}, "'debt'"),
        ({**columns, "age": columns["age"] * 2}, "unequal length"),
        ({**columns, "age": ["old"] * rows}, "'age' cannot be encoded"),
    ):
        with pytest.raises(EngineError, match=message) as caught:
            predictor.predict(broken)
        assert caught.value.code == "engine_failed"


def test_a_score_beyond_numbers(artefacts, table):
    predictor = load(artefacts["linear-binary"])
    for rows in (1, 3):
        columns = {name: column[:rows] for name, column in table.items()}
        with pytest.raises(EngineError, match="not a finite number"):
            predictor.predict({**columns, "age": [math.inf] * rows})
