import numpy as np
import pytest

from plait.train.dummy import Dummy


@pytest.mark.parametrize("problem", ["binary", "multiclass"])
def test_it_answers_the_share_of_each_class(samples, tmp_path, problem):
    sample = samples[problem]
    answer = Dummy(tmp_path).fit(sample).predict(sample.columns)
    shares = np.bincount(np.array(sample.target, dtype=int)) / len(sample.target)
    names = [f"probability_{level}" for level in sample.classes]
    for name, share in zip(names, shares, strict=True):
        assert answer[name] == pytest.approx(np.full(len(sample.target), share))


def test_it_answers_the_mean_and_where_nine_of_ten_lie(samples, tmp_path):
    sample = samples["regression"]
    answer = Dummy(tmp_path).fit(sample).predict(sample.columns)
    assert answer["prediction"] == pytest.approx(np.mean(sample.target))
    within = (sample.target >= answer["lower"]) & (sample.target <= answer["upper"])
    assert 0.9 <= within.mean() < 0.95


def test_it_keeps_the_threshold_and_gives_no_reasons(samples, tmp_path):
    sample = samples["binary"]
    predictor = Dummy(tmp_path, threshold=0.01).fit(sample)
    answer = predictor.predict(sample.columns, reasons=3)
    assert set(answer["prediction"]) == {"yes"}
    assert answer["reasons"][0] == ()
