"""Artefacts that forecast a series: its history in, forecasts with intervals out.

`series.json` holds the method's settings, and per step ahead how far a forecast may be off, in
units of the usual seasonal change of the series. What there is to fit of a series by itself is
fitted to the history that is sent.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Protocol

import numpy as np

from plait.core.artefact import Artefact
from plait.core.columns import Columns, height
from plait.core.errors import EngineError
from plait.core.ids import Json
from plait.engines.base import damaged, read_json, reading
from plait.engines.series_batch import Batch, Floats, batch_of
from plait.engines.series_lag import recent_scale, sizes
from plait.engines.series_method import METHODS

SERIES = "series.json"

MOST_HISTORY = 5_000
"""Of a longer history only so many of the last steps are read."""

_LARGEST = 1e300  # beyond, sums of squares overflow


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One method of a forecast.

    Attributes:
        method: a name of `plait.engines.series_method.METHODS`.
        season: steps of the season it looks for.
        weight: what it counts for.
    """

    method: str
    season: int
    weight: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesSettings:
    """What is in `series.json`.

    Attributes:
        horizon: steps ahead it forecasts at most.
        season: steps of one season of the contract; 1 for none.
        cycle: steps of a longer cycle; `season` for none.
        level: of the intervals, such as 0.9.
        widths: per step ahead, half of an interval in units of the series' usual change.
        parts: the methods whose weighted sum is the forecast; empty of a global model.
        spread: how far numbers of a series usually are from their mean, as a share of their size;
            times the size it stands in for the usual change of a history that is one number, or
            never changed.
        change: the usual change of a series; it stands in where that is 0, as of zeros alone.
    """

    horizon: int
    season: int
    cycle: int
    level: float
    widths: tuple[float, ...] = ()
    parts: tuple[Part, ...] = ()
    spread: float = 0.0
    change: float = 0.0

    def record(self) -> dict[str, Json]:
        """Return the settings ready for JSON."""
        return asdict(self)

    @classmethod
    def read(cls, record: Mapping[str, Json]) -> "SeriesSettings":
        """Return the settings that `record()` wrote.

        Raises:
            KeyError, TypeError, ValueError: a part is missing, unknown or out of range.
        """
        parts: dict[str, Any] = dict(record)
        parts["widths"] = tuple(float(each) for each in parts["widths"])
        parts["parts"] = tuple(Part(**each) for each in parts["parts"])
        found = cls(**parts)
        whole = (found.horizon, found.season, found.cycle, *(each.season for each in found.parts))
        if any(not isinstance(each, int) or each < 1 for each in whole):
            raise ValueError("a horizon or a season is no whole number from 1 on")
        usual = all(each >= 0 for each in (found.spread, found.change))
        if len(found.widths) != found.horizon or not 0 < found.level < 1 or not usual:
            raise ValueError("its intervals are not those of its horizon")
        for each in found.parts:
            METHODS[each.method]
        return found


class Forecaster(Protocol):
    """Forecasts series; safe to share between threads."""

    def forecast(self, batch: Batch) -> Floats:
        """Return (n, horizon) forecasts of n series."""
        ...


class Methods:
    """The weighted sum of methods that need no model."""

    def __init__(self, settings: SeriesSettings) -> None:
        self._settings = settings

    def forecast(self, batch: Batch) -> Floats:
        """Return (n, horizon) forecasts of n series."""
        horizon = self._settings.horizon
        found = np.zeros((len(batch), horizon))
        for each in self._settings.parts:
            found += each.weight * METHODS[each.method](batch, each.season, horizon)
        return found


class SeriesPredictor:
    """Forecasts series by one artefact; safe to share between threads.

    Attributes:
        artefact: what it runs.
        settings: of the artefact.
    """

    def __init__(
        self, artefact: Artefact, settings: SeriesSettings, forecaster: Forecaster
    ) -> None:
        self.artefact = artefact
        self.settings = settings
        self._forecaster = forecaster

    def predict(self, columns: Columns, *, reasons: int = 0) -> Columns:
        """Forecast n series.

        Args:
            columns: `history`, n lists of numbers with NaN for missing, each with one number at
                least; `horizon`, n numbers of steps from 1 to that of the settings.
            reasons: there are none to give.

        Returns:
            `prediction`, `lower` and `upper`, n lists of `horizon` numbers each.

        Raises:
            EngineError: `engine_failed`, when a column is absent, a history has no number, a
                horizon is too long, or a forecast is not finite.
        """
        del reasons
        histories, horizons = self._read(columns)
        batch = batch_of(histories).last(MOST_HISTORY)
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            forecast = self._forecaster.forecast(batch)
            half = self._scale(batch)[:, None] * self.settings.widths
            ends = {"prediction": forecast, "lower": forecast - half, "upper": forecast + half}
        if not all(np.isfinite(each).all() for each in ends.values()):
            raise _failed("a forecast is not finite", "are the numbers of the history so large?")
        return {
            name: [row[:steps].tolist() for row, steps in zip(values, horizons, strict=True)]
            for name, values in ends.items()
        }

    def _scale(self, batch: Batch) -> Floats:
        """Return (n,) units of the widths."""
        scale = recent_scale(batch, self.settings.season)
        if scale.all():
            return scale
        other = self.settings.spread * sizes(batch)
        return np.where(scale > 0, scale, np.where(other > 0, other, self.settings.change))

    def _read(self, columns: Columns) -> tuple[list[Floats], list[int]]:
        try:
            height({name: columns[name] for name in ("history", "horizon")})
            histories = [np.asarray(each, dtype=np.float64) for each in columns["history"]]
            horizons = [int(each) for each in columns["horizon"]]
        except (KeyError, TypeError, ValueError) as error:
            raise _failed(f"it is given no histories with horizons: {error}") from error
        if not histories or not all(np.isfinite(each).any() for each in histories):
            raise _failed("a history has no number")
        if any(np.nanmax(np.abs(each)) > _LARGEST for each in histories):
            raise _failed(f"a history has a number beyond {_LARGEST:g}")
        if not all(1 <= steps <= self.settings.horizon for steps in horizons):
            raise _failed(f"a horizon is not from 1 to {self.settings.horizon}")
        return histories, horizons


def read_settings(artefact: Artefact) -> SeriesSettings:
    """Return the settings of an artefact.

    Raises:
        EngineError: `artefact_damaged`.
    """
    path = artefact.folder / SERIES
    with reading(path):
        return SeriesSettings.read(read_json(path))


def load(artefact: Artefact) -> SeriesPredictor:
    """Return what runs `artefact`: the methods named in `series.json`.

    Raises:
        EngineError: `artefact_damaged`, when the file cannot be read or names no method.
    """
    settings = read_settings(artefact)
    if not settings.parts:
        raise damaged(artefact.folder / SERIES, "it names no method")
    return SeriesPredictor(artefact, settings, Methods(settings))


def _failed(reason: str, hint: str = "send histories of finite numbers") -> EngineError:
    return EngineError("engine_failed", f"nothing is forecast: {reason}", where="series", hint=hint)
