"""What every candidate of rows that reads them must do."""

from dataclasses import replace

import numpy as np
import pytest

from plait.core.schema import Field, Schema
from plait.engines.base import load
from plait.evaluate.metric import METRICS, score
from plait.testing.engine import check_engine
from plait.train.base import candidate_names, recipes


def rows_of(sample, most=12):
    lists = {name: values.tolist() for name, values in sample.columns.items()}
    rows = [{name: values[at] for name, values in lists.items()} for at in range(most)]
    return [{k: None if v != v else v for k, v in row.items()} for row in rows]


def names():
    """Return every candidate of the table that reads the rows."""
    needs = {name: getattr(recipes.load(name), "needs", "") for name in candidate_names("tabular")}
    return [
        pytest.param(name, marks=[pytest.mark.long] if library else [])  # `make test-all` has it
        for name, library in needs.items()
        if name != "dummy"
    ]


@pytest.fixture(scope="module", params=names())
def candidate(request):
    """Makes a candidate of the table that reads the rows."""
    return recipes.load(request.param)


@pytest.fixture(scope="module", params=["binary", "multiclass", "regression"])
def fitted(request, candidate, samples, tmp_path_factory):
    folder = tmp_path_factory.mktemp(request.param)
    return samples[request.param], candidate(folder).fit(samples[request.param]), folder


def test_it_learns(fitted):
    sample, predictor, _ = fitted
    answer = predictor.predict(sample.columns)
    target = np.array(sample.target)
    if sample.problem == "regression":
        assert score(METRICS["r2"], target, answer["prediction"]) > 0.5
    else:
        names = [f"probability_{level}" for level in sample.classes]
        chances = np.column_stack([answer[name] for name in names])
        assert score(METRICS["roc_auc"], target.astype(int), chances) > 0.75


def test_its_artefact_keeps_the_promises_of_an_engine(fitted):
    sample, _, folder = fitted
    check_engine(load, folder, rows_of(sample))


def test_a_sentinel_is_answered_as_missing(fitted):
    sample, predictor, _ = fitted
    row = rows_of(sample, 1)[0]
    coded, missing = ({k: [v] for k, v in {**row, "debt": debt}.items()} for debt in (999.0, None))
    assert predictor.predict(coded) == predictor.predict(missing)


def test_an_unknown_level_is_answered(fitted):
    sample, predictor, _ = fitted
    row = rows_of(sample, 1)[0]
    assert predictor.predict({k: [v] for k, v in {**row, "area": "moon"}.items()})["prediction"]


def test_the_same_sample_gives_the_same_bytes(candidate, fitted, tmp_path):
    sample, predictor, _ = fitted
    assert candidate(tmp_path).fit(sample).artefact.id == predictor.artefact.id


def test_the_interval_holds_nine_of_ten_new_rows(candidate, samples, fresh, tmp_path):
    answer = candidate(tmp_path).fit(samples["regression"]).predict(fresh.columns)
    within = (fresh.target >= answer["lower"]) & (fresh.target <= answer["upper"])
    assert 0.85 <= within.mean() <= 0.95


def test_columns_that_say_nothing_in_the_sample_do_no_harm(candidate, samples, tmp_path):
    sample = samples["binary"]
    n = len(sample.target)
    odd = {
        "absent": np.full(n, np.nan),
        "constant": np.full(n, 0.1),
        "rare": np.array([f"level {i}" if i < 3 else None for i in range(n)], dtype=object),
    }
    fields = (
        Field(name="absent", kind="number", nullable=True),
        Field(name="constant", kind="number"),
        Field(name="rare", kind="category", nullable=True),
    )
    wider = replace(
        sample, columns={**sample.columns, **odd}, input=Schema(sample.input.fields + fields)
    )
    answer = candidate(tmp_path).fit(wider).predict(wider.columns)
    assert np.isfinite(answer["probability_yes"]).all()


def test_one_row_of_a_class_is_enough_to_fit(candidate, samples, tmp_path):
    sample = samples["binary"]
    rows = np.concatenate([np.flatnonzero(sample.target)[:30], [sample.target.index(0.0)]])
    few = replace(
        sample,
        columns={name: values[rows] for name, values in sample.columns.items()},
        target=[sample.target[row] for row in rows],
    )
    answer = candidate(tmp_path).fit(few).predict(few.columns)
    assert np.isfinite(answer["probability_yes"]).all()
