"""Which columns know the answer before the model does.

A leak is a column that was written after the target was known, or from it. Three rules look for
one in the raw columns; in each, what is found on four fifths of the rows is judged on the fifth.

- `restates`: each value of the column goes with one value of the target, right for 99 % of the
  rows of every class and for 99 % of the rows said to be of it. With a numeric target: a
  correlation of 0.999, of ranks for a number, of each level's mean for levels.
- `single_feature`: the column alone reaches an AUC of 0.95, or a correlation of 0.98. A single
  honest column of a problem worth a model is seldom above 0.9.
- `purity`: a set of levels, or a range, that covers 5 % of the rows and holds one class in 99 %
  of them. Where that class is common this is no surprise, so the rows must also have at most a
  tenth of the errors that the class's share of all rows would give, and be beyond chance (one
  sided binomial test, 1 in 1,000 over all columns and classes). In a number the set must end at
  an edge, where an honest number fades: the rows just beyond it have at least three quarters of
  the usual errors. Not looked for with a numeric target.

A finding is a question to the owner of the data, not a verdict: the first column of an easy
problem may be honest and near perfect.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import bdtr

from plait.evaluate.bin import Floats, Ints, equal_mass_bins
from plait.evaluate.cell import Cells, cells_of
from plait.evaluate.metric import METRICS

Kind = Literal["restates", "single_feature", "purity"]

SUSPECT_AUC = 0.95
SUSPECT_CORRELATION = 0.98
RESTATING_CORRELATION = 0.999
PURE = 0.99
COVERED = 0.05
FEWER_ERRORS = 10
CHANCE = 0.001
USUAL_ERRORS = 0.75

_FOLDS = 5


@dataclass(frozen=True, slots=True)
class LeakageFinding:
    """A column that may know the target.

    Attributes:
        column: its name.
        kind: the strongest rule that names it: restates, then single_feature, then purity.
        score: of restates, the share of rows it gets right or the correlation; of
            single_feature, the AUC or the correlation; of purity, the share of one class.
        rows: how many rows the finding speaks of.
        share: these as a share of all rows.
        detail: one sentence for a person.
    """

    column: str
    kind: Kind
    score: float
    rows: int
    share: float
    detail: str


@dataclass(frozen=True, slots=True, eq=False)
class _Classes:
    """A target of classes: (n,) indexes and folds, names and shares of the k classes."""

    truth: Ints
    fold: Ints
    names: Sequence[str]
    shares: Floats

    def tabulate(self, codes: Ints) -> Ints:
        """Return the (folds, cells, classes) table of rows."""
        cells, k = int(codes.max()) + 1, len(self.names)
        where = (self.fold * cells + codes) * k + self.truth
        return np.bincount(where, minlength=_FOLDS * cells * k).reshape(_FOLDS, cells, k)


def leakage_report(
    columns: Mapping[str, NDArray[np.generic]],
    target: Ints | Floats,
    *,
    class_names: Sequence[str] = (),
    seed: int = 0,
) -> list[LeakageFinding]:
    """Return the columns that may know the target, the surest first.

    Args:
        columns: name -> (n,) raw values, numbers or objects, without the target; missing values
            are NaN or None.
        target: (n,) integers for classes, 0 upwards, or floats for regression.
        class_names: what to call the classes in sentences; their indexes when not given.
        seed: of the folds.

    Returns:
        At most one finding per column; none when there is only one class.
    """
    n = len(target)
    fold = np.random.Generator(np.random.PCG64(seed)).permutation(n) % _FOLDS
    cells = {name: found for name, raw in columns.items() if len(found := cells_of(raw)) > 1}
    if target.dtype.kind == "f":
        values = target.astype(np.float64)
        findings = [_of_number(name, each, values, fold) for name, each in cells.items()]
    else:
        truth = target.astype(np.int64)
        rows = np.bincount(truth)
        names = class_names or [str(index) for index in range(len(rows))]
        if np.count_nonzero(rows) < 2:
            return []
        classes = _Classes(truth, fold, names, rows / n)
        chance = CHANCE / (len(columns) * len(rows)) if columns else CHANCE
        findings = [_of_classes(name, each, classes, chance) for name, each in cells.items()]
    order: dict[Kind, int] = {"restates": 0, "single_feature": 1, "purity": 2}
    return sorted(
        (finding for finding in findings if finding),
        key=lambda finding: (order[finding.kind], -finding.score),
    )


def _of_number(name: str, cells: Cells, target: Floats, fold: Ints) -> LeakageFinding | None:
    """Look for a column that orders a numeric target."""
    if cells.ranges:
        score = abs(_correlation(_ranks(cells.codes), _ranks(target)))
    else:
        score = _correlation(_out_of_fold_mean(cells.codes, target, fold), target)
    if score < SUSPECT_CORRELATION:
        return None
    restates = score >= RESTATING_CORRELATION
    says = "restates the target" if restates else "alone nearly orders the target"
    detail = f"{name} {says}: their correlation is {score:.4f}"
    kind: Kind = "restates" if restates else "single_feature"
    return LeakageFinding(name, kind, score, len(target), 1.0, detail)


def _of_classes(name: str, cells: Cells, classes: _Classes, chance: float) -> LeakageFinding | None:
    """Apply the three rules to one column, the strongest first."""
    n = len(classes.truth)
    codes = equal_mass_bins(cells.codes, min(max(n // 20, 5), 50)) if cells.ranges else cells.codes
    table = classes.tabulate(codes)
    if right := _restated(table):
        detail = (
            f"{name} restates the target: each of its values goes with one outcome "
            f"in {right:,} of {n:,} rows"
        )
        return LeakageFinding(name, "restates", right / n, n, 1.0, detail)
    score = _single_feature_auc(cells, codes, table, classes)
    if score >= SUSPECT_AUC:
        detail = f"{name} alone nearly tells the target: AUC {score:.3f} over {n:,} rows"
        return LeakageFinding(name, "single_feature", score, n, 1.0, detail)
    found = (
        _pure_set(name, cells, classes, int(index), chance)
        for index in np.flatnonzero(classes.shares >= COVERED * PURE)
    )
    return max(filter(None, found), key=lambda finding: finding.rows, default=None)


def _restated(table: Ints) -> int:
    """Return how many rows get the right class from their cell alone; 0 if a class is not sure.

    Each cell stands for its commonest class on the other folds.
    """
    k = table.shape[2]
    confusion = np.zeros((k, k))
    for held_out in table:
        commonest = (table.sum(axis=0) - held_out).argmax(axis=1)
        np.add.at(confusion, commonest, held_out)
    right = confusion.diagonal()
    if (right < PURE * np.maximum(confusion.sum(axis=0), confusion.sum(axis=1))).any():
        return 0
    return int(right.sum())


def _single_feature_auc(cells: Cells, codes: Ints, table: Ints, classes: _Classes) -> float:
    """Return the AUC of the column alone, macro one-versus-rest beyond two classes.

    A number is used as it stands, in whichever direction is better; levels by the share of each
    class on the other folds, with one row at the overall shares added.
    """
    k = len(classes.names)
    if cells.ranges and k == 2:
        prediction = np.repeat(cells.codes[:, None].astype(np.float64), 2, axis=1)
    else:
        others = table.sum(axis=0) - table
        rates = (others + classes.shares) / (others.sum(axis=2, keepdims=True) + 1)
        prediction = rates[classes.fold, codes]
    score = METRICS["roc_auc"].function(classes.truth, prediction, np.ones(len(codes)))
    return max(score, 1 - score) if cells.ranges and k == 2 else score


def _pure_set(
    name: str, cells: Cells, classes: _Classes, index: int, chance: float
) -> LeakageFinding | None:
    """Look for levels or a range in which nearly all rows have the class `index`."""
    n, base = len(classes.truth), float(classes.shares[index])
    group = np.arange(len(cells)) if cells.ranges else _pool_rare(cells, base)
    table = classes.tabulate(group[cells.codes])
    rows, hits = table.sum(axis=2), table[:, :, index]
    covered = errors = 0
    for fold in range(_FOLDS):
        chosen = _purest(cells, hits.sum(axis=0) - hits[fold], rows.sum(axis=0) - rows[fold])
        covered += int(rows[fold][chosen].sum())
        errors += int((rows[fold] - hits[fold])[chosen].sum())
    most_errors = min(1 - PURE, (1 - base) / FEWER_ERRORS) * covered
    if cells.ranges:  # the row that ends a run on either side, when held out, counts as inside
        most_errors += 2
    if covered < COVERED * n or errors > most_errors:
        return None
    if bdtr(errors, covered, 1 - base) > chance:
        return None
    rows, hits = rows.sum(axis=0), hits.sum(axis=0)
    chosen = _purest(cells, hits, rows)
    if not chosen.any():
        return None
    if not cells.ranges:
        chosen = _widened(chosen, hits, rows)
    covered, held = int(rows[chosen].sum()), int(hits[chosen].sum())
    chosen = chosen[group]
    usual = USUAL_ERRORS * (1 - base)
    if cells.numeric and _errors_beside(cells, chosen, classes.truth == index) < usual:
        return None
    detail = (
        f"where {name} {cells.describe(chosen)}, {held:,} of {covered:,} rows have target "
        f"{classes.names[index]}, against {base:.0%} of all rows"
    )
    return LeakageFinding(name, "purity", held / covered, covered, covered / n, detail)


def _errors_beside(cells: Cells, chosen: NDArray[np.bool_], hit: NDArray[np.bool_]) -> float:
    """Return the share of other classes in the rows whose numbers lie just outside the chosen.

    On each side as many rows as a finding must cover. Past the end of a leak the outcome is open
    again; beside the pure tail of an honest number it is only a little less sure. Where nothing
    lies beside, as with missing values, the share is 1.

    Args:
        cells: of a number.
        chosen: (cells,) the pure ones.
        hit: (n,) whether the row has the class they hold.
    """
    values = len(cells) - cells.missing
    rows = np.bincount(cells.codes)[:values]
    hits = np.bincount(cells.codes[hit], minlength=values)[:values]
    inside, reach = chosen[:values], COVERED * len(hit)
    ends = np.cumsum(rows)
    starts = ends - rows
    below = np.maximum.accumulate(np.where(inside, ends, -np.inf))
    above = np.minimum.accumulate(np.where(inside, starts, np.inf)[::-1])[::-1]
    beside = ~inside & ((starts - below < reach) | (above - ends < reach))
    return float(1 - hits[beside].sum() / max(rows[beside].sum(), 1))


def _pool_rare(cells: Cells, base: float) -> Ints:
    """Return the group of each level: its own, or one for all that are too rare to judge alone.

    A level is too rare when its rows could well all be of the class by chance; many such levels
    together would look pure where they were chosen and dilute a pure set where it is judged.
    """
    rows = np.bincount(cells.codes, minlength=len(cells))
    rare = base**rows > CHANCE
    return np.where(rare, (~rare).sum(), np.cumsum(~rare) - 1)


def _purest(cells: Cells, hits: Ints, rows: Ints) -> NDArray[np.bool_]:
    """Return the mask of the cells whose hits exceed what purity asks for by most.

    Of levels, and of missing values, these are all that are pure by themselves; of ranges, the run
    of greatest sum, unless it is too short to be more than luck.
    """
    excess = hits - PURE * rows
    chosen = excess > 0
    if not cells.ranges:
        return chosen
    ranges = len(cells) - cells.missing
    chosen[:ranges] = False
    excess = excess[:ranges]
    before = np.concatenate(([0.0], np.cumsum(excess)))
    end = int((before - np.minimum.accumulate(before)).argmax())
    run = slice(int(before[: end + 1].argmin()), end)
    chosen[run] = rows[run].sum() >= COVERED / 2 * rows.sum()
    return chosen


def _widened(chosen: NDArray[np.bool_], hits: Ints, rows: Ints) -> NDArray[np.bool_]:
    """Add to pure levels, of which there is one, the next purest while the whole stays pure."""
    purest = np.lexsort((-hits / np.maximum(rows, 1), ~chosen))
    pure = np.cumsum(hits[purest]) >= PURE * np.cumsum(rows[purest])
    wide = np.zeros_like(chosen)
    wide[purest[: np.flatnonzero(pure)[-1] + 1]] = True
    return wide


def _out_of_fold_mean(codes: Ints, target: Floats, fold: Ints) -> Floats:
    """Return per row the mean target of its cell on the other folds, one mean row added."""
    cells = int(codes.max()) + 1
    where = fold * cells + codes
    shape = (_FOLDS, cells)
    rows = np.bincount(where, minlength=_FOLDS * cells).reshape(shape)
    sums = np.bincount(where, target, _FOLDS * cells).reshape(shape)
    means: Floats = (sums.sum(axis=0) - sums + target.mean()) / (rows.sum(axis=0) - rows + 1)
    return means[fold, codes]


def _ranks(values: Ints | Floats) -> Floats:
    """Return the rank of each value, equal values sharing their mean rank."""
    _, group, rows = np.unique(values, return_inverse=True, return_counts=True)
    ranks: Floats = np.cumsum(rows) - (rows - 1) / 2
    return ranks[group]


def _correlation(a: Floats, b: Floats) -> float:
    """Return Pearson's correlation; 0 if either is constant."""
    if np.ptp(a) == 0 or np.ptp(b) == 0:
        return 0.0
    return float(np.corrcoef(a, b)[0, 1])
