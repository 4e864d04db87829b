"""What the candidates of series have in common: past forecasts to learn from, and the export."""

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from statistics import NormalDist
from typing import Protocol

import numpy as np

from plait.core.artefact import Manifest
from plait.core.contract import Paradigm
from plait.core.ids import Json
from plait.core.protocol import Candidate, Predictor, Sample
from plait.core.schema import Field, Schema
from plait.core.table import Table
from plait.engines.base import json_bytes, load, write_artefact
from plait.engines.series import MOST_HISTORY, SERIES, Part, SeriesSettings
from plait.engines.series_batch import Batch, Floats, batch_of
from plait.engines.series_lag import recent_of, recent_scale, sizes
from plait.engines.series_method import METHODS
from plait.evaluate.conformal import smallest
from plait.train import SERIES_TABLE

LEVEL = 0.9
"""Of an interval, where a contract requires none."""

PAST_FORECASTS = 400
"""So many forecasts of the past, over all series, say how far one may be off."""

MOST_PAST, LEAST_PAST = 60, 2
"""Of one series at most and at least so many."""

OUTPUT = Schema(tuple(Field(name=name, kind="number") for name in ("prediction", "lower", "upper")))


@dataclass(frozen=True, slots=True)
class Steps:
    """What a contract says of steps: how many ahead to forecast, and how long a season is."""

    horizon: int
    season: int


class SeriesRecipe(Protocol):
    """What the table of candidates for series holds."""

    def __call__(self, folder: Path, *, steps: Steps, threshold: float | None = None) -> Candidate:
        """Return a candidate.

        Args:
            folder: where its fit writes the artefact.
            steps: of the contract.
            threshold: None, there is none.
        """
        ...


series_recipes: Table[SeriesRecipe] = Table("series_candidates", SERIES_TABLE)


@dataclass(frozen=True, slots=True, eq=False)
class Past:
    """Series as they were at points in the past, and what came then.

    Attributes:
        batch: r series, one per series and point.
        truth: (r, horizon).
        back: how many steps ago the furthest point is.
    """

    batch: Batch
    truth: Floats
    back: int


def series_of(sample: Sample) -> Batch:
    """Return the series of a sample, as much of them as an engine reads."""
    return batch_of(list(sample.columns["history"])).last(MOST_HISTORY)


