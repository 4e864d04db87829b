import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plait.core.artefact import Manifest
from plait.core.errors import EngineError
from plait.engines.answer import output_schema
from plait.engines.base import json_bytes, load, write_artefact
from plait.engines.pipeline import PIPELINE, Pipeline
from plait.engines.rules import MODEL, Condition, Rule, RuleList
from plait.testing.engine import check_engine

NAN, INF = float("nan"), float("inf")
RULES = RuleList(
    n_features=4,
    rules=(
        Rule((Condition(1),), (2.0,)),
        Rule((Condition(0, 50.0, None), Condition(3, 0.5, 2.5)), (-1.0,)),
        Rule((Condition(0, None, 25.0),), (1.0,)),
    ),
    reaching=((0.25,), (0.0,), (0.5,), (0.75,)),
)
NUMBER = st.floats(-100, 100) | st.sampled_from([NAN, INF, -INF, 25.0, 50.0])


def write(codes, schema, folder, record):
    pipeline = Pipeline(problem="binary", classes=("no", "yes"), encode=codes["lightgbm"])
    manifest = Manifest(
        engine="rules",
        task="tabular",
        problem="binary",
        input=schema,
        output=output_schema(pipeline),
        origin="tests",
    )
    files = {PIPELINE: json_bytes(pipeline.record()), MODEL: json_bytes(record)}
    write_artefact(folder, manifest, files)


def test_the_first_rule_that_holds_answers():
    rows = np.array(
        [[60.0, NAN, 0, 1], [60, 1, 0, 1], [60, 1, 0, 3], [25, 1, 0, 1], [NAN, 1, 0, 1]]
    )
    assert RULES.raw(rows)[:, 0].tolist() == [2.0, -1.0, 0.75, 1.0, 0.75]


@given(st.lists(st.lists(NUMBER, min_size=4, max_size=4), min_size=1, max_size=8))
def test_a_row_scores_alike_alone_and_its_shares_add_up(rows):
    matrix = np.array(rows)
    raw = RULES.raw(matrix)
    assert raw.tolist() == [list(RULES.raw_row(row)) for row in rows]
    shares = RULES.contributions(matrix)
    assert (shares[:, :, -1] == 0.25).all()
    assert shares.sum(axis=2) == pytest.approx(raw)


def test_it_keeps_the_promises_of_an_engine(codes, schema, table, tmp_path):
    write(codes, schema, tmp_path, RULES.record())
    rows = [dict(zip(table, values, strict=True)) for values in zip(*table.values(), strict=True)]
    check_engine(load, tmp_path, rows[:40])


@pytest.mark.parametrize(
    "change",
    [
        {"rules": [{"conditions": [], "scores": [1.0]}], "reaching": [[0.0], [0.0]]},
        {"rules": [{"conditions": [{"position": 4}], "scores": [1.0]}], "reaching": [[0.0]] * 2},
        {"rules": [{"conditions": [{"position": 0}], "scores": [1.0, 2.0]}]},
        {"reaching": [[0.0]]},
        {"rules": [{"scores": [1.0]}]},
        {"rules": [{"conditions": [{"where": 0}], "scores": [1.0]}]},
        {"n_features": 3},
    ],
)
def test_an_unsound_list_is_refused(codes, schema, tmp_path, change):
    write(codes, schema, tmp_path, {**RULES.record(), **change})
    with pytest.raises(EngineError) as caught:
        load(tmp_path)
    assert caught.value.code == "artefact_damaged"
