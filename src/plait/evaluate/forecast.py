"""What number a forecast gets, and from which points in time it is judged.

The definitions are those of the M4 competition (Makridakis, Spiliotis and Assimakopoulos 2020, The
M4 Competition, International Journal of Forecasting 36:54-74).
"""

from collections.abc import Sequence

import numpy as np

from plait.core.errors import InvalidData, UnknownName
from plait.evaluate.bin import Floats
from plait.evaluate.metric import METRICS, Metric, Truth
from plait.evaluate.split import Split, Splits

MOST_ORIGINS = 5
"""From so many points in time, at most, is a race judged."""


def naive_scale(history: Floats, season: int) -> float:
    """Return the mean |y[t] - y[t - season]| of a history, by which MASE divides.

    NaN is missing. Of a series that repeats its seasons exactly, or is no season long, it is the
    mean change from step to step; NaN of a constant one, which has no scale.
    """
    for steps in (season, 1):
        changes = np.abs(history[steps:] - history[:-steps])
        changes = changes[~np.isnan(changes)]
        if changes.size and changes.mean() > 0:
            return float(changes.mean())
    return float("nan")


def mase(truth: Truth, forecast: Floats, inverse_scale: Floats) -> float:
    """Return the mean absolute scaled error.

    Hyndman and Koehler (2006), Another look at measures of forecast accuracy, International Journal
    of Forecasting 22:679-688. Below 1, a forecast of many steps is nearer than the seasonal naive
    one of a single step was in the history.

    Args:
        truth: (n,) what came.
        forecast: (n,) what was said.
        inverse_scale: (n,) 1 / `naive_scale` of each one's history.
    """
    return float(np.mean(np.abs(truth - forecast) * inverse_scale))


def smape(truth: Truth, forecast: Floats, _inverse_scale: Floats) -> float:
    """Return the symmetric mean absolute percentage error, 0 to 200; 0 / 0 counts as 0."""
    size = np.abs(truth) + np.abs(forecast)
    return float(np.mean(200 * np.abs(truth - forecast) / np.where(size > 0, size, 1.0)))


def _mae(truth: Truth, forecast: Floats, _inverse_scale: Floats) -> float:
    return float(np.mean(np.abs(truth - forecast)))


FORECAST_METRICS = {
    "mase": Metric("mase", frozenset({"regression"}), False, mase, highest=np.inf),
    "smape": Metric("smape", frozenset({"regression"}), False, smape, highest=200.0),
    "mae": Metric("mae", METRICS["mae"].problems, False, _mae, highest=np.inf),
}
"""Every metric of forecasts by name; the weight of a function is an inverse scale."""


def forecast_metric(name: str, *, where: str = "") -> Metric:
    """Return the metric `name` of forecasts; "" is mase.

    Raises:
        UnknownName: `unknown_metric`.
    """
    if name and name not in FORECAST_METRICS:
        raise UnknownName.of("unknown_metric", "series metric", name, FORECAST_METRICS, where)
    return FORECAST_METRICS[name or "mase"]


def rolling_origins(lengths: Sequence[int], horizon: int, *, least: int) -> Splits:
    """Return splits that train on all before a point in time, and test on the steps after it.

    The last of at most five points leaves `horizon` steps to test on, and each before it as many
    more, so that no step is tested twice. A series takes part in a split if it has at least
    `least` steps before the point. Tashman (2000), Out-of-sample tests of forecasting accuracy,
    International Journal of Forecasting 16:437-450.

    Args:
        lengths: of each series; the rows of the splits count one series after the other.
        horizon: steps tested.
        least: steps to train on.

    Raises:
        InvalidData: `data_too_small`, when half of the series do not take part twice.
    """
    enough = (int(np.median(lengths)) - least) // horizon
    if enough < 2:
        raise InvalidData(
            "data_too_small",
            f"series of {int(np.median(lengths)):,} steps are too short to judge forecasts of "
            f"{horizon}",
            where="horizon",
            hint=f"give series of at least {2 * horizon + least} steps, or a shorter `horizon`",
        )
    bounds = np.concatenate([[0], np.cumsum(lengths)])
    folds = min(MOST_ORIGINS, enough)
    each = []
    for back in range(folds, 0, -1):
        train, test = [], []
        for first, length in zip(bounds, lengths, strict=False):
            cut = length - back * horizon
            if cut >= least:
                train.append(np.arange(first, first + cut))
                test.append(np.arange(first + cut, first + cut + horizon))
        each.append(Split(np.concatenate(train), np.concatenate(test)))
    return Splits("time_ordered", folds, 1, 0, tuple(each))
