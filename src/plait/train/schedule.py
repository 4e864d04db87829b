"""Which candidate is fitted on which split next, when time is short or a race is run again."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import fmean
from typing import cast

from plait.core.ids import Json

FINAL_FITS = 1.5
"""A fit on all rows, in fits on a split."""

MEASURE_SECONDS = 3.0
"""What measuring one artefact takes, and deciding."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """How far a race may go.

    Without limits every candidate is fitted on every split, a split at a time in the order of the
    race. With `seconds` the first repeat of the folds comes first: while what is left of it would
    not fit the time, the dearest candidate is dropped, but the last. Then whole repeats are run as
    long as they fit. Time is what the fits took, so a race that was killed goes on as it would
    have. With `splits` it runs exactly those of another race.

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

    def starts(self, name: str, spent: Mapping[str, Sequence[float]]) -> bool:
        """Tell whether a candidate may begin, after what was spent on the first split of others."""
        if self.splits is not None:
            return name in self.splits
        begun = any(spent.values())
        return self.seconds is None or not begun or _sum(spent) < self.seconds

    def going_on(
        self,
        names: Sequence[str],
        spent: Mapping[str, Sequence[float]],
        *,
        folds: int,
        done: int,
    ) -> list[str]:
        """Return who is fitted on the next split; nobody ends the race.

        Args:
            names: who is in the race.
            spent: candidate -> seconds of each of its fits, of those that dropped out too.
            folds: of one repeat.
            done: splits that all of `names` have been fitted on, at least one.
        """
        if self.splits is not None:
            return [name for name in names if done < self.splits.get(name, 0)]
        if self.seconds is None:
            return list(names)
        left = self.seconds - _sum(spent)
        rest = folds - done % folds
        costs = {name: fmean(spent[name]) * (rest + FINAL_FITS) + MEASURE_SECONDS for name in names}
        if done >= folds:
            return list(names) if sum(costs.values()) <= left else []
        while sum(costs.values()) > left and len(costs) > 1:
            del costs[max(costs, key=lambda name: costs[name])]
        return list(costs)


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


def _sum(spent: Mapping[str, Sequence[float]]) -> float:
    return sum(sum(each) for each in spent.values())
