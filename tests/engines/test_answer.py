import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plait.core.errors import EngineError
from plait.engines.answer import (
    answer_of,
    calibrated_odds,
    group_key,
    level_text,
    output_schema,
    scores_of,
)
from plait.engines.pipeline import Calibration, Interval, LevelSet, Pipeline

KNOTS = ((-1.0, -2.0), (0.5, 0.25), (2.0, 1.0))
LEVELS = LevelSet(level=0.9, least=(0.6, 0.3), by="area", groups={"coast": (0.1, 0.9)})


def binary(*, classes=("no", "yes"), slope=1.0, offset=0.0, threshold=None):
    calibrate = Calibration(slope=slope, offset=offset)
    return Pipeline(
        problem="binary", classes=classes, encode=(), calibrate=calibrate, threshold=threshold
    )


def multiclass(*, classes=("a", "b", "c"), slope=1.0):
    calibrate = Calibration(slope=slope)
    return Pipeline(problem="multiclass", classes=classes, encode=(), calibrate=calibrate)


def regression(half_width=None):
    interval = None if half_width is None else Interval(level=0.9, half_width=half_width)
    return Pipeline(problem="regression", classes=(), encode=(), interval=interval)


def test_log_odds_become_probabilities():
    answer = answer_of(binary(slope=2.0, offset=-1.0)).row([0.5 + math.log(3) / 2])
    assert list(answer) == ["prediction", "probability_no", "probability_yes"]
    assert answer["probability_yes"] == [pytest.approx(0.75)]
    assert answer["probability_no"] == [pytest.approx(0.25)]
    assert answer["prediction"] == ["yes"]


@pytest.mark.parametrize(("threshold", "expected"), [(None, "yes"), (0.5, "yes"), (0.51, "no")])
def test_the_positive_class_is_predicted_from_the_threshold_on(threshold, expected):
    answer = answer_of(binary(threshold=threshold))
    assert answer.row([0.0])["prediction"] == [expected]
    assert list(answer.batch(np.zeros((2, 1)))["prediction"]) == [expected] * 2


def test_small_probabilities_keep_their_digits():
    answer = answer_of(binary()).row([50.0])
    assert answer["probability_no"] == [pytest.approx(math.exp(-50), rel=1e-12)]
    assert answer_of(binary()).row([-2000.0])["probability_no"] == [1.0]


def test_a_softmax_with_its_temperature():
    answer = answer_of(multiclass(slope=0.5)).row([0.0, 2 * math.log(2), 2 * math.log(5)])
    assert [answer[f"probability_{level}"][0] for level in "abc"] == pytest.approx(
        [1 / 8, 2 / 8, 5 / 8]
    )
    assert answer["prediction"] == ["c"]


def test_of_equal_classes_the_first_is_predicted():
    answer = answer_of(multiclass())
    assert answer.row([1.0, 2.0, 2.0])["prediction"] == ["b"]
    assert list(answer.batch(np.array([[1.0, 2.0, 2.0]]))["prediction"]) == ["b"]


def test_a_regression_with_its_interval():
    assert answer_of(regression()).row([3.0]) == {"prediction": [3.0]}
    answer = answer_of(regression(0.5))
    assert answer.row([3.0]) == {"prediction": [3.0], "lower": [2.5], "upper": [3.5]}


@pytest.mark.parametrize(
    ("classes", "texts", "kind"),
    [
        ((False, True), ["false", "true"], "boolean"),
        ((0, 1), ["0", "1"], "number"),
        ((1.0, 2.5), ["1", "2.5"], "number"),
        (("no", "1.0"), ["no", "1.0"], "category"),
        ((1.0, 1e300), ["1", "1e+300"], "number"),
    ],
)
def test_levels_keep_their_type(classes, texts, kind):
    pipeline = binary(classes=classes)
    answer = answer_of(pipeline)
    assert [level_text(level) for level in classes] == texts
    for level, score in zip(classes, (-1.0, 1.0), strict=True):
        (alone,) = answer.row([score])["prediction"]
        among = answer.batch(np.full((2, 1), score))["prediction"].tolist()
        assert [alone, *among] == [level] * 3
        assert type(alone) is type(among[0]) is type(level)
    fields = output_schema(pipeline).fields
    assert [field.name for field in fields[1:]] == [f"probability_{text}" for text in texts]
    assert fields[0].kind == kind


def test_the_output_schema_says_what_is_answered():
    sets = replace(binary(), set=LEVELS)
    for pipeline in (binary(), sets, multiclass(), regression(), regression(1.0), grouped(True)):
        answer = answer_of(pipeline).row([0.0] * scores_of(pipeline))
        assert output_schema(pipeline).names == tuple(answer)


def grouped(quantiles):
    own = {"coast": 2.0, "": -5.0}
    found = Interval(level=0.9, half_width=0.5, quantiles=quantiles, by="area", groups=own)
    return Pipeline(problem="regression", classes=(), encode=(), interval=found)


