"""What a race has found out about its data: copies, contradictions, wrong labels, drift."""

import numpy as np
from numpy.typing import NDArray

from plait.core.contract import Contract
from plait.core.doubt import SHOWN, Doubts
from plait.engines.answer import level_text
from plait.evaluate.conformal import coverage
from plait.evaluate.drift import drifts
from plait.evaluate.noise import doubted_by_chance, doubtful_labels
from plait.evaluate.repeat import most_right
from plait.store.frame import objects
from plait.train.plan import Plan
from plait.train.race import Result
from plait.train.require import answers_of, coverages

MOST_DRIFTED = 5
"""Columns that are named, the farthest drifted first."""


def doubts_of(plan: Plan, winner: Result) -> Doubts | None:
    """Return the labels that look wrong to the winner; None where none does.

    Each row is judged by the mean of what it was answered in the folds that tested it.

    Args:
        plan: the race.
        winner: of classes; of anything else there are no labels to doubt.
    """
    prepared = plan.prepared
    answers = answers_of(plan, winner)
    if prepared.number is None or not len(answers.row) or answers.prediction.ndim == 1:
        return None
    if winner.paradigm == "incumbent":  # it may have seen the labels that it is to judge
        return None
    tested, place = np.unique(answers.row, return_inverse=True)
    total = np.zeros((len(tested), answers.prediction.shape[1]))
    np.add.at(total, place, answers.prediction)
    chance = total / np.bincount(place)[:, None]
    truth = prepared.target[tested].astype(np.int64)
    found = doubtful_labels(truth, chance)
    if not found:
        return None
    rows = prepared.number[tested[[each.row for each in found[:SHOWN]]]]
    return Doubts(
        labels=len(found),
        by_chance=round(doubted_by_chance(truth, chance), 2),
        rows=tuple(rows.tolist()),
    )


def repeated(contract: Contract, plan: Plan) -> list[str]:
    """Say which rows are copies and what came of it, and which contradict each other.

    Args:
        contract: names the target, and what keeps rows together or in order.
        plan: the race, with the splits that counted.
    """
    prepared = plan.prepared
    same, copied = prepared.same, prepared.copied
    if same is None or copied is None:
        return []
    notes = []
    if count := int(copied.sum()):
        share = f"{count:,} of {len(same):,} rows ({100 * count / len(same):.2g} %)"
        met = float(
            np.mean(
                [
                    (copied[each.test] & np.isin(same[each.test], same[each.train])).mean()
                    for each in plan.splits
                ]
            )
        )
        notes.append(
            f"Copies: {share} have the same features as another, and not by chance. "
            + (
                "Copies are kept in one fold, so no row was judged by a model that had seen it."
                if not met
                else f"{100 * met:.2g} % of the rows tested had a copy among those trained on, "
                "which may flatter every score."
            )
        )
    if prepared.classes:
        against, right = most_right(same, prepared.target.astype(np.int64))
        if against:
            notes.append(
                f"Contradictions: {against:,} rows have the same features as another and another "
                f"{contract.target}. By these features no model can be right in more than "
                f"{100 * right:.4g} % of the rows."
            )
    return notes


def held(contract: Contract, plan: Plan, winner: Result) -> list[str]:
    """Say how many rows the winner's interval or set holds, and in each large group.

    Args:
        contract: asks for a coverage, or else nothing is said.
        plan: the race.
        winner: judged on rows that it was not trained on.
    """
    answers, level = answers_of(plan, winner), contract.require.coverage
    if level is None or not len(answers.row) or len(answers.covered) != len(answers.row):
        return []
    every, *groups = (
        f"{100 * each.share.estimate:.1f} % ({100 * each.share.low:.1f} to "
        f"{100 * each.share.high:.1f}; {each.rows:,} rows)"
        + (f" of {each.group}" * bool(each.group))
        for each in coverages(contract, plan, answers)
    )
    by = contract.require.interval_by
    within = f" By {by}: {', '.join(groups)}." if groups else ""
    if by and not groups:
        within = f" No level of {by} has the 200 rows that it takes to say more."
    kind = "sets hold" if plan.prepared.classes else "intervals hold"
    return [f"Coverage: its {kind} {every}, and {100 * level:g} % is asked for.{within}"]


def below(contract: Contract, plan: Plan, winner: Result) -> list[str]:
    """Say how many rows lie below the winner's answers, where these are to be a quantile.

    Args:
        contract: asks for a quantile, or else nothing is said.
        plan: the race.
        winner: judged on rows that it was not trained on, each counted once.
    """
    answers, quantile = answers_of(plan, winner), contract.objective.quantile
    if quantile is None or not len(answers.row):
        return []
    first = answers.split < plan.splits.folds
    truth = plan.prepared.target[answers.row[first]]
    # answers are kept as float32; rounding both alike leaves equal ones equal
    under = truth.astype(np.float32) <= answers.prediction[first].astype(np.float32)
    (found,) = coverage(under)
    share = found.share
    return [
        f"Quantile: {100 * share.estimate:.1f} % ({100 * share.low:.1f} to {100 * share.high:.1f}) "
        f"of {found.rows:,} rows held out lie at or below its answers, and {100 * quantile:g} % "
        "is asked for."
    ]


def drifted(contract: Contract, plan: Plan) -> list[str]:
    """Say which columns, the target among them, differ between older rows and later ones.

    Compared are the rows trained on and those tested on in the last split of rows in order of time.
    Texts and times are not: each is one of its kind, and none may be quoted; nor is the time that
    the rows are in order of.

    Args:
        contract: names the time and the target.
        plan: the race.
    """
    if plan.splits.kind != "time_ordered" or not contract.time:
        return []
    prepared, last = plan.prepared, plan.splits.each[-1]
    truth: NDArray[np.generic] = prepared.target.astype(np.float64)
    if prepared.classes:
        levels = [level_text(each) for each in prepared.classes]
        truth = objects(levels[each] for each in prepared.target.astype(np.int64).tolist())
    kinds = {each.name: each.kind for each in prepared.input.fields}
    columns = {
        name: values
        for name, values in prepared.columns.items()
        if kinds[name] not in ("text", "time") and name != contract.time
    }
    columns[contract.target] = truth
    before, after = (
        {name: values[rows] for name, values in columns.items()} for rows in (last.train, last.test)
    )
    found = [each.detail for each in drifts(before, after) if each.drifted]
    if not found:
        return []
    more = len(found) - MOST_DRIFTED
    rest = f"; and {more} more" if more > 0 else ""
    return [
        f"Drift: the {len(last.test):,} rows on which the last split tests are unlike those before "
        f"by {contract.time} in {'; '.join(found[:MOST_DRIFTED])}{rest}."
    ]
