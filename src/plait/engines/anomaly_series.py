"""Artefacts that tell points of a series unlike the rest, one after the other: `anomaly.json`.

Each point is judged by those before it and then learnt from, never the other way round. A point far
off is learnt from as if it were two deviations off, so that an anomaly does not become the rule at
once: robust exponential smoothing, Gelper, Fried and Croux (2010), Journal of Forecasting
29:285-300. With a memory the errors are summed up with fading weights, which finds small shifts
that last: the EWMA chart of Roberts (1959), Technometrics 1:239-250.

Which share of points is beyond the limit is known of the stretch that was learnt from alone, so the
limit follows: it rises with each point beyond it, and falls back by as much as the stated share
asks for (Gibbs and Candès 2021, Adaptive conformal inference under distribution shift,
arXiv:2106.00170), never below where it began and never far above the strangest point so far. So
after a long burst only what is about as strange is told, until the limit has fallen back: each of
its points takes as long as the share allows for one.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from plait.core.artefact import Artefact
from plait.core.columns import Columns, height
from plait.core.errors import EngineError
from plait.core.ids import Json
from plait.core.schema import Field, Schema
from plait.engines.anomaly_tail import Tail
from plait.engines.base import read_json, reading

ANOMALY = "anomaly.json"
INPUT = Schema(
    (
        Field(name="history", kind="number", nullable=True),
        Field(name="horizon", kind="number", integer=True, low=1, high=1),
    )
)
OUTPUT = Schema(
    (
        Field(name="prediction", kind="boolean"),
        Field(name="score", kind="number", low=0.0, high=1.0),
        Field(name="lower", kind="number"),
        Field(name="upper", kind="number"),
    )
)

WARM = 20
"""So many points, or two seasons, are learnt from before any is judged."""

_FARTHEST = 1e12  # no sum of what is beyond would come back
CLIP = 2.0
"""An error counts as at most so many deviations of what is usual."""

LOUDER = 2.0
"""A point so many times as strange as that of the last alarm is not silenced by it."""

_NORMAL = 1.2533  # the standard deviation of a normal distribution in mean absolute deviations


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How a series is followed.

    Attributes:
        season: steps of one season; 1 for none.
        level_rate: how fast the level follows, of (0, 1].
        season_rate: how fast each step of the season follows, of (0, 1].
        scale_rate: how fast the usual error follows, of (0, 1].
        memory: weight of the newest error in the sum of errors, of (0, 1]; 1 forgets all others.
        quiet: points for which an alarm silences further ones.
        floor: an error is measured by no less than this share of the usual size of the numbers.
        limit_rate: how fast the limit of an alarm follows, in logarithms; 0 leaves it where it is.
    """

    season: int = 1
    level_rate: float = 0.05
    season_rate: float = 0.1
    scale_rate: float = 0.01
    memory: float = 1.0
    quiet: int = 50
    floor: float = 1e-3
    limit_rate: float = 0.0

    def __post_init__(self) -> None:
        rates = (self.level_rate, self.season_rate, self.scale_rate, self.memory)
        least = min(self.season - 1, self.quiet, self.limit_rate)
        if not all(0 < rate <= 1 for rate in rates) or least < 0:
            raise ValueError("a rate, the season or the quiet time is out of range")

    @property
    def warm(self) -> int:
        """Points that are learnt from before any is judged."""
        return max(WARM, 2 * self.season if self.season > 1 else 0)


@dataclass(slots=True)
class State:
    """What is known of a series after some of its points; plain numbers, which can be kept."""

    steps: int = 0
    seen: int = 0
    level: float = 0.0
    profile: list[float] = field(default_factory=list)
    scale: float = 0.0
    size: float = 0.0
    summed: float = 0.0
    alarm: int = -1
    loudness: float = 0.0
    lift: float = 0.0


@dataclass(frozen=True, slots=True)
class Judged:
    """One point.

    Attributes:
        raw: strangeness, in deviations; NaN where it is not judged.
        unit: width of the band that a strangeness of 1 allows, in the series' unit.
        middle: of that band.
    """

    raw: float
    unit: float
    middle: float


