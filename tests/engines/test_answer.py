import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plait.core.errors import EngineError
from plait.engines.answer import answer_of, level_text, output_schema
from plait.engines.pipeline import Calibration, Interval, Pipeline


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
    for pipeline in (binary(), multiclass(), regression(), regression(1.0)):
        answer = answer_of(pipeline).row([0.0] * scores_of(pipeline))
        assert output_schema(pipeline).names == tuple(answer)


def scores_of(pipeline):
    return 3 if pipeline.problem == "multiclass" else 1


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
        st.builds(binary, slope=scores, offset=scores, threshold=st.none() | st.floats(0, 1)),
        st.builds(multiclass, slope=scores),
        st.builds(regression, st.none() | st.floats(0, 10)),
    ),
    table=st.lists(st.tuples(scores, scores, scores), min_size=1, max_size=5),
)
def test_a_row_is_answered_as_in_its_batch(pipeline, table):
    answer = answer_of(pipeline)
    width = scores_of(pipeline)
    batch = answer.batch(np.array(table)[:, :width])
    for at, raw in enumerate(table):
        alone = answer.row(raw[:width])
        assert {name: [column[at]] for name, column in batch.items()} == alone
        chances = [value for name, (value,) in alone.items() if name.startswith("probability")]
        assert not chances or sum(chances) == pytest.approx(1, abs=1e-15)
