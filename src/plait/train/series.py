"""Raw columns and a series contract into series that are whole: a number or a gap at each step."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import cast

import numpy as np
from numpy.typing import NDArray

from plait.core.columns import Row
from plait.core.contract import Contract
from plait.core.errors import InvalidData, InvalidSettings, suggestion
from plait.core.protocol import Sample
from plait.core.schema import Field, Schema
from plait.engines.answer import level_text
from plait.engines.series_batch import Floats, Ints, batch_of
from plait.store.frame import RawColumn
from plait.train.aside import read_times, timed
from plait.train.feature import missing
from plait.train.prepare import Prepared
from plait.train.series_season import read_season
from plait.train.version import dataset_id

SHOWN = 3
"""Of what is wrong so many places are named."""

MOST_GAPS = 0.5
"""A series with more of its steps missing is no series."""

LARGEST = 1e300

HISTORY = Schema(
    (
        Field(name="history", kind="number", nullable=True),
        Field(name="horizon", kind="number", integer=True, low=1),
    )
)
"""What a forecast is made of: a list of numbers, oldest first, and how many steps to go."""

_OFF = 1e-3


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class PreparedSeries(Prepared):
    """Series ready to learn from; `target` holds them one after the other, NaN for a gap.

    Attributes:
        names: of the series.
        bounds: (n + 1,) where each begins in `target`, and where the last ends.
        horizon: steps ahead to forecast.
        season: steps of one season; 1 for none.
    """

    names: tuple[str, ...]
    bounds: Ints
    horizon: int
    season: int

    def histories(self, rows: Ints) -> list[Floats]:
        """Return the part of each series that is among these rows, of those that have one."""
        cuts = np.searchsorted(rows, self.bounds)
        values = self.target[rows].astype(np.float64)
        parts = (values[a:b] for a, b in pairwise(cuts) if b > a)
        return [each for each in parts if np.isfinite(each).any()]

    def sample(self, rows: NDArray[np.int64], *, seed: int) -> Sample:
        """Return the series to fit on: what of them is among these rows."""
        histories = self.histories(rows)
        return Sample(
            input=self.input,
            columns={"history": histories, "horizon": [self.horizon] * len(histories)},
            target=[],
            classes=(),
            problem=self.problem,
            seed=seed,
            interval=self.require.coverage,
        )

    def rows(self, most: int) -> list[Row]:
        """Return at most so many series, evenly spread, as a caller would send them."""
        histories = self.histories(np.arange(len(self.target)))
        last = len(histories) - 1
        spread = np.unique(np.linspace(0, last, min(most, last + 1)).astype(np.int64))
        sent: list[object] = []
        for at in spread:
            history = [None if value != value else value for value in histories[at].tolist()]
            sent.append({"history": history, "horizon": self.horizon})
        return cast("list[Row]", sent)


def prepare_series(columns: Sequence[RawColumn], contract: Contract) -> PreparedSeries:
    """Read the series that a contract names, in the order of their times.

    Steps that are missing become gaps, and a note says where they are. A contract without a time
    takes the rows as they stand; one without a season gets the one that is read off the data.

    Args:
        columns: every column of the data, of equal length.
        contract: names target, time and series; says horizon and season.

    Raises:
        InvalidData: `data_target_missing`, `data_column_missing`, `data_target_kind` when the
            target holds no numbers, `data_format` when a time cannot be read or is between two
            steps, `data_time_duplicate`, `data_too_small`, `data_target_constant`.
        InvalidSettings: `settings_wrong_value`, when the horizon or the season is none, or one
            column is to be two things.
    """
    named = _columns(columns, contract)
    target = _numbers(named["target"])
    names = _names(named.get("series"), len(target))
    kept = timed(named["time"]) if "time" in named else np.ones(len(target), dtype=np.bool_)
    notes = _left_out(contract.time, kept)
    order = np.flatnonzero(kept)
    if "time" in named:
        places = _places(named["time"], names, contract.time)
        order = order[np.lexsort((places[order], names.codes[order]))]
    else:
        places = np.arange(len(target))
        order = order[np.argsort(names.codes[order], kind="stable")]
    series: dict[str, Floats] = {}
    gaps: list[str] = []
    for rows in np.split(order, np.flatnonzero(np.diff(names.codes[order])) + 1):
        name = names.levels[names.codes[rows[0]]] if len(rows) else ""
        steps = places[rows] - places[rows[0]] if "time" in named else np.arange(len(rows))
        gaps += _gaps(name, steps, rows, named.get("time"))
        _check_gaps(name, steps, contract)
        series[name] = _laid_out(steps, target[rows])
    notes += _check_series(series, contract)
    if gaps:
        more = f", and {len(gaps) - SHOWN:,} more" if len(gaps) > SHOWN else ""
        notes.append(f"Steps that are missing: {'; '.join(gaps[:SHOWN])}{more}. They are filled.")
    if empty := sum(int(np.isnan(each).sum()) for each in series.values()):
        notes.append(f"{empty:,} steps have no {contract.target}: filled from their neighbours.")
    season = contract.season
    if not season:
        season = read_season(batch_of(list(series.values())))
        said = f"{season} steps" if season > 1 else "none"
        notes.append(f"The season is read off the data: {said}. Name it with `season: STEPS`.")
    return PreparedSeries(
        input=HISTORY,
        columns={},
        target=np.concatenate(list(series.values())),
        classes=(),
        problem="regression",
        dataset=dataset_id(columns),
        leaks=(),
        notes=tuple(notes),
        require=contract.require,
        names=tuple(series),
        bounds=np.concatenate([[0], np.cumsum([len(each) for each in series.values()])]),
        horizon=contract.horizon,
        season=season,
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Names:
    """Which series each row is of: its code, and the name of each code."""

    codes: Ints
    levels: tuple[str, ...]


def _columns(columns: Sequence[RawColumn], contract: Contract) -> dict[str, RawColumn]:
    """Return the columns by their part: `target`, and `time` and `series` where they are named."""
    for part, least in (("horizon", 1), ("season", 0)):
        if getattr(contract, part) < least:
            raise InvalidSettings(
                "settings_wrong_value",
                f"the {part} is {getattr(contract, part)} steps",
                where=part,
                hint=f"give a whole number from {least} on",
            )
    known = {column.name: column for column in columns}
    found: dict[str, RawColumn] = {}
    for part in ("target", "time", "series"):
        name = getattr(contract, part)
        if not name and part != "target":
            continue
        if name not in known:
            code = "data_target_missing" if part == "target" else "data_column_missing"
            reason = f"{name!r}, the {part}, is no column of the data"
            raise InvalidData(code, reason, where=part, hint=suggestion(name, known))
        if known[name] in found.values():
            raise InvalidSettings(
                "settings_wrong_value",
                f"{name!r} is to be {' and '.join([*found, part][-2:])}",
                where=part,
                hint="name another column",
            )
        found[part] = known[name]
    return found


def _numbers(column: RawColumn) -> Floats:
    """Return the target, NaN where it is missing."""
    if column.kind != "number" or np.isnan(column.values).all():
        raise InvalidData(
            "data_target_kind",
            f"{column.name!r} holds no numbers"
            + (f", it is a {column.kind}" * (column.kind != "number")),
            where=column.name,
            hint="name the column of the numbers to forecast",
        )
    values = column.values.astype(np.float64)
    if (np.abs(values) > LARGEST).any():
        row = int(np.flatnonzero(np.abs(values) > LARGEST)[0])
        raise InvalidData(
            "data_format",
            f"{column.name!r} is {values[row]} in row {row + 1}, too large to be a number",
            where=column.name,
            hint="leave it empty where it is missing",
        )
    return values


def _names(column: RawColumn | None, rows: int) -> _Names:
    if column is None:
        return _Names(np.zeros(rows, dtype=np.int64), ("",))
    absent = missing(column)
    if absent.any():
        row = int(np.flatnonzero(absent)[0])
        raise InvalidData(
            "data_format",
            f"{int(absent.sum()):,} rows name no {column.name}, the first is row {row + 1}",
            where=column.name,
            hint="say of each row which series it is of",
        )
    texts = np.array([level_text(value) for value in column.values.tolist()])
    levels, codes = np.unique(texts, return_inverse=True)
    return _Names(codes.astype(np.int64), tuple(levels.tolist()))


def _left_out(name: str, kept: NDArray[np.bool_]) -> list[str]:
    if kept.all():
        return []
    return [f"{int((~kept).sum()):,} of {len(kept):,} rows have no {name} and are left out."]


def _places(column: RawColumn, names: _Names, where: str) -> Ints:
    """Return (n,) the step of each row's time, counted from the first time of its series.

    A step is a calendar month, or several, where all times lie on one day of their months; else
    the commonest distance of two neighbours.
    """
    times = read_times(column)
    there = np.flatnonzero(np.isfinite(times))
    months = _months(column, there)
    if months is not None:
        times = np.where(np.isfinite(times), months, np.nan)
    order = there[np.lexsort((times[there], names.codes[there]))]
    same = np.diff(names.codes[order]) == 0
    apart = np.diff(times[order])
    twice = same & (apart == 0)
    if twice.any():
        raise _duplicates(column, names, order, np.flatnonzero(twice))
    first = np.zeros(len(times))
    heads = order[np.concatenate([[True], ~same])] if len(order) else order
    by_code = dict(zip(names.codes[heads].tolist(), times[heads].tolist(), strict=True))
    first[order] = [by_code[code] for code in names.codes[order].tolist()]
    distances, counts = np.unique(np.round(apart[same], 6), return_counts=True)
    step = float(distances[counts.argmax()]) if len(distances) else 1.0
    steps = np.zeros(len(times))
    steps[there] = (times[there] - first[there]) / step
    off = there[np.abs(steps[there] - np.round(steps[there])) > _OFF]
    if len(off):
        raise InvalidData(
            "data_time_uneven",
            f"{len(off):,} of {len(there):,} times are between two steps, such as "
            f"{column.values[off[0]]} in row {off[0] + 1}",
            where=where,
            hint="give one row per step: sum or average the rows of each hour, day or month",
        )
    return np.round(steps).astype(np.int64)


def _months(column: RawColumn, there: Ints) -> Floats | None:
    """Return (n,) months since year 0 where all lie on one day of their months, or on the last."""
    if column.kind == "number" or not len(there):
        return None
    moments = [datetime.fromisoformat(str(column.values[row])) for row in there.tolist()]
    last = all((each + timedelta(days=1)).day == 1 for each in moments)
    within = {(0 if last else each.day, each.timetz()) for each in moments}
    months = np.full(len(column.values), np.nan)
    months[there] = [12.0 * each.year + each.month for each in moments]
    return months if len(within) == 1 and len(set(months[there].tolist())) > 1 else None


def _duplicates(column: RawColumn, names: _Names, order: Ints, at: Ints) -> InvalidData:
    """Return the error that names the first times that stand twice in a series."""
    shown = []
    for first, second in zip(order[at[:SHOWN]], order[at[:SHOWN] + 1], strict=True):
        name = names.levels[names.codes[first]]
        rows = f"rows {min(first, second) + 1} and {max(first, second) + 1}"
        shown.append(f"{column.values[first]}{f' of {name}' if name else ''} in {rows}")
    more = f", and {len(at) - SHOWN:,} more" if len(at) > SHOWN else ""
    return InvalidData(
        "data_time_duplicate",
        f"a time stands twice in one series: {'; '.join(shown)}{more}",
        where=column.name,
        hint="give one row per step, or name the column of the series with `series: COLUMN`",
    )


def _gaps(name: str, steps: Ints, rows: Ints, column: RawColumn | None) -> list[str]:
    """Say after which rows of a series steps are missing."""
    if column is None:
        return []
    of = f"{name}, " if name else ""
    return [
        f"{of}{steps[at + 1] - steps[at] - 1} after {column.values[rows[at]]} (row {rows[at] + 1})"
        for at in np.flatnonzero(np.diff(steps) > 1).tolist()
    ]


def _laid_out(steps: Ints, values: Floats) -> Floats:
    """Return a series with a place for each of its steps, from its first number to its last."""
    found = np.full(int(steps[-1]) + 1 if len(steps) else 0, np.nan)
    found[steps] = values
    there = np.flatnonzero(np.isfinite(found))
    return found[there[0] : there[-1] + 1] if len(there) else found[:0]


def _check_series(series: dict[str, Floats], contract: Contract) -> list[str]:
    """Leave out series without numbers, and say so; refuse those that never change."""
    empty = [name for name, values in series.items() if not len(values)]
    for name in empty:
        del series[name]
    if all(np.nanmin(values) == np.nanmax(values) for values in series.values()):
        raise InvalidData(
            "data_target_constant",
            f"{contract.target!r} never changes",
            where=contract.target,
            hint="name another target",
        )
    listed = ", ".join(empty[:SHOWN])
    return [f"{len(empty)} series have no {contract.target}, such as {listed}."] if empty else []


def _check_gaps(name: str, steps: Ints, contract: Contract) -> None:
    """Refuse a series most of whose steps are missing, before there is a place for each."""
    whole = int(steps[-1]) + 1 if len(steps) else 0
    if whole - len(steps) > MOST_GAPS * whole:
        raise InvalidData(
            "data_time_uneven",
            f"of {whole:,} steps of {name or 'the series'} {whole - len(steps):,} are missing",
            where=contract.time,
            hint="leave the series out, or give rows of longer steps",
        )