def past_of(batch: Batch, steps: Steps) -> Past:
    """Return forecasts to be made of the last part of the series, 400 where there are so many.

    The points lie within the last horizon that has its truth, of few series further back, and in
    no more than the last third of a series.
    """
    horizon = steps.horizon
    each = int(np.clip(-(-PAST_FORECASTS // len(batch)), LEAST_PAST, MOST_PAST))
    room = max(int(np.median(batch.lengths)) - horizon - max(2 * steps.season, horizon), 1)
    span = min(max(horizon, each), room, max(batch.width // 3, 1))
    points = np.unique(np.linspace(horizon, horizon + span, each).astype(np.int64))
    return past_at(batch, horizon, points.tolist())


def past_at(batch: Batch, horizon: int, points: Sequence[int]) -> Past:
    """Return the series so many steps ago, each of which is at least a horizon."""
    histories: list[Floats] = []
    truths = []
    for back in points:
        rows = np.flatnonzero(batch.lengths > back)
        end = batch.width - back
        for row in rows:
            histories.append(batch.values[row, batch.width - batch.lengths[row] : end])
        truths.append(batch.values[rows, end : end + horizon])
    if not histories:  # one step is all there is
        return Past(batch, np.repeat(batch.values[:, -1:], horizon, axis=1), horizon)
    return Past(batch_of(histories), np.concatenate(truths), max(points))


def widths(past: Past, forecast: Floats, steps: Steps, level: float) -> tuple[float, ...]:
    """Return per step ahead how far `level` of the past forecasts were off, in scales.

    Split conformal: Vovk, Gammerman and Shafer (2005), Algorithmic Learning in a Random World. What
    is exchangeable are errors relative to the scale of each series. Where no past forecast was of a
    series that had changed, they tell nothing: the widths are those of a random walk with normal
    steps (Hyndman and Athanasopoulos 2021, Forecasting: Principles and Practice, section 5.5).
    """
    scale = recent_scale(past.batch, steps.season)
    rows = np.flatnonzero(scale > 0)
    if not len(rows):
        step = NormalDist().inv_cdf(0.5 + level / 2) * math.sqrt(math.pi / 2)  # of |change| = 1
        return tuple(step * math.sqrt(ahead) for ahead in range(1, steps.horizon + 1))
    off = np.abs(past.truth - forecast)[rows] / scale[rows, None]
    return tuple(smallest(column, level) for column in off.T)


def usual_spread(batch: Batch, season: int) -> float:
    """Return the median, over series, of how far recent numbers are from their mean.

    As a share of their size, on average; 0 where no series changes.
    """
    recent = recent_of(batch, season)
    mean = np.nanmean(recent.values, axis=1, keepdims=True)
    apart, size = np.nanmean(np.abs(recent.values - mean), axis=1), sizes(recent)
    rows = np.flatnonzero((apart > 0) & (size > 0))
    return float(np.median(apart[rows] / size[rows])) if len(rows) else 0.0


def usual_change(batch: Batch, season: int) -> float:
    """Return the median, over series, of how much recent numbers usually change.

    Of the whole series where none changed of late; 0 where none ever did.
    """
    for changes in (recent_scale(batch, season), batch.differences(1)):
        if (changes > 0).any():
            return float(np.median(changes[changes > 0]))
    return 0.0


def scaled_error(past: Past, forecast: Floats, season: int) -> float:
    """Return the mean absolute error of past forecasts, each in units of its series' changes.

    These are the changes of a season, or from step to step of a series that repeats its seasons.
    """
    scale = past.batch.differences(season)
    scale = np.where(scale > 0, scale, past.batch.differences(1))
    rows = np.flatnonzero(scale > 0)
    off = np.abs(past.truth - forecast)[rows] / scale[rows, None]
    return float(off.mean()) if off.size else 0.0


def export_series(
    folder: Path, engine: str, settings: SeriesSettings, files: Mapping[str, bytes]
) -> Predictor:
    """Write an artefact and return what runs it.

    Args:
        folder: made when it does not exist.
        engine: what runs it.
        settings: of its forecasts.
        files: the engine's own: path within the folder -> content.
    """
    horizon = Field(name="horizon", kind="number", integer=True, low=1, high=settings.horizon)
    manifest = Manifest(
        engine=engine,
        task="series",
        input=Schema((Field(name="history", kind="number", nullable=True), horizon)),
        output=OUTPUT,
        origin=f"plait.train {version('plait')}",
    )
    write_artefact(folder, manifest, {SERIES: json_bytes(settings.record()), **files})
    return load(folder)


def forecast_parts(batch: Batch, parts: Sequence[Part], horizon: int) -> Floats:
    """Return the weighted sum of the parts' forecasts."""
    found = np.zeros((len(batch), horizon))
    for part in parts:
        found += part.weight * METHODS[part.method](batch, part.season, horizon)
    return found


class SeriesCandidate:
    """What every candidate of series is made with; see `SeriesRecipe`."""

    name: str
    paradigm: Paradigm
    complexity: int

    def __init__(self, folder: Path, *, steps: Steps, threshold: float | None = None) -> None:
        del threshold
        self._folder = folder
        self._steps = steps


class MethodCandidate(SeriesCandidate, ABC):
    """A candidate whose artefact holds methods and no model; a subclass says which.

    Attributes:
        model: what they are, in words.
    """

    model: str

    def configuration(self) -> Mapping[str, Json]:
        """Return what makes its fit what it is."""
        return {
            "model": self.model,
            "past forecasts": [PAST_FORECASTS, MOST_PAST, LEAST_PAST],
            "interval": "split conformal, per step ahead, in recent seasonal changes",
        }

    @abstractmethod
    def parts(self, past: Past) -> tuple[Part, ...]:
        """Return the methods, chosen by past forecasts where there is a choice."""

    def fit(self, sample: Sample) -> Predictor:
        """Choose, measure past errors, write the artefact."""
        steps = self._steps
        batch = series_of(sample)
        past = past_of(batch, steps)
        parts = self.parts(past)
        level = sample.interval or LEVEL
        said = forecast_parts(past.batch, parts, steps.horizon)
        settings = SeriesSettings(
            horizon=steps.horizon,
            season=steps.season,
            cycle=steps.season,
            level=level,
            widths=widths(past, said, steps, level),
            parts=parts,
            spread=usual_spread(batch, steps.season),
            change=usual_change(batch, steps.season),
        )
        return export_series(self._folder, "series", settings, {})


def best_part(past: Past, parts: Sequence[Part], steps: Steps) -> Part:
    """Return the part with the least error in the past; of equal ones the first."""
    errors = [
        scaled_error(past, forecast_parts(past.batch, [part], steps.horizon), steps.season)
        for part in parts
    ]
    return parts[int(np.argmin(errors))]
