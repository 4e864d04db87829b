"""How a series from outside is read: `{"history": [numbers or null], "horizon": n}`."""

import math
from collections.abc import Mapping
from typing import Any

from plait.core.errors import InvalidRequest, shown, suggestion
from plait.core.ids import Json
from plait.core.request import ForecastRequest

_FIELDS = frozenset({"history", "horizon"})
_LARGEST = 1e300  # beyond, sums of squares overflow
HINT = 'send {"history": [12.5, 13, null, 14.1], "horizon": 3}'


def read_history(request: Mapping[str, Json], most: int) -> tuple[list[float], int]:
    """Return the numbers so far, oldest first and NaN for null, and the steps to forecast.

    Args:
        request: as sent; without a `horizon` as many steps are meant as there may be.
        most: steps that the artefact forecasts.

    Raises:
        InvalidRequest: `request_shape`, it is no object, or the history no list;
            `row_unknown_field`; `row_wrong_type`, a value that is no number, or a horizon that is
            no whole one; `row_not_finite`; `history_empty`, there is no number; `horizon_too_long`.
    """
    _check_fields(request)
    history = request.get("history")
    if not isinstance(history, list | tuple):
        raise _shape(f"the history is {shown(history)}, not a list of numbers", "history")
    values = [
        value if value.__class__ is float and -_LARGEST <= value <= _LARGEST else _number(value, at)
        for at, value in enumerate(history)
    ]
    if all(map(math.isnan, values)):
        raise InvalidRequest(
            "history_empty",
            "the history holds no number, and nothing can be forecast from nothing",
            where="history",
            hint=HINT,
        )
    return values, _horizon(request.get("horizon", most), most)


def forecast_request(contract: str, body: Mapping[str, Json]) -> ForecastRequest:
    """Return what a body asks of a series contract; its values are for `read_history` to check.

    Raises:
        InvalidRequest: `request_shape`, `row_unknown_field`.
    """
    _check_fields(body)
    history: Any = body.get("history")
    horizon: Any = body.get("horizon")
    return ForecastRequest(contract=contract, history=history, horizon=horizon)


def _check_fields(request: Mapping[str, Json]) -> None:
    if not isinstance(request, Mapping):
        raise _shape(f"the request is {shown(request)}, not an object", "")
    unknown = sorted(str(name) for name in request if name not in _FIELDS)
    if unknown:
        raise InvalidRequest(
            "row_unknown_field",
            f"unknown field {shown(unknown[0])}",
            where=unknown[0],
            hint=suggestion(unknown[0], _FIELDS),
        )


def _number(value: Json, at: int) -> float:
    """Return one value of a history, with every check."""
    if value is None or value != value:
        return math.nan
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InvalidRequest(
            "row_wrong_type",
            f"the history has {shown(value)}, not a number",
            where=f"history[{at}]",
            hint="send numbers, and null for what is missing",
        )
    if abs(value) > _LARGEST:
        raise InvalidRequest(
            "row_not_finite",
            f"the history has {shown(value)}, infinite or beyond {_LARGEST:.0e}",
            where=f"history[{at}]",
            hint="send a smaller number, or null for what is missing",
        )
    return float(value)


def _horizon(value: Json, most: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise InvalidRequest(
            "row_wrong_type",
            f"the horizon is {shown(value)}, not a whole number of steps from 1 on",
            where="horizon",
            hint=f"send 1 to {most}",
        )
    if value > most == 1:
        raise InvalidRequest(
            "horizon_too_long",
            f"the horizon is {shown(value)} steps, and the contract looks one step ahead at most",
            where="horizon",
            hint="leave it out, or train with a longer `horizon`",
        )
    if value > most:
        raise InvalidRequest(
            "horizon_too_long",
            f"the horizon is {shown(value)} steps, and the contract was trained for {most}",
            where="horizon",
            hint=f"send 1 to {most}, or train with a longer `horizon`",
        )
    return value


def _shape(message: str, where: str) -> InvalidRequest:
    return InvalidRequest("request_shape", message, where=where, hint=HINT)
