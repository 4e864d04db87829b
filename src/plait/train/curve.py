"""Whether more data would change the winner: it and its best rival on parts of the rows."""

from collections.abc import Sequence
from functools import partial
from statistics import fmean
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from plait.core.contract import Contract
from plait.core.decision import LearningCurve
from plait.core.job import JobRun
from plait.evaluate.decide import Choice
from plait.evaluate.metric import Metric
from plait.evaluate.split import Split
from plait.train.heat import FAILED, tried
from plait.train.plan import Plan
from plait.train.race import Raced, Result, judge_rows

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]

PARTS = (0.25, 0.5)
SHARE = 0.15
"""Of the time that the race took, at most, goes into the curve."""

MOST_SPLITS = 3
FAR = 10.0
"""Beyond so many times the rows a trend is not followed."""


def learning_curve(
    contract: Contract, raced: Raced, choice: Choice, run: JobRun
) -> LearningCurve | None:
    """Return how the winner and its best rival do on a quarter, half and all of the training rows.

    On as many of the first three splits as 15 % of the time of the race allows; each fit is a step
    of the job. In order of time the latest rows are kept, with groups whole groups.

    Args:
        contract: names the time.
        raced: how each candidate did, on rows.
        choice: what the rule chose.
        run: the job.

    Returns:
        None where there is no rival or no time, or a part of the rows cannot be learnt from.
    """
    plan = raced.plan
    pair = _pair(raced, choice)
    if pair is None or plan.judge is not None:
        return None
    race_seconds = sum(fold.spent for each in raced.results for fold in each.folds)
    once = sum(PARTS) * sum(fmean(fold.spent for fold in each.folds) for each in pair)
    count = min(MOST_SPLITS, plan.splits.folds, int(SHARE * race_seconds / max(once, 1e-9)))
    if count < 1:
        return None
    times = plan.prepared.aside.get(contract.time)
    nested = [
        [*_parts(plan, split.train, times, PARTS), split.train]
        for split in plan.splits.each[:count]
    ]
    if not all(_learnable(plan, rows) for parts in nested for rows in parts):
        return None
    scores = []
    for result in pair:
        found = _scores(raced, result, nested, run)
        if found is None:
            return None
        scores.append(found)
    rows = [round(fmean(len(parts[at]) for parts in nested)) for at in range(len(PARTS) + 1)]
    return curve_of((pair[0].name, pair[1].name), rows, np.array(scores), plan.metric)


def curve_of(
    names: tuple[str, str], rows: Sequence[int], scores: Floats, metric: Metric
) -> LearningCurve:
    """Return the curve with what it says.

    Args:
        names: the winner and its rival.
        rows: trained on, ascending.
        scores: (2, splits, parts) of both.
        metric: what the scores are.
    """
    gap = metric.sign * (scores[0] - scores[1])
    doublings = np.log2(np.asarray(rows, dtype=np.float64) / rows[-1])
    slopes = [float(np.polyfit(doublings, each, 1)[0]) for each in gap]
    slope, last = fmean(slopes), float(gap[:, -1].mean())
    means = scores.mean(axis=1)
    told = " and ".join(
        f"{name} scores {', '.join(f'{value:.4g}' for value in mean)}"
        for name, mean in zip(names, means, strict=True)
    )
    counts = ", ".join(f"{count:,}" for count in rows)
    sentences = [
        f"On {counts} training rows {told} ({len(gap)} {'split' if len(gap) == 1 else 'splits'}).",
        _verdict(names, slope, last, rows[-1]),
    ]
    if len(slopes) > 1 and min(slopes) < 0 < max(slopes):
        sentences.append("The splits disagree on which of them gains, so this says little.")
    return LearningCurve(
        winner=names[0],
        rival=names[1],
        rows=tuple(rows),
        winner_scores=tuple(map(float, means[0])),
        rival_scores=tuple(map(float, means[1])),
        slope=slope,
        said=" ".join(sentences),
    )


def _verdict(names: tuple[str, str], slope: float, last: float, rows: int) -> str:
    """Say whether more data would change the winner."""
    winner, rival = names
    if slope >= 0:
        return (
            f"With each doubling {winner} gains {slope:.2g} on {rival}: more data is not expected "
            "to change the winner."
        )
    gains = f"With each doubling {rival} gains {-slope:.2g} on {winner}"
    if last <= 0:
        return f"{gains}, and it is ahead by {-last:.2g}: more data may change the winner."
    doublings = last / -slope
    if doublings <= np.log2(FAR):
        return (
            f"{gains}, and would pass it at about {rows * 2**doublings:,.0f} training rows: more "
            "data may change the winner."
        )
    return f"{gains}, too little to pass it within {FAR:g} times the rows."


def _pair(raced: Raced, choice: Choice) -> tuple[Result, Result] | None:
    """Return the winner, and the best of the others within the limits that is no baseline."""
    winner = next((each for each in raced.results if each.name == choice.winner), None)
    within = {choice.best, *choice.comparisons}
    rivals = [
        each
        for each in raced.results
        if each is not winner and each.name in within and each.paradigm != "rule"
    ]
    if winner is None or not rivals:
        return None
    sign = raced.plan.metric.sign
    return winner, max(rivals, key=lambda each: sign * fmean(each.scores))


def _parts(
    plan: Plan, train: Ints, times: NDArray[np.generic] | None, parts: Sequence[float]
) -> list[Ints]:
    """Return nested parts of the rows to train on, ascending."""
    random = np.random.Generator(np.random.PCG64(plan.seed))
    groups = plan.prepared.groups
    if times is not None:
        order = train[np.argsort(times[train], kind="stable")[::-1]]
    elif groups is not None:
        rank = random.permutation(int(groups.max()) + 1)
        order = train[np.argsort(rank[groups[train]], kind="stable")]
    else:
        order = random.permutation(train)
    return [np.sort(order[: max(1, round(part * len(order)))]) for part in parts]


def _learnable(plan: Plan, rows: Ints) -> bool:
    """Tell whether the rows hold each class twice, or several values."""
    values, counts = np.unique(plan.prepared.target[rows], return_counts=True)
    if plan.prepared.problem == "regression":
        return len(values) > 1
    return len(values) == len(plan.prepared.classes) and bool(counts.min() > 1)


def _scores(
    raced: Raced, result: Result, nested: Sequence[Sequence[Ints]], run: JobRun
) -> list[list[float]] | None:
    """Return the score of each split and part; that of all rows is known. None if a fit fails."""
    plan = raced.plan
    found = []
    for index, parts in enumerate(nested):
        row = []
        for part, train in zip(PARTS, parts[:-1], strict=True):
            what = f"{result.name}/{index}/{part}"
            work = partial(_score, plan, result.name, Split(train, plan.splits.each[index].test))
            attempt = partial(tried, result.folder.parent, f"curve/{what}", work)
            kept = run.step(f"curve/{what}", attempt)
            if FAILED in kept:
                return None
            row.append(float(kept["score"]))
        found.append([*row, result.scores[index]])
    return found


def _score(plan: Plan, name: str, split: Split) -> dict[str, Any]:
    return {"score": judge_rows(plan, plan.recipes[name], split).score}
