"""Which rows train and which rows test.

Every candidate of a race meets the same splits. They depend on the target, the arguments and the
seed alone: the generator is NumPy's PCG64, whose stream NumPy promises not to change.
"""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from plait.core.errors import InvalidData
from plait.evaluate.bin import Floats, Ints, equal_mass_bins
from plait.evaluate.metric import Problem

FOLDS = 5
MINIMUM_ROWS = 20
_TARGET_BINS = 10
_MANY_GROUPS = 50


@dataclass(frozen=True, slots=True, eq=False)
class Split:
    """Row indexes, ascending and disjoint, of one fit (`train`) and its judgement (`test`)."""

    train: Ints
    test: Ints


@dataclass(frozen=True, slots=True, eq=False)
class Splits:
    """The splits of one race, in order: all folds of the first repeat, then of the next.

    Attributes:
        kind: how they were drawn.
        folds: splits per repeat; within one repeat no row is tested twice.
        repeats: how often the rows were shuffled anew.
        seed: what the shuffles started from.
        each: the `folds * repeats` splits.
        drawn: splits of a whole repeat, where only `folds` of these count; 0 where all do.
    """

    kind: Literal["stratified", "grouped", "time_ordered"]
    folds: int
    repeats: int
    seed: int
    each: tuple[Split, ...]
    drawn: int = 0

    def __iter__(self) -> Iterator[Split]:
        return iter(self.each)

    def __len__(self) -> int:
        return len(self.each)

    def first(self, count: int) -> "Splits":
        """Return the first so many splits: whole repeats of them, or some of the first."""
        folds = min(self.folds, max(count, 1))
        drawn = self.folds if folds < self.folds else self.drawn
        repeats, each = count // folds, self.each[:count]
        return replace(self, folds=folds, repeats=repeats, each=each, drawn=drawn)

    @property
    def id(self) -> str:
        """The SHA-256, in hexadecimal, of every row index in order."""
        digest = hashlib.sha256()
        for split in self.each:
            for rows in (split.train, split.test):
                digest.update(len(rows).to_bytes(8, "little"))
                digest.update(rows.astype("<i8").tobytes())
        return digest.hexdigest()

    @property
    def test_to_train(self) -> float:
        """Rows tested per row trained on, averaged over the splits."""
        return float(np.mean([len(split.test) / len(split.train) for split in self.each]))


def _by_fold(fold: Ints, folds: int) -> Iterator[Split]:
    """Yield one split per fold number: its rows test, all others train."""
    for number in range(folds):
        yield Split(np.flatnonzero(fold != number), np.flatnonzero(fold == number))


def repeated_stratified(classes: Ints, *, folds: int, repeats: int, seed: int) -> Splits:
    """Split so that each fold has each class in proportion, shuffled anew for each repeat.

    Fold sizes differ by at most one row, and so do the rows of one class among the folds.

    Args:
        classes: (n,) class indexes.
        folds: test folds of one repeat.
        repeats: how often to shuffle.
        seed: the start of the shuffles.
    """
    random = np.random.Generator(np.random.PCG64(seed))
    each: list[Split] = []
    for _ in range(repeats):
        shuffled = random.permutation(len(classes))
        dealt = shuffled[np.argsort(classes[shuffled], kind="stable")]
        fold = np.empty(len(classes), dtype=np.int64)
        fold[dealt] = np.arange(len(classes)) % folds
        each.extend(_by_fold(fold, folds))
    return Splits("stratified", folds, repeats, seed, tuple(each))


def repeated_folds(target: Floats, *, folds: int, repeats: int, seed: int) -> Splits:
    """Split for regression: each fold has each tenth of the target's range of ranks in proportion.

    Args:
        target: (n,) finite values.
        folds: test folds of one repeat.
        repeats: how often to shuffle.
        seed: the start of the shuffles.
    """
    tenths = equal_mass_bins(target, _TARGET_BINS)
    return repeated_stratified(tenths, folds=folds, repeats=repeats, seed=seed)


