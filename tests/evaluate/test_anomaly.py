"""Metrics without labels order detectors as the truth would, and alarms come as often as asked."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plait.core.errors import InvalidData
from plait.evaluate.anomaly import (
    ANOMALY_METRICS,
    alarm_share,
    alarms,
    band_volume,
    clustering,
    excess_mass,
    fit_tail,
    mass_volume,
    run_length,
)

RANDOM = np.random.Generator(np.random.PCG64(3))


def test_a_tight_detector_beats_a_loose_one_and_that_one_none():
    inside = RANDOM.normal(size=(2_000, 2))
    room = RANDOM.uniform(-6, 6, size=(4_000, 2))
    tight = [np.hypot(*each.T) for each in (inside, room)]
    loose = [abs(each[:, 0]) for each in (inside, room)]
    none = [RANDOM.random(len(each)) for each in (inside, room)]
    volumes = [mass_volume(*each) for each in (tight, loose, none)]
    masses = [excess_mass(*each) for each in (tight, loose, none)]
    assert volumes == sorted(volumes)
    assert masses == sorted(masses, reverse=True)
    assert volumes[-1] == pytest.approx(np.linspace(0.9, 0.999, 34).mean(), abs=0.02)


def test_a_detector_that_says_nothing_calls_all_room_usual():
    assert mass_volume(np.zeros(50), np.zeros(70)) == 1.0


@given(st.lists(st.floats(-50, 50), min_size=3, max_size=40), st.floats(0.1, 9))
def test_only_the_order_of_scores_counts(scores, stretch):
    held, room = np.array(scores), np.array(scores[::-1]) + 0.25
    wide = [stretch * np.round(each, 6) + 1 for each in (held, room)]
    plain = [np.round(each, 6) for each in (held, room)]
    assert mass_volume(*wide) == mass_volume(*plain)
    assert 0 <= excess_mass(*plain) <= 1


def test_the_metrics_read_held_out_rows_and_the_room():
    usual, scores = np.array([1, 1, 0, 0]), np.array([0.1, 0.2, 0.5, 0.9])
    assert ANOMALY_METRICS["mass_volume"].function(usual, scores, np.ones(4)) == 0.0
    assert ANOMALY_METRICS["excess_mass"].function(usual, scores, np.ones(4)) == 1.0


def test_a_narrow_band_has_less_volume():
    raw = np.abs(RANDOM.normal(size=500))
    assert band_volume(raw, np.full(500, 1.0), 10.0) < band_volume(raw, np.full(500, 2.0), 10.0)


@pytest.mark.parametrize("draw", ["normal", "exponential", "standard_t", "uniform"])
@pytest.mark.parametrize("share", [0.05, 0.01, 0.002])
def test_as_many_alarms_come_as_were_asked_for(draw, share):
    random = np.random.Generator(np.random.PCG64(11))
    function = getattr(random, draw)
    first = [3] if draw == "standard_t" else []
    tail = fit_tail(function(*first, size=2_000))
    new = function(*first, size=200_000)
    found = (tail.share(new) <= share).mean()
    assert found <= 1.6 * share
    if draw != "uniform":  # the tail never ends, so of what does it says less often
        assert found >= 0.4 * share


@given(st.lists(st.sampled_from([0.0, 1.0, 2.5, 7.0]), min_size=2, max_size=60))
def test_scores_that_tie_are_no_trouble(scores):
    tail = fit_tail(np.array(scores))
    usual = tail.share([min(scores)])[0]
    assert usual == 1.0
    assert tail.share([max(scores) + 1.0])[0] <= tail.share([max(scores)])[0]


@pytest.mark.parametrize("scores", [[1.0], [1.0, np.nan], [1.0, np.inf]])
def test_what_says_nothing_is_refused(scores):
    with pytest.raises(InvalidData):
        fit_tail(np.array(scores))


def test_the_interval_of_the_alarm_share_holds_it():
    random = np.random.Generator(np.random.PCG64(2))
    extent = alarm_share(400, 0.05)
    held = 0
    for _ in range(400):
        limit = np.sort(random.random(400))[-20]
        held += extent.low <= 1 - limit <= extent.high
    assert held / 400 == pytest.approx(0.95, abs=0.035)


def test_run_length_is_exact_and_open_without_alarms():
    found = run_length(1_000, 10)
    assert (found.estimate, round(found.low), round(found.high)) == (100.0, 54, 209)
    none = run_length(1_000, 0)
    assert none.high == float("inf")
    assert none.low == pytest.approx(1_000 / 3.689, rel=1e-3)


def test_alarms_are_silenced_and_swarms_counted_once():
    assert alarms(np.array([3, 4, 9, 30]), 5) == [3, 9, 30]
    raw = np.zeros(1_000)
    raw[100:110] = raw[500:510] = 5.0
    assert clustering(raw, 20, share=0.02) == pytest.approx(0.1)
    assert clustering(np.zeros(50), 3) == 1.0
