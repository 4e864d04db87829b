"""What a global model reads depends on the shape of a series, not on its level or scale."""

import numpy as np
import pytest

from plait.engines.series_batch import batch_of
from plait.engines.series_lag import lags_of, recent_scale

RANDOM = np.random.Generator(np.random.PCG64(4))
SERIES = [100 + RANDOM.normal(0, 1, steps).cumsum() for steps in (90, 41, 3, 1)]


@pytest.mark.parametrize(("season", "cycle"), [(1, 1), (1, 13), (7, 7), (7, 28)])
def test_a_row_is_the_same_alone_and_beside_others(season, cycle):
    together = lags_of(batch_of(SERIES), season, cycle, 5)
    assert together.matrix.shape[0] == 5 * len(SERIES)
    for at, each in enumerate(SERIES):
        alone = lags_of(batch_of([each]), season, cycle, 5)
        np.testing.assert_allclose(alone.matrix, together.matrix[5 * at : 5 * at + 5], rtol=1e-9)


def test_level_and_scale_are_taken_out():
    one = lags_of(batch_of([SERIES[0]]), 7, 28, 5)
    other = lags_of(batch_of([SERIES[0] * 8 - 300]), 7, 28, 5)
    moved = [at for at in range(one.matrix.shape[1]) if at != one.matrix.shape[1] - 3]
    np.testing.assert_allclose(one.matrix[:, moved], other.matrix[:, moved], atol=1e-9)


def test_the_same_step_of_a_season_before_is_among_them():
    values = np.arange(50.0)
    lags = lags_of(batch_of([values]), 7, 7, 3)
    scale = recent_scale(batch_of([values]), 7)
    assert scale.tolist() == lags.scale.tolist() == [7.0]
    assert lags.base.tolist() == [[43.0, 44.0, 45.0]]
    two_back = (values[[36, 37, 38]] - lags.base[0]) / 7
    assert any(np.allclose(column, two_back) for column in lags.matrix.T)
    for beside in (-2, -1, 1, 2):
        assert any(np.allclose(column, beside / 7) for column in lags.matrix.T)


def test_a_horizon_longer_than_the_history_is_no_trouble():
    lags = lags_of(batch_of([[1.0, 2.0]]), 4, 8, 30)
    assert lags.matrix.shape[0] == 30
    assert not np.isinf(lags.matrix).any()


def test_a_series_within_one_season_has_the_scale_of_its_steps():
    assert recent_scale(batch_of([[1.0, 3.0, 2.0]]), 24)[0] == pytest.approx(1.5)
    assert recent_scale(batch_of([[4.0]]), 24)[0] == 0
