"""The detectors of strange points, and the race between them: a series contract of horizon 0.

Without labels candidates are compared by how narrow a band holds later points, each judged before
it is learnt from.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from functools import partial
from importlib.metadata import version
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import ClassVar, TypeAlias, cast

import numpy as np
from numpy.typing import NDArray

from plait.core.artefact import Manifest
from plait.core.contract import Contract, Paradigm
from plait.core.errors import InvalidData
from plait.core.figure import number
from plait.core.ids import Json
from plait.core.protocol import Predictor, Sample
from plait.engines.anomaly_series import (
    ANOMALY,
    INPUT,
    OUTPUT,
    SeriesAnomalyPredictor,
    Settings,
    record_of,
    trace,
)
from plait.engines.base import json_bytes, load, write_artefact
from plait.evaluate.anomaly import BAND_VOLUME, band_volume, clustering, fit_tail, run_length
from plait.evaluate.split import Split, Splits
from plait.evaluate.threshold import Costs
from plait.store.frame import RawColumn
from plait.train.anomaly import LIBRARIES, check_share
from plait.train.base import series_detectors
from plait.train.plan import Fold, Make, Plan
from plait.train.series import PreparedSeries, prepare_series

Floats: TypeAlias = NDArray[np.float64]

LEVEL_RATES = (0.01, 0.05, 0.2, 0.6)
MEMORY = 0.2
QUIET = 50
LIMIT_RATE = 0.05
FOLDS = 4
LEAST_POINTS = 60
MOST_SHARE = 0.2
"""However much alarms come in swarms, no more than this share of points may be beyond the limit."""

COMPARED = (
    "There are no labels: what is compared is how narrow a band holds 90 to 99.9 % of later "
    "points, each judged before it was learnt from. That speaks of usual points, and not of "
    "whether an alarm is right."
)


class RobustLevel:
    """Follows the level; a point is as strange as it is far off, in usual errors."""

    name: ClassVar[str] = "robust_z"
    paradigm: Paradigm = "rule"
    complexity: ClassVar[int] = 0
    seasonal: ClassVar[bool] = False
    memory: ClassVar[float] = 1.0

    def __init__(
        self,
        folder: Path,
        *,
        threshold: float | None = None,
        share: float = 0.01,
        season: int = 1,
    ) -> None:
        """Return a candidate.

        Args:
            folder: where its fit writes the artefact.
            threshold: not looked at; there are no probabilities.
            share: alarms per point.
            season: steps of one season; 1 for none.
        """
        del threshold
        self._folder = folder
        self._share = share
        self._season = season

    def configuration(self) -> Mapping[str, Json]:
        """Return what makes its fit what it is."""
        return {
            "model": "robust exponential smoothing",
            "season": self._season if self.seasonal else 1,
            "level rates": LEVEL_RATES,
            "memory": self.memory,
            "limit rate": LIMIT_RATE,
            "share": self._share,
        }

    def fit(self, sample: Sample) -> Predictor:
        """Choose how fast the level follows, find how rare errors are, write the artefact.

        Raises:
            InvalidData: `data_too_small`, when too few points could be judged.
        """
        histories = [np.asarray(each, dtype=np.float64) for each in sample.columns["history"]]
        season = self._season if self.seasonal else 1
        base = Settings(
            season=season,
            memory=self.memory,
            quiet=max(QUIET, self._season),
            limit_rate=LIMIT_RATE,
        )
        tried = [replace(base, level_rate=rate) for rate in LEVEL_RATES]
        settings = min(tried, key=lambda each: _loss(each, histories))
        raws = [_raw(settings, history) for history in histories]
        raw = np.concatenate(raws)
        if len(raw) < WARM_POINTS:
            raise InvalidData(
                "data_too_small",
                f"only {len(raw)} points could be judged",
                hint=f"give a series of at least {LEAST_POINTS} points, or of three seasons",
            )
        swarm = float(np.mean([clustering(each, settings.quiet) for each in raws if len(each)]))
        share = min(self._share / max(swarm, self._share), MOST_SHARE)
        manifest = Manifest(
            engine="anomaly_series",
            task="series",
            input=INPUT,
            output=OUTPUT,
            origin=f"plait.train {version('plait')}",
        )
        record = record_of(settings, fit_tail(raw), share)
        write_artefact(self._folder, manifest, {ANOMALY: json_bytes(record)})
        return load(self._folder)


class SeasonalResidual(RobustLevel):
    """Follows the level and each step of the season."""

    name = "seasonal_residual"
    complexity = 1
    seasonal = True


class EwmaChart(SeasonalResidual):
    """Sums up what is left, with fading weights: it finds small shifts that last."""

    name = "ewma"
    complexity = 2
    memory = MEMORY


WARM_POINTS = 20


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class PreparedWatch(PreparedSeries):
    """Series to find strange points in; what is asked of each is its last point."""


def prepare_watch(columns: Sequence[RawColumn], contract: Contract) -> PreparedWatch:
    """Read the series of a contract of horizon 0; otherwise as `prepare_series`.

    Raises:
        InvalidData: `data_too_small` too, when no series has 60 points.
    """
    check_share(contract)
    found = prepare_series(columns, replace(contract, horizon=1))
    longest = int(np.diff(found.bounds).max())
    if longest < LEAST_POINTS:
        raise InvalidData(
            "data_too_small",
            f"the longest series has {longest} points, too few to say what is usual",
            hint=f"give at least {LEAST_POINTS}",
        )
    share = contract.anomaly.share
    points = len(found.target)
    extent = run_length(points, max(1, round(share * points)))
    said = (
        f"An alarm is raised every {number(1 / share)} points of a series like these, on average "
        f"(95 % interval from {number(extent.low)}, as {points:,} points were seen)."
    )
    parts = {each.name: getattr(found, each.name) for each in fields(found)}
    return PreparedWatch(**{**parts, "notes": (said, *found.notes)})


def plan_anomaly_series(prepared: PreparedWatch, contract: Contract, *, seed: int = 0) -> Plan:
    """Return the race that a series contract of horizon 0 asks for.

    Args:
        prepared: the series, by `prepare_watch`.
        contract: what must be delivered.
        seed: of everything random.

    Raises:
        UnknownName: `unknown_component` for a candidate.
    """
    names = contract.candidates or tuple(series_detectors.names())
    parts = {"share": contract.anomaly.share, "season": prepared.season}
    return Plan(
        prepared=prepared,
        recipes={name: partial(series_detectors.load(name), **parts) for name in names},
        metric=BAND_VOLUME,
        splits=_splits(prepared, seed),
        costs=Costs(),
        seed=seed,
        libraries=(*LIBRARIES, *series_detectors.packages(names)),
        judge=_judge,
        compared=COMPARED,
    )


def _splits(prepared: PreparedWatch, seed: int) -> Splits:
    """Return splits that learn from the start of every series and test the stretch that follows."""
    begins, ends = prepared.bounds[:-1], prepared.bounds[1:]
    place = np.arange(len(prepared.target)) - np.repeat(begins, ends - begins)
    share = place / np.repeat(ends - begins, ends - begins)
    borders = np.linspace(1 / 3, 1, FOLDS + 1)
    each = tuple(
        Split(np.flatnonzero(share < low), np.flatnonzero((share >= low) & (share < high)))
        for low, high in pairwise(borders)
    )
    return Splits("time_ordered", FOLDS, 1, seed, each)


def _judge(plan: Plan, make: Make, split: Split) -> Fold:
    """Fit on the start of every series, and follow each through what comes next."""
    prepared = cast(PreparedWatch, plan.prepared)
    started = time.perf_counter()
    with TemporaryDirectory(prefix="plait-fold-") as folder:
        found = make(Path(folder)).fit(prepared.sample(split.train, seed=plan.seed))
        settings = cast(SeriesAnomalyPredictor, found).settings
    values = []
    for first, last in zip(prepared.bounds[:-1], prepared.bounds[1:], strict=True):
        inside = split.test[(split.test >= first) & (split.test < last)]
        if not len(inside):
            continue
        history = prepared.target[first : inside[-1] + 1].astype(np.float64)
        judged = trace(settings, history.tolist())[0][inside[0] - first :]
        raw, unit = np.array([(each.raw, each.unit) for each in judged]).T
        there = np.isfinite(raw)
        span = float(np.nanstd(history))
        if there.any() and span > 0:
            values.append(band_volume(raw[there], unit[there], span))
    return Fold(float(np.mean(values)) if values else 0.0, [], time.perf_counter() - started)


def _raw(settings: Settings, history: Floats) -> Floats:
    """Return the strangeness of the points that are judged, in order."""
    judged = trace(settings, history.tolist())[0]
    return np.array([each.raw for each in judged if each.raw == each.raw], dtype=np.float64)


def _loss(settings: Settings, histories: Sequence[Floats]) -> float:
    """Return how wide the usual band of a series is, in deviations of its numbers: the median."""
    found = []
    for history in histories:
        pairs = [(each.raw, each.unit) for each in trace(settings, history.tolist())[0]]
        raw, unit = np.array(pairs).T
        there = np.isfinite(raw)
        spread = float(np.nanstd(history)) or 1.0
        if there.any():
            found.append(float(np.median(raw[there] * unit[there])) / spread)
    return float(np.mean(found)) if found else float("inf")
