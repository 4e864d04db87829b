"""What needs no torch, and what does: networks learn what series share, and NumPy runs them."""

import numpy as np
import pytest

from plait.core.errors import MissingExtra
from plait.engines.base import load
from plait.train.forecast_base import Steps
from plait.train.forecast_global import Rows
from plait.train.forecast_network import EVERY, MEMBERS, PATIENCE, GlobalNetwork, _Training
from plait.train.seeded import torch_of
from plait.train.series_plan import judge_series

RANDOM = np.random.Generator(np.random.PCG64(4))
MATRIX = RANDOM.normal(3, 2, (600, 5))
BENT = Rows(MATRIX, np.abs(MATRIX[:, 0] - 3) + 1, np.ones(600))
NOISE = Rows(MATRIX, RANDOM.normal(0, 1, 600), np.ones(600))


def test_without_torch_it_says_what_to_install(series_prepared, tmp_path, monkeypatch):
    def absent(name):
        raise ImportError(name)

    monkeypatch.setattr("plait.train.seeded.import_module", absent)
    sample = series_prepared.sample(np.arange(99), seed=1)
    with pytest.raises(MissingExtra, match="torch"):
        GlobalNetwork(tmp_path, steps=Steps(5, 7)).fit(sample)


@pytest.mark.long  # `make test-all` installs torch, which is gigabytes on some systems
def test_numpy_answers_as_torch_does():
    with torch_of(1) as torch:
        training = _Training(torch, BENT)
        training.run(60)
        for name, mean in training._mean.items():
            training._weights[name].data.copy_(mean)
        with torch.no_grad():
            answers = training._forward(training._rows.expand(MEMBERS, -1, -1)).mean(0).numpy()
    np.testing.assert_allclose(training.answering().raw(MATRIX), answers, atol=1e-4)


@pytest.mark.long  # `make test-all` installs torch, which is gigabytes on some systems
def test_it_learns_what_is_there_and_stops_where_there_is_nothing():
    with torch_of(1) as torch:
        training = _Training(torch, BENT)
        training.until(BENT)
        off = np.abs(training.best.raw(MATRIX) - BENT.target)
        assert off.mean() < 0.25 * np.abs(BENT.target - np.median(BENT.target)).mean()
        training = _Training(torch, NOISE)
        other = Rows(MATRIX, NOISE.target[::-1].copy(), NOISE.weight)
        assert training._steps - training.until(other) <= EVERY * PATIENCE


@pytest.mark.long  # `make test-all` installs torch, which is gigabytes on some systems
def test_a_shape_that_all_series_share_is_learnt(series_plan, series_prepared, tmp_path):
    split = series_plan.splits.each[-1]
    sample = series_prepared.sample(split.train, seed=1)
    predictor = GlobalNetwork(tmp_path, steps=Steps(5, 7)).fit(sample)
    assert load(tmp_path).predict(sample.columns) == predictor.predict(sample.columns)
    naive = judge_series(series_plan, series_plan.recipes["seasonal_naive"], split)
    truth = series_prepared.target[split.test].reshape(-1, 5)
    said = np.array(predictor.predict(sample.columns)["prediction"])
    scales = [np.abs(each[7:] - each[:-7]).mean() for each in sample.columns["history"]]
    mase = (np.abs(truth - said).mean(axis=1) / scales).mean()
    assert mase < 0.95 * naive.score