def follow(settings: Settings, state: State, value: float) -> Judged:
    """Judge the next point of a series, then learn from it; `state` is changed.

    Args:
        settings: how.
        state: what is known; a new `State()` for a new series.
        value: the point; NaN where it is missing.
    """
    if not state.profile:
        state.profile = [0.0] * settings.season
    phase = state.steps % settings.season
    state.steps += 1
    if math.isnan(value):
        return Judged(math.nan, math.nan, math.nan)
    seen = state.seen
    expected = state.level + state.profile[phase]
    error = value - expected
    least = settings.floor * state.size or math.ulp(1.0)
    scale = max(state.scale, least)
    ready = seen >= settings.warm
    off = min(max(error / scale, -_FARTHEST), _FARTHEST) if ready else 0.0
    clipped = min(max(error, -CLIP * scale), CLIP * scale) if ready else error
    memory = settings.memory
    before = state.summed
    state.summed = (1 - memory) * before + memory * off
    spread = math.sqrt(memory / (2 - memory))  # of a sum of independent errors
    judged = Judged(
        abs(state.summed) / spread if ready else math.nan,
        2 * scale * spread / memory,
        expected - scale * before * (1 - memory) / memory,
    )
    state.seen = seen + 1
    share = 1.0 / state.seen
    state.level += max(settings.level_rate, share) * clipped
    if settings.season > 1:
        cycle = max(settings.season_rate, 1.0 / (1 + seen // settings.season))
        state.profile[phase] += cycle * (
            clipped if ready else value - state.level - state.profile[phase]
        )
    state.scale += max(settings.scale_rate, share) * (_NORMAL * abs(clipped) - state.scale)
    state.size += max(settings.scale_rate, share) * (abs(value) - state.size)
    return judged


def trace(settings: Settings, values: Sequence[float]) -> tuple[list[Judged], State]:
    """Judge every point of a series from its beginning, and return what is known after it."""
    state = State()
    return [follow(settings, state, value) for value in values], state


@dataclass(frozen=True, slots=True)
class Point:
    """What is answered of one point.

    Attributes:
        prediction: whether an alarm is raised here.
        score: the share of usual points that are less strange; 0 where it is not judged.
        lower: from here on the point would have been usual; None where it is not judged.
        upper: up to here; None where it is not judged.
    """

    prediction: bool
    score: float
    lower: float | None
    upper: float | None


class Watch:
    """Follows one series as its points come, in time and memory that do not grow."""

    def __init__(
        self, settings: Settings, tail: Tail, share: float, state: State | None = None
    ) -> None:
        self.state = State() if state is None else state
        self._settings = settings
        self._tail = tail
        self._share = share
        self._limit = tail.raw(share)

    def __call__(self, value: float) -> Point:
        """Judge the next point, NaN where it is missing, and learn from it."""
        state = self.state
        at = state.steps
        judged = follow(self._settings, state, value)
        if math.isnan(judged.raw):
            return Point(False, 0.0, None, None)
        lifted = math.exp(state.lift)
        half = 0.5 * judged.unit * self._limit * lifted
        lower, upper = judged.middle - half, judged.middle + half
        raw = judged.raw / lifted
        score = 1.0 - self._tail.at(raw)
        late = state.alarm < 0 or at - state.alarm > self._settings.quiet
        beyond = raw >= self._limit
        alarm = beyond and (late or raw > LOUDER * state.loudness)
        if alarm:
            state.alarm, state.loudness = at, raw
        state.lift = max(0.0, state.lift + self._settings.limit_rate * (beyond - self._share))
        return Point(alarm, score, lower, upper)


class SeriesAnomalyPredictor:
    """Tells whether the last point of a history is unlike the rest; safe to share between threads.

    Attributes:
        artefact: what it runs.
        settings: how a series is followed.
    """

    def __init__(self, artefact: Artefact, settings: Settings, tail: Tail, share: float) -> None:
        """Put the parts together.

        Args:
            artefact: what it runs.
            settings: how a series is followed.
            tail: how rare a strangeness is.
            share: an alarm is raised when at most this share of usual points is as strange.
        """
        self.artefact = artefact
        self.settings = settings
        self._tail = tail
        self._share = share

    def watch(self, state: State | None = None) -> Watch:
        """Return what follows a series point by point, from its beginning or from a kept state."""
        return Watch(self.settings, self._tail, self._share, state)

    def predict(self, columns: Columns, *, reasons: int = 0) -> Columns:
        """Judge the last point of n histories.

        Args:
            columns: `history`, n lists of numbers with NaN for missing, oldest first.
            reasons: there are none to give: a series is one number.

        Returns:
            Of the last point `prediction`, `score`, `lower` and `upper`; `alarms`, per history the
            positions at which an alarm was raised as its points came.

        Raises:
            EngineError: `engine_failed`, when there is no history of numbers.
        """
        del reasons
        try:
            height(columns)
            histories = [np.asarray(each, dtype=np.float64).tolist() for each in columns["history"]]
        except (KeyError, TypeError, ValueError) as error:
            raise _failed(str(error)) from error
        if not all(histories):
            raise _failed("a history is empty")
        found: dict[str, list[Any]] = {name: [] for name in (*OUTPUT.names, "alarms")}
        for history in histories:
            watch = self.watch()
            points = [watch(value) for value in history]
            for name in OUTPUT.names:
                found[name].append(getattr(points[-1], name))
            found["alarms"].append([at for at, point in enumerate(points) if point.prediction])
        return found


def record_of(settings: Settings, tail: Tail, share: float) -> Mapping[str, Json]:
    """Return what `anomaly.json` holds."""
    return {"settings": asdict(settings), "tail": tail.record(), "share": share}


def load(artefact: Artefact) -> SeriesAnomalyPredictor:
    """Return what runs `artefact`.

    Raises:
        EngineError: `artefact_damaged`, when the file cannot be read.
    """
    path = artefact.folder / ANOMALY
    record: dict[str, Any] = dict(read_json(path))
    with reading(path):
        settings = Settings(**record["settings"])
        tail, share = Tail.read(record["tail"]), float(record["share"])
    return SeriesAnomalyPredictor(artefact, settings, tail, share)


def _failed(reason: str) -> EngineError:
    return EngineError(
        "engine_failed",
        f"nothing is judged: {reason}",
        where="series",
        hint="send histories of finite numbers",
    )