def test_a_group_has_its_own_half_width():
    answer = answer_of(grouped(False))
    assert answer.row([3.0], "coast") == {"prediction": [3.0], "lower": [1.0], "upper": [5.0]}
    assert answer.row([3.0], "moon")["upper"] == [3.5]
    assert list(answer.batch(np.full((2, 1), 3.0), ["coast", "town"])["upper"]) == [5.0, 3.5]


def test_quantiles_are_moved_outwards_and_hold_the_answer():
    answer = answer_of(grouped(True))
    assert answer.row([3.0, 2.0, 7.0]) == {"prediction": [3.0], "lower": [3.0], "upper": [3.0]}
    found = answer.row([3.0, 2.0, 7.0], "town")
    assert found == {"prediction": [3.0], "lower": [1.5], "upper": [7.5]}
    crossed = answer.row([3.0, 9.0, 1.0], "coast")
    assert crossed == {"prediction": [3.0], "lower": [3.0], "upper": [3.0]}


def test_a_curve_moves_the_log_odds():
    calibrate = Calibration(slope=2.0, offset=-1.0, knots=KNOTS)
    answer = answer_of(replace(binary(), calibrate=calibrate)).row([0.75])  # at the second knot
    assert answer["probability_yes"] == [pytest.approx(1 / (1 + math.exp(-0.25)))]


@given(
    contributions=st.lists(
        st.lists(st.floats(-5, 5), min_size=3, max_size=3), min_size=1, max_size=4
    ),
    base=st.floats(-3, 3),
)
def test_on_a_curve_the_shares_still_add_up(contributions, base):
    calibration = Calibration(slope=0.7, offset=0.2, knots=KNOTS)
    answer = answer_of(replace(binary(threshold=0.0), calibrate=calibration))
    parts = np.array(contributions)
    raw = base + parts.sum(axis=1)
    found = answer.shares(parts[:, None, :], raw[:, None])
    rise = calibrated_odds(raw, calibration) - calibrated_odds(np.full(len(raw), base), calibration)
    np.testing.assert_allclose(found.sum(axis=1), rise, atol=1e-6)


def test_offsets_move_the_classes_apart():
    calibrate = Calibration(offsets=(math.log(2), 0.0, math.log(5)))
    answer = answer_of(replace(multiclass(), calibrate=calibrate)).row([0.0, 0.0, 0.0])
    assert [answer[f"probability_{each}"][0] for each in "abc"] == pytest.approx(
        [0.25, 0.125, 0.625]
    )


def test_a_set_holds_what_is_likely_enough_and_the_likeliest():
    answer = answer_of(replace(binary(), set=LEVELS))
    found = [answer.row([raw], area) for raw in (0.0, -2.0, 2.0) for area in ("town", "coast")]
    sets = [(each["set_no"][0], each["set_yes"][0]) for each in found]
    assert sets == [(True, True)] * 2 + [(True, False)] * 2 + [(False, True), (True, True)]


def test_a_group_is_named_by_its_text():
    names = [group_key(each) for each in ("x", True, np.bool_(False), None, math.nan, 3.0)]
    assert names == ["x", "true", "false", "", "", "3"]


@pytest.mark.parametrize("score", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("pipeline", [binary(), multiclass(), regression(1.0)])
def test_a_score_that_is_not_finite(pipeline, score):
    answer = answer_of(pipeline)
    scores = [score, 0.0, 0.0][: scores_of(pipeline)]
    for ask in (answer.row, lambda raw: answer.batch(np.array([raw, raw]))):
        with pytest.raises(EngineError, match="not a finite number") as caught:
            ask(scores)
        assert caught.value.code == "engine_failed"


scores = st.floats(-1e3, 1e3)


@given(
    pipeline=st.one_of(
        st.just(replace(binary(), calibrate=Calibration(slope=0.7, knots=KNOTS), set=LEVELS)),
        st.just(
            replace(
                multiclass(),
                calibrate=Calibration(offsets=(0.5, -1.0, 0.1)),
                set=LevelSet(level=0.9, least=(0.2, 0.3, 0.4)),
            )
        ),
        st.builds(grouped, st.booleans()),
        st.builds(binary, slope=scores, offset=scores, threshold=st.none() | st.floats(0, 1)),
        st.builds(multiclass, slope=scores),
        st.builds(regression, st.none() | st.floats(0, 10)),
    ),
    table=st.lists(st.tuples(scores, scores, scores), min_size=1, max_size=5),
)
def test_a_row_is_answered_as_in_its_batch(pipeline, table):
    answer = answer_of(pipeline)
    width = scores_of(pipeline)
    areas = ["coast", "town", None, "coast", "moon"][: len(table)]
    batch = answer.batch(np.array(table)[:, :width], areas)
    for at, raw in enumerate(table):
        alone = answer.row(raw[:width], areas[at])
        assert {name: [column[at]] for name, column in batch.items()} == alone
        chances = [value for name, (value,) in alone.items() if name.startswith("probability")]
        assert not chances or sum(chances) == pytest.approx(1, abs=1e-15)
