import numpy as np
import pytest

from plait.engines.base import load
from plait.testing.engine import check_engine
from plait.train.majority import Majority


@pytest.mark.parametrize("problem", ["binary", "multiclass"])
def test_it_answers_the_share_of_each_level(text_samples, tmp_path, problem):
    sample = text_samples[problem]
    predictor = Majority(tmp_path).fit(sample)
    answer = predictor.predict(sample.columns, reasons=3)
    shares = np.bincount(np.array(sample.target, dtype=int)) / len(sample.target)
    for level, share in zip(sample.classes, shares, strict=True):
        assert answer[f"probability_{level}"] == pytest.approx(np.full(len(sample.target), share))
    assert answer["reasons"][0] == ()
    check_engine(load, tmp_path, [{"said": "card"}, {"said": ""}])


def test_it_abstains_from_all_or_none(text_samples, tmp_path):
    sample = text_samples["multiclass"]
    for abstain, said in ((0.2, "card"), (0.5, None)):
        answer = (
            Majority(tmp_path / str(abstain), abstain=abstain)
            .fit(sample)
            .predict({"said": ["loan"]})
        )
        assert answer["prediction"] == [said]
