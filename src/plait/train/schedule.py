"""Which candidate is fitted on which split next, when time is short or a race is run again."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import fmean
from typing import TypeAlias, cast

from plait.core.ids import Json

Spent: TypeAlias = Mapping[str, Sequence[float]]

FEWEST = 3
"""Splits that a comparison needs."""

FINAL_FITS = 1.5
"""A fit on all rows, in fits on a split."""

OTHER_WORK = 0.2
"""The share of the time for all else: reading, checking what is required, the learning curve. When
it would be too short else, the leader of a race may have that too."""

MEASURE_SECONDS = 3.0
"""What measuring one artefact takes, and deciding."""

NEAR = 0.01
"""Of what the best score gains over the worst: as much less is as good, while a race is short."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """How far a race may go.

    Without limits every candidate is fitted on every split, a split at a time in the order of the
    race. With `seconds` the first repeat of the folds comes first, or if there is no time for all
    of it its first three splits, or four. A candidate begins while there would be time for the
    leader after it: the cheapest of those near the best score so far. What no longer fits the time
    is dropped: the leader of those that fit stays, and of the others the cheapest. Then whole
    repeats are run as long as they fit. Time is what the fits took, so a race that was killed goes
    on as it would have. With `splits` it runs exactly those of another race.

    Attributes:
        seconds: of fitting and measuring; None for no limit.
        splits: candidate -> splits to fit it on, all alike; empty leaves it open.
        left_out: candidates that the other race did not finish, and why.
        record: what evidence keeps of the other race.
    """

    seconds: float | None = None
    splits: Mapping[str, int] | None = None
    left_out: Mapping[str, str] = field(default_factory=dict)
    record: Mapping[str, Json] | None = None

    @classmethod
    def read(cls, record: Mapping[str, Json]) -> "Schedule":
        """Return the schedule that runs again what `record_of` tells of."""
        order = cast("Sequence[str]", record["order"])
        left_out = cast("Mapping[str, str]", record["not_finished"])
        names = dict.fromkeys(fit.rpartition("/")[0] for fit in order)
        used = cast(int, record["splits"])
        return cls(
            splits={name: used for name in names if name not in left_out},
            left_out=left_out,
            record=record,
        )

    def starts(self, name: str, spent: Spent, gains: Mapping[str, float], *, folds: int) -> bool:
        """Tell whether a candidate may begin, after what was spent on the first split of others.

        Args:
            name: of the candidate.
            spent: candidate -> seconds of each of its fits; nothing of those that did not begin.
            gains: candidate -> its score, higher is better, of those that are in the race.
            folds: of one repeat.
        """
        if self.splits is not None:
            return name in self.splits
        if self.seconds is None or not gains:
            return True
        costs = _costs(list(gains), spent, min(FEWEST, folds) - 1)
        dearest = max(spent[each][0] for each in gains)
        return costs[_leader(costs, gains)] + dearest <= _left(self.seconds, spent)

    def going_on(
        self,
        names: Sequence[str],
        spent: Spent,
        gains: Mapping[str, float],
        *,
        folds: int,
        done: int,
    ) -> list[str]:
        """Return who is fitted on the next split; nobody ends the race.

        Args:
            names: who is in the race.
            spent: candidate -> seconds of each of its fits, of those that dropped out too.
            gains: candidate -> its mean score so far, higher is better.
            folds: of one repeat.
            done: splits that all of `names` have been fitted on, at least one.
        """
        if self.splits is not None:
            return [name for name in names if done < self.splits.get(name, 0)]
        if self.seconds is None:
            return list(names)
        left = _left(self.seconds, spent)
        fewest = min(FEWEST, folds)
        if done >= fewest:
            more = 1 if done < folds else folds - done % folds
            return list(names) if sum(_costs(names, spent, more).values()) <= left else []
        costs = _costs(names, spent, fewest - done)
        most = left + OTHER_WORK * self.seconds
        able = {name: cost for name, cost in costs.items() if cost <= most}
        leader = _leader(able, gains) if able else min(costs, key=lambda name: costs[name])
        kept, total = {leader}, costs[leader]
        for name in sorted(costs, key=lambda name: costs[name]):
            if name != leader and total + costs[name] <= left:
                kept.add(name)
                total += costs[name]
        return [name for name in names if name in kept]


EVERYTHING = Schedule()
"""Every candidate on every split."""


def record_of(
    order: Sequence[str], not_finished: Mapping[str, str], *, splits: int
) -> dict[str, Json]:
    """Return a schedule that was run, as evidence keeps it.

    Args:
        order: `NAME/SPLIT` of every fit on a split, in the order in which they ran.
        not_finished: candidate -> why.
        splits: the first so many splits count, each of every candidate that was finished.
    """
    return {"order": list(order), "not_finished": dict(not_finished), "splits": splits}


def _costs(names: Sequence[str], spent: Spent, fits: int) -> dict[str, float]:
    """Return the seconds that each would take to be finished, with so many fits on splits."""
    return {name: fmean(spent[name]) * (fits + FINAL_FITS) + MEASURE_SECONDS for name in names}


def _leader(costs: Mapping[str, float], gains: Mapping[str, float]) -> str:
    """Return the cheapest of those that are near the best score."""
    best, worst = max(gains[name] for name in costs), min(gains.values())
    near = [name for name in costs if gains[name] >= best - NEAR * (best - worst)]
    return min(near, key=lambda name: costs[name])


def _left(seconds: float, spent: Spent) -> float:
    return seconds * (1 - OTHER_WORK) - sum(sum(each) for each in spent.values())
