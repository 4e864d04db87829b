import pytest

from plait.train.linear import Linear


@pytest.mark.parametrize("problem", ["binary", "multiclass", "regression"])
def test_an_unknown_level_is_answered_as_a_missing_one(samples, tmp_path, problem):
    sample = samples[problem]
    predictor = Linear(tmp_path).fit(sample)
    row = {name: [values.tolist()[0]] for name, values in sample.columns.items()}
    unknown, missing = ({**row, "area": [area]} for area in ("moon", None))
    assert predictor.predict(unknown) == predictor.predict(missing)
