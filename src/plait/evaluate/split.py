"""Which rows train and which rows test.

Every candidate of a race meets the same splits. They depend on the target, the arguments and the
seed alone: the generator is NumPy's PCG64, whose stream NumPy promises not to change.
"""

import hashlib
import heapq
from collections.abc import Iterator
from dataclasses import dataclass
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
    """

    kind: Literal["stratified", "grouped", "time_ordered"]
    folds: int
    repeats: int
    seed: int
    each: tuple[Split, ...]

    def __iter__(self) -> Iterator[Split]:
        return iter(self.each)

    def __len__(self) -> int:
        return len(self.each)

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


def grouped(groups: NDArray[np.generic], *, folds: int, seed: int) -> Splits:
    """Split so that no group is in both halves: all rows of one customer train, or all test.

    The largest group left goes to the smallest fold; groups of one size go in random order.

    Args:
        groups: (n,) the group of each row: any values that sort.
        folds: how many splits.
        seed: the start of the shuffle.

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
    sizes = np.bincount(group)
    shuffled = random.permutation(len(names))
    fold_of = np.empty(len(names), dtype=np.int64)
    filled = [(0, fold) for fold in range(folds)]
    for name in shuffled[np.argsort(-sizes[shuffled], kind="stable")]:
        rows, fold = heapq.heappop(filled)
        fold_of[name] = fold
        heapq.heappush(filled, (rows + int(sizes[name]), fold))
    return Splits("grouped", folds, 1, seed, tuple(_by_fold(fold_of[group], folds)))


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
    if n <= folds:
        raise InvalidData(
            "data_too_small", f"{n} rows cannot fill {folds + 1} blocks", hint="use fewer folds"
        )
    rows = np.arange(n)
    edges = n * np.arange(1, folds + 2) // (folds + 1)
    each = (Split(rows[:start], rows[start:end]) for start, end in pairwise(edges))
    return Splits("time_ordered", folds, 1, 0, tuple(each))


def choose_splits(
    truth: Ints | Floats, problem: Problem, *, seed: int, many: int = 50_000
) -> Splits:
    """Choose folds and repeats that a race can afford and a comparison can use.

    Five folds; four repeats to 1,000 rows, two to `many`, one beyond, for time. With one repeat a
    true difference of two standard deviations is found less than half the time. A class with fewer
    rows than folds makes them fewer.

    Args:
        truth: (n,) class indexes, or floats for regression.
        problem: what the truth is.
        seed: the start of the shuffles.
        many: rows beyond which one repeat must do.

    Raises:
        InvalidData: `data_too_small` with fewer than 20 rows or 2 rows of a class;
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
    if problem == "regression":
        return repeated_folds(truth.astype(np.float64), folds=FOLDS, repeats=repeats, seed=seed)
    folds = min(FOLDS, int(rows.min()))
    if folds < 2:
        raise InvalidData(
            "data_too_small",
            f"class {values[rows.argmin()]} has one row only",
            hint="give at least 2 rows of each class, or merge it into another",
        )
    return repeated_stratified(truth.astype(np.int64), folds=folds, repeats=repeats, seed=seed)
