import numpy as np
import pytest

from plait.train.linear import Linear


@pytest.mark.parametrize("problem", ["binary", "multiclass", "regression"])
def test_an_unknown_level_is_answered_as_a_missing_one(samples, tmp_path, problem):
    sample = samples[problem]
    predictor = Linear(tmp_path).fit(sample)
    row = {name: [values.tolist()[0]] for name, values in sample.columns.items()}
    unknown, missing = ({**row, "area": [area]} for area in ("moon", None))
    assert predictor.predict(unknown) == predictor.predict(missing)


@pytest.mark.parametrize("problem", ["binary", "multiclass", "regression"])
def test_of_many_rows_one_fold_chooses_and_every_row_is_held_out(
    samples, tmp_path, monkeypatch, problem
):
    sample = samples[problem]
    monkeypatch.setattr("plait.train.linear.PENALTIES", (10.0,))
    few = Linear(tmp_path / "few")
    few.fit(sample)
    monkeypatch.setattr("plait.train.linear.MANY_ROWS", 10)
    many = Linear(tmp_path / "many")
    many.fit(sample)
    assert np.array_equal(many.held_out, few.held_out)