def grouped(
    groups: NDArray[np.generic],
    *,
    folds: int,
    seed: int,
    repeats: int = 1,
    classes: Ints | None = None,
) -> Splits:
    """Split so that no group is in both halves: all rows of one customer train, or all test.

    The largest group left goes to the fold that has least of its classes; equal groups go in random
    order. So with `classes` the folds are stratified as far as whole groups allow.

    Args:
        groups: (n,) the group of each row: any values that sort.
        folds: test folds of one repeat.
        seed: the start of the shuffles.
        repeats: how often to shuffle.
        classes: (n,) class indexes to deal evenly; None deals rows.

    Raises:
        InvalidData: `data_too_small` when there are fewer groups than folds.
    """
    names, group = np.unique(groups, return_inverse=True)
    if len(names) < folds:
        raise InvalidData(
            "data_too_small",
            f"{len(names)} groups cannot fill {folds} folds",
            hint="use fewer folds or a finer group",
        )
    random = np.random.Generator(np.random.PCG64(seed))
    kinds = np.zeros(len(group), dtype=np.int64) if classes is None else classes
    counts = np.zeros((len(names), int(kinds.max()) + 1))
    np.add.at(counts, (group, kinds), 1.0)
    each: list[Split] = []
    for _ in range(repeats):
        each.extend(_by_fold(_deal(counts, random.permutation(len(names)), folds)[group], folds))
    return Splits("grouped", folds, repeats, seed, tuple(each))


def _deal(counts: Floats, shuffled: Ints, folds: int) -> Ints:
    """Return the fold of each group: the greedy least sum of squares of what the folds hold.

    Args:
        counts: (groups, classes) rows of each; a class weighs the same however rare it is.
        shuffled: the groups in random order.
        folds: how many.
    """
    share = counts / np.maximum(counts.sum(axis=0), 1.0)
    sizes = counts.sum(axis=1)
    held = np.zeros((folds, counts.shape[1]))
    rows = np.zeros(folds)
    fold_of = np.empty(len(counts), dtype=np.int64)
    weight = (share[shuffled] ** 2).sum(axis=1)
    for group in shuffled[np.argsort(-weight, kind="stable")]:
        fold = int(np.lexsort((rows, held @ share[group]))[0])
        fold_of[group] = fold
        held[fold] += share[group]
        rows[fold] += sizes[group]
    return fold_of


def time_ordered(n: int, *, folds: int) -> Splits:
    """Split rows that stand in order of time: train on all that came before, test on what follows.

    The rows are cut into `folds + 1` blocks of equal size, within one row; each block but the
    first tests once.

    Args:
        n: the number of rows, oldest first.
        folds: how many splits.

    Raises:
        InvalidData: `data_too_small` when a block would be empty.
    """
    return ordered_by(np.arange(n, dtype=np.float64), folds=folds)


