"""What a forecast scores, and from which points in time."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plait.core.errors import InvalidData, UnknownName
from plait.evaluate.forecast import (
    FORECAST_METRICS,
    forecast_metric,
    mase,
    naive_scale,
    rolling_origins,
    smape,
)


def test_mase_is_the_error_in_usual_changes():
    history = np.array([1.0, 5.0, 2.0, 7.0])  # |2 - 1|, |7 - 5|
    assert naive_scale(history, 2) == 1.5
    inverse = np.full(2, 1 / 1.5)
    assert mase(np.array([3.0, 8.0]), np.array([4.0, 6.0]), inverse) == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("history", "scale"),
    [
        ([1.0, 2.0, 1.0, 2.0], 1.0),  # repeats its season: the change from step to step
        ([1.0, np.nan, 2.0, 4.0], 1.0),  # of what is there
        ([3.0], np.nan),
        ([3.0, 3.0, 3.0], np.nan),
    ],
)
def test_a_scale_needs_a_change(history, scale):
    np.testing.assert_equal(naive_scale(np.array(history), 2), scale)


def test_smape_is_between_0_and_200():
    one = np.ones(1)
    assert smape(np.array([1.0]), np.array([3.0]), one) == 100.0
    assert smape(np.array([1.0]), np.array([-1.0]), one) == 200.0
    assert smape(np.zeros(1), np.zeros(1), one) == 0.0


def test_metrics_are_found_by_name():
    assert forecast_metric("") is FORECAST_METRICS["mase"]
    assert not any(each.greater_is_better for each in FORECAST_METRICS.values())
    with pytest.raises(UnknownName, match="mase"):
        forecast_metric("masse")


@given(
    lengths=st.lists(st.integers(1, 60), min_size=1, max_size=6),
    horizon=st.integers(1, 6),
    least=st.integers(1, 10),
)
def test_no_split_learns_from_what_comes_later(lengths, horizon, least):
    if int(np.median(lengths)) < least + 2 * horizon:
        with pytest.raises(InvalidData, match="too short"):
            rolling_origins(lengths, horizon, least=least)
        return
    splits = rolling_origins(lengths, horizon, least=least)
    assert 2 <= len(splits) <= 5
    series = np.repeat(np.arange(len(lengths)), lengths)
    tested = np.concatenate([split.test for split in splits])
    assert len(set(tested.tolist())) == len(tested)
    for split in splits:
        for each in set(series[split.train].tolist()) | set(series[split.test].tolist()):
            train, test = (part[series[part] == each] for part in (split.train, split.test))
            assert len(train) >= least
            assert test.tolist() == list(range(train[-1] + 1, train[-1] + 1 + horizon))
