"""A history is sent, forecasts with intervals come back."""

import pytest

from plait.core.context import Context
from plait.core.errors import InvalidRequest
from plait.core.protocol import Sample
from plait.core.request import ForecastRequest
from plait.engines.anomaly_series import INPUT
from plait.engines.series import Part, SeriesSettings
from plait.flow.handle import inline
from plait.tasks.series.task import SeriesTask
from plait.train.anomaly_series import RobustLevel
from plait.train.forecast_base import export_series

SETTINGS = SeriesSettings(
    horizon=3,
    season=2,
    cycle=2,
    level=0.9,
    widths=(1.0, 2.0, 3.0),
    parts=(Part(method="seasonal_naive", season=2),),
)


@pytest.fixture(scope="module")
def task(tmp_path_factory):
    predictor = export_series(tmp_path_factory.mktemp("artefact"), "series", SETTINGS, {})
    return SeriesTask("load", predictor, decision="dec_1")


@pytest.fixture(scope="module")
def watching(tmp_path_factory):
    history = [float(at % 7) for at in range(200)]
    sample = Sample(
        input=INPUT,
        columns={"history": [history], "horizon": [1]},
        target=[],
        classes=(),
        problem="regression",
        seed=0,
    )
    folder = tmp_path_factory.mktemp("watching")
    return SeriesTask("watch", RobustLevel(folder, share=0.01, season=1).fit(sample))


def ask(task, history, context=None, **parts):
    request = ForecastRequest(contract="load", history=history, **parts)
    return inline(task.run(request, context or Context()))


def test_the_response_has_forecasts_and_says_who_answered(task):
    context = Context()
    response = ask(task, [1, 2, 3, 4], context)
    assert response.record() == {
        "id": context.trace.id,
        "contract": "load",
        "artefact": task.predictor.artefact.id,
        "decision": "dec_1",
        "forecasts": (3.0, 4.0, 3.0),
        "lower": (1.0, 0.0, -3.0),
        "upper": (5.0, 8.0, 9.0),
    }
    assert [span.name for span in context.trace.spans] == ["engine"]
    assert not task.quick


def test_as_many_steps_as_asked_for(task):
    assert ask(task, [1, 2, None, 4], horizon=1).forecasts == (3.0,)
    assert ask(task, [5.0], horizon=2).lower == (5.0, 5.0)  # no change is known of one number


@pytest.mark.parametrize(
    ("history", "parts", "code"),
    [
        ([], {}, "history_empty"),
        ([None], {}, "history_empty"),
        ([1, "2"], {}, "row_wrong_type"),
        ([float("inf")], {}, "row_not_finite"),
        ("12", {}, "request_shape"),
        ([1], {"horizon": 4}, "horizon_too_long"),
        ([1], {"horizon": 0}, "row_wrong_type"),
    ],
)
def test_what_cannot_be_forecast_is_refused(task, history, parts, code):
    with pytest.raises(InvalidRequest) as raised:
        ask(task, history, **parts)
    assert raised.value.code == code


def test_a_point_is_judged_only_after_enough_others(watching):
    early = ask(watching, [1, 2, 99])
    assert (early.prediction, early.score, early.lower, early.upper) == (False, None, None, None)
    late = ask(watching, [*(at % 7 for at in range(60)), 99])
    assert late.prediction
    assert late.score > 0.9
    assert late.upper < 99


def test_a_contract_that_watches_has_no_steps_to_ask_for(watching):
    with pytest.raises(InvalidRequest, match="looks one step ahead at most"):
        ask(watching, [1, 2], horizon=3)