def ordered_by(
    times: Floats, *, folds: int, least: int = 0, groups: NDArray[np.generic] | None = None
) -> Splits:
    """Split rows by their times: train on all that came before, test on what follows.

    An expanding window, as in Hyndman and Athanasopoulos, Forecasting: principles and practice,
    section 5.10. The rows are cut into `folds + 1` blocks of equal size, as far as rows of one time
    allow, which stay together; each block but the first tests once. With groups, a row whose group
    was trained on is not tested: what is tested is new in both senses, later and unknown.

    Args:
        times: (n,) finite; equal ones are never parted.
        folds: how many splits.
        least: rows that the first block has at least; the others then share the rest.
        groups: (n,) the group of each row; None when rows stand for themselves.

    Raises:
        InvalidData: `data_too_small` when a block would be empty.
    """
    distinct, moment, counts = np.unique(times, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    first = max(len(times) / (folds + 1), least)
    ideal = first + (len(times) - first) * np.arange(folds) / folds
    borders = np.unique([int(np.abs(ends - each).argmin()) + 1 for each in ideal])
    borders = borders[ends[borders - 1] >= least]
    if len(times) <= folds or len(borders) < folds or borders[-1] == len(distinct):
        raise InvalidData(
            "data_too_small",
            f"{len(times)} rows of {len(distinct)} times cannot fill {folds + 1} blocks",
            hint="use fewer folds",
        )
    each = []
    for start, end in pairwise([*borders.tolist(), len(distinct)]):
        train = np.flatnonzero(moment < start)
        test = np.flatnonzero((moment >= start) & (moment < end))
        if groups is not None:
            test = test[~np.isin(groups[test], groups[train])]
        if not len(test):
            raise InvalidData(
                "data_too_small",
                "no group of a later block is new",
                hint="use fewer folds or a finer group",
            )
        each.append(Split(train, test))
    return Splits("time_ordered", folds, 1, 0, tuple(each))


def choose_splits(
    truth: Ints | Floats,
    problem: Problem,
    *,
    seed: int,
    many: int = 50_000,
    groups: NDArray[np.generic] | None = None,
    times: Floats | None = None,
) -> Splits:
    """Choose folds and repeats that a race can afford and a comparison can use.

    Five folds; four repeats to 1,000 rows, two to `many`, one beyond, for time. With one repeat a
    true difference of two standard deviations is found less than half the time. A class with fewer
    rows than folds makes them fewer. With times, one expanding window; with groups, whole groups
    are dealt, and as many repeats as rows would have had when there are at least 50 groups.

    Args:
        truth: (n,) class indexes, or floats for regression.
        problem: what the truth is.
        seed: the start of the shuffles.
        many: rows beyond which one repeat must do.
        groups: (n,) values that sort; rows of one are never both trained on and tested.
        times: (n,) finite; no row is tested by a model that has seen a later one.

    Raises:
        InvalidData: `data_too_small` with fewer than 20 rows or 2 rows of a class, with one group,
            or when no two splits have each class to train on and two to test on;
            `data_target_constant` when there is nothing to tell apart.
    """
    n = len(truth)
    values, rows = np.unique(truth, return_counts=True)
    if n < MINIMUM_ROWS:
        raise InvalidData(
            "data_too_small",
            f"{n} rows are too few to compare anything",
            hint=f"give at least {MINIMUM_ROWS}",
        )
    if len(values) < 2:
        raise InvalidData(
            "data_target_constant",
            f"all {n} rows have one value of the target",
            hint="name another target, or give rows of another outcome",
        )
    repeats = 4 if n <= 1_000 else 2 if n <= many else 1
    regression = problem == "regression"
    folds = FOLDS if regression else min(FOLDS, int(rows.min()))
    if folds < 2:
        raise InvalidData(
            "data_too_small",
            f"class {values[rows.argmin()]} has one row only",
            hint="give at least 2 rows of each class, or merge it into another",
        )
    if times is not None:
        return _by_time(truth, problem, times, groups)
    if groups is not None:
        return _by_group(truth, problem, groups, folds=folds, repeats=repeats, seed=seed)
    if regression:
        return repeated_folds(truth.astype(np.float64), folds=folds, repeats=repeats, seed=seed)
    return repeated_stratified(truth.astype(np.int64), folds=folds, repeats=repeats, seed=seed)


def _by_time(
    truth: Ints | Floats,
    problem: Problem,
    times: Floats,
    groups: NDArray[np.generic] | None,
) -> Splits:
    order = np.argsort(times, kind="stable")
    seen = np.unique(truth[order], return_index=True)[1] if problem != "regression" else np.zeros(1)
    least = max(MINIMUM_ROWS // 2, int(seen.max()) + 1)  # each class has come by then

    def make(folds: int) -> Splits:
        return ordered_by(times, folds=folds, least=least, groups=groups)

    found = _most_folds(make, FOLDS, truth, problem)
    if found is None:
        new = "" if groups is None else ", of groups not met before"
        raise InvalidData(
            "data_too_small",
            "in order of time no two splits have each class to train on and two values to test "
            f"on{new}",
            hint="give rows of a longer time" + (", or a finer group" if new else ""),
        )
    return found


def _by_group(
    truth: Ints | Floats,
    problem: Problem,
    groups: NDArray[np.generic],
    *,
    folds: int,
    repeats: int,
    seed: int,
) -> Splits:
    count = len(np.unique(groups))
    if count < 2:
        raise InvalidData(
            "data_too_small",
            "all rows are of one group, so none can be tested without having been trained on",
            hint="name a finer group, or none",
        )
    regression = problem == "regression"
    kinds = equal_mass_bins(truth.astype(np.float64), _TARGET_BINS) if regression else truth
    again = repeats if count >= _MANY_GROUPS else 1  # of few groups a shuffle finds nothing new

    def make(number: int) -> Splits:
        return grouped(
            groups, folds=number, seed=seed, repeats=again, classes=kinds.astype(np.int64)
        )

    found = _most_folds(make, min(folds, count), truth, problem)
    if found is None:
        raise InvalidData(
            "data_too_small",
            "no way to part the groups leaves each class to train on and two values to test on",
            hint="give rows of more groups, or name a finer group",
        )
    return found


def _most_folds(
    make: Callable[[int], Splits], most: int, truth: Ints | Floats, problem: Problem
) -> Splits | None:
    """Return the splits of the most folds with each class to train on and two values to test on."""
    needed = 2 if problem == "regression" else len(np.unique(truth))
    for folds in range(most, 1, -1):
        try:
            found = make(folds)
        except InvalidData:  # fewer folds may do
            continue
        if all(
            len(np.unique(truth[split.train])) >= needed and len(np.unique(truth[split.test])) >= 2
            for split in found
        ):
            return found
    return None
