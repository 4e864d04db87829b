"""What a contract requires of its candidates, checked on what each of them raced with."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from plait.core.artefact import OWN
from plait.core.columns import Columns
from plait.core.contract import Contract, Fairness, Requirements
from plait.core.errors import EngineError
from plait.core.job import JobRun, Progress
from plait.core.protocol import Runnable
from plait.core.schema import Field
from plait.engines.answer import group_key, level_text, probability_columns
from plait.engines.base import load, read_artefact
from plait.engines.predictor import read_pipeline
from plait.evaluate.compare import compare
from plait.evaluate.conformal import Coverage, coverage
from plait.evaluate.decide import ALPHA, Broken
from plait.evaluate.fairness import (
    GroupThresholds,
    fairness,
    group_thresholds,
    joined,
    too_small,
)
from plait.evaluate.monotone import sweep
from plait.train.calibrate import BY_CLASS, calibrate_apart
from plait.train.plan import Plan
from plait.train.prepare import Prepared
from plait.train.race import Raced, Result
from plait.train.variant import fitted_on

Floats: TypeAlias = NDArray[np.float64]

_SHOWN = 20
_LEAST = 1e-12


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Answers:
    """What a candidate answered to rows it had not seen, once for each time a row was tested.

    Attributes:
        row: (m,) which row of the plan's `prepared`.
        split: (m,) which of the plan's splits tested it.
        prediction: (m, k) probabilities, or (m,) numbers of a regression; without rows where a
            race is judged in another way than by rows.
        covered: (m,) whether its interval or set held the truth; empty where it gives none.
    """

    row: NDArray[np.int64]
    split: NDArray[np.int64]
    prediction: Floats
    covered: NDArray[np.bool_]


Check: TypeAlias = Callable[[Contract, Plan, Result, Answers], Sequence[Broken]]
"""Says what a candidate breaks; an empty answer where it meets the requirement, or none is made."""


def check_all(contract: Contract, raced: Raced, run: JobRun) -> Raced:
    """Return the race with what each candidate breaks of the contract's requirements.

    Args:
        contract: what must be delivered.
        raced: how each candidate did.
        run: the job; the checks of a candidate are a step of it.

    Raises:
        Cancelled: the job should stop.
        EngineError: an artefact could not be loaded.
    """
    plan = raced.plan
    if contract.require == Requirements() and contract.fairness is None:
        return raced
    done = plan.units - len(raced.results)  # what is left is to measure them
    found = []
    for result in raced.results:
        run.progress(Progress(f"{result.name}, requirements", done, plan.units))
        work = partial(_checked, contract, plan, result)
        broken = run.step(f"require/{result.name}", work)
        found.append(replace(result, broken=tuple(Broken(**each) for each in broken)))
    return replace(raced, results=tuple(found))


def answers_of(plan: Plan, result: Result) -> Answers:
    """Return what a candidate answered on the splits of the race."""
    tested = [split.test for split in plan.splits]
    classes = len(plan.prepared.classes)
    covered = np.array([held for each in result.folds for held in each.covered], dtype=np.bool_)
    if not all(fold.answers(classes).size for fold in result.folds):
        none = np.zeros(0, dtype=np.int64)
        return Answers(row=none, split=none, prediction=np.zeros(0), covered=covered)
    return Answers(
        row=np.concatenate(tested),
        split=np.repeat(np.arange(len(tested)), [len(each) for each in tested]),
        prediction=np.concatenate([each.answers(classes) for each in result.folds]),
        covered=covered,
    )


def reasons(contract: Contract, plan: Plan, result: Result, _: Answers) -> Sequence[Broken]:
    """`require.reasons`: each answer can be given with exact reasons."""
    if not contract.require.reasons:
        return ()
    prepared = plan.prepared
    rows = np.unique(np.linspace(0, len(prepared) - 1, _SHOWN).astype(np.int64))
    try:
        given = load(result.folder).predict(prepared.take(rows), reasons=1).get("reasons")
    except EngineError as error:
        return (Broken("reasons", 1, None, said=f"it gives none: {error.message}"),)
    if given is None or (result.paradigm != "rule" and not any(len(row) for row in given)):
        return (Broken("reasons", 1, None, said="it gives none"),)
    if any(each.kind != "contribution" for row in given for each in row):
        return (Broken("reasons", 1, None, said="it gives examples, no exact shares"),)
    return ()


def licence(contract: Contract, _: Plan, result: Result, __: Answers) -> Sequence[Broken]:
    """`require.licence`: what the artefact is made of may be used under one of these."""
    said = licence_refused(read_artefact(result.folder).manifest.licence, contract)
    return (Broken("licence", 1, None, said=said),) if said else ()


def licence_refused(has: str, contract: Contract) -> str:
    """Return why a contract does not allow a licence, as the end of a sentence; "" when it does."""
    allowed = contract.require.licence
    if not allowed or _within(has, {each.casefold() for each in allowed}):
        return ""
    return f"its licence is {has}, and only {' or '.join(allowed)} is allowed"


def monotone(contract: Contract, plan: Plan, result: Result, _: Answers) -> Sequence[Broken]:
    """`require.monotone`: no answer to a real row moves back as the feature grows."""
    prepared = plan.prepared
    problem = prepared.problem
    answer = "prediction" if problem == "regression" else probability_columns(prepared.classes)[-1]
    found = []
    for feature, direction in contract.require.monotone.items():
        movable = _movable(prepared, result.folder, feature)
        if movable is None:
            if read_pipeline(read_artefact(result.folder, verify=False)).encode:
                said = f"it does not read {feature}, so nothing holds it to be {direction} in that"
                found.append(Broken("monotone", 0, None, said=said))
            continue
        runs, columns, field = movable
        swept = sweep(runs, columns, field, direction, answer=answer)
        if not swept.holds:
            said = (
                f"it is not {direction} in {feature}: {100 * swept.share:.3g} % of {swept.rows} "
                f"rows move back, by up to {swept.largest:.4g}"
            )
            found.append(Broken("monotone", 0, swept.share, said=said))
    return found


def _movable(
    prepared: Prepared, folder: Path, feature: str
) -> tuple[Runnable, Columns, Field] | None:
    """Return what answers as a feature moves, the rows, and its field; None where it is not read.

    A column moves what is computed of it too, as in a row that is sent. Only what is computed is
    moved by itself: no row can.
    """
    if feature in prepared.input.names:
        return load(folder), prepared.columns, prepared.input[feature]
    with TemporaryDirectory(prefix="plait-sweep-") as scratch:
        runs, columns, fields = fitted_on(folder, prepared.columns, Path(scratch))
    return (runs, columns, fields[feature]) if feature in fields else None


def interval(contract: Contract, plan: Plan, _: Result, answers: Answers) -> Sequence[Broken]:
    """`require.interval`: the interval or set holds the stated share of rows not trained on.

    Judged by the upper end of the share's exact 95 % interval, so chance alone breaks it seldom;
    where it must hold within groups, of each that has 200 rows too.
    """
    level = contract.require.coverage
    if level is None:
        return ()
    if not len(answers.covered):
        return (Broken("interval", level, None, said="it gives no interval and no set"),)
    if len(answers.row) and len(answers.covered) != len(answers.row):
        said = "it gives no interval and no set in some of the folds"
        return (Broken("interval", level, None, said=said),)
    found = []
    for each in coverages(contract, plan, answers):
        if each.share.high < level:
            held = f"{100 * each.share.estimate:.3g} % of rows"
            where = f" of {contract.require.interval_by} {each.group}" if each.group else ""
            said = f"it holds {held}{where}, and {100 * level:g} % is asked for"
            share = each.share.estimate
            found.append(Broken("interval", level, share, at_least=True, said=said))
    return tuple(found)


def coverages(contract: Contract, plan: Plan, answers: Answers) -> list[Coverage]:
    """Return the share of rows that an interval or set held: of all, then of each large group.

    Each row counts once, as in the first repeat of the folds.

    Args:
        contract: names the groups in `require.interval.by`.
        plan: the race.
        answers: of a candidate that gives an interval or set to every row.
    """
    if not len(answers.row):
        return coverage(answers.covered)
    first = answers.split < plan.splits.folds
    rows, by, prepared = answers.row[first], contract.require.interval_by, plan.prepared
    if not by:
        return coverage(answers.covered[first])
    if by == BY_CLASS and prepared.classes:
        levels = [level_text(each) for each in prepared.classes]
        groups = [levels[each] for each in prepared.target[rows].astype(np.int64).tolist()]
    else:
        groups = [group_key(each) or "missing" for each in prepared.columns[by][rows].tolist()]
    return coverage(answers.covered[first], groups)


def calibrated(contract: Contract, plan: Plan, _: Result, answers: Answers) -> Sequence[Broken]:
    """`require.calibrated`: its probabilities are no worse than a recalibration of them.

    The recalibration is fitted on all folds of a repeat but one, and judged on that one by log
    loss. The requirement is broken when it is better by the corrected paired test.
    """
    if not contract.require.calibrated or not len(answers.row) or answers.prediction.ndim == 1:
        return ()
    before, after = _log_losses(plan, answers)
    better = compare(before, after, test_to_train=plan.splits.test_to_train)
    if better.difference <= 0 or better.p_value > ALPHA:
        return ()
    said = (
        f"a recalibration lowers its log loss by {better.difference:.4f} "
        f"(95 % interval {better.low:.4f} to {better.high:.4f})"
    )
    allowed, measured = float(np.mean(after)), float(np.mean(before))
    return (Broken("calibrated", allowed, measured, said=said),)


def fair(contract: Contract, plan: Plan, result: Result, answers: Answers) -> Sequence[Broken]:
    """`fairness`: the gap between groups, at the threshold that will answer.

    Broken when even the lower end of the gap's 95 % interval is beyond what is allowed.
    """
    rule = contract.fairness
    if rule is None or result.point is None or not len(answers.row):
        return ()
    first = answers.split < plan.splits.folds  # each row once
    rows = answers.row[first]
    chance, threshold = answers.prediction[first, 1], result.point.threshold
    decided = chance >= threshold
    groups = np.array(groups_of(rule, plan), dtype=object)[rows]
    truth = plan.prepared.target[rows].astype(np.int64)
    found = fairness(truth, decided.astype(np.int64), groups, rule, seed=plan.seed)
    if found.gap is None:
        said = f"fewer than two groups of {rule.named} have {rule.min_rows} rows to be judged by"
        return (Broken("fairness", rule.max_gap, None, said=said),)
    if found.gap.low <= rule.max_gap:
        return ()
    gap, (favoured, other) = found.gap, found.between
    said = (
        f"{rule.metric} differs by {gap.estimate:.3f} (95 % interval {gap.low:.3f} to "
        f"{gap.high:.3f}) between {rule.named} {favoured} and {other}, {rule.max_gap:g} allowed; "
    )
    own = group_thresholds(truth, chance, groups, rule, threshold=threshold, costs=plan.costs)
    said += _own_thresholds(own)
    return (Broken("fairness", rule.max_gap, gap.estimate, said=said),)


def groups_of(rule: Fairness, plan: Plan) -> list[str]:
    """Return (n,) the group of each row, crossed where the contract names several columns."""
    return joined(*(plan.prepared.aside[name].tolist() for name in rule.groups))


def _own_thresholds(own: GroupThresholds | None) -> str:
    """Say which threshold per group would meet the contract, and what that would cost.

    It is told and never applied: to decide by a person's group, be it to level the outcome, is
    disparate treatment, which the law of credit, work and housing forbids in many places (in the
    United States the Equal Credit Opportunity Act, Title VII and the Fair Housing Act).
    """
    if own is None:
        return "no threshold per group that was tried would meet that"
    named = ", ".join(f"{name} {each:.2f}" for name, each in own.thresholds.items())
    return (
        f"thresholds per group, which plait never applies, would leave {own.gap:.3f} ({named}) at "
        f"a cost of {100 * own.cost:.3g} per 100 rows instead of {100 * own.cost_before:.3g}, as "
        "judged by the very rows that chose them"
    )


def unjudged(contract: Contract, plan: Plan) -> list[str]:
    """Return a sentence on the groups that are too small to be judged for fairness.

    What counts are the rows of the first repeat: those before the first that is tested in order of
    time, or that a race had no time for, do not.
    """
    rule = contract.fairness
    if rule is None or not plan.prepared.aside.keys() >= set(rule.groups):
        return []
    rows = np.concatenate([each.test for each in plan.splits.each[: plan.splits.folds]])
    groups = np.array(groups_of(rule, plan), dtype=object)[rows]
    small = too_small(plan.prepared.target[rows].astype(np.int64), groups, rule)
    if not small:
        return []
    least = math.ceil(rule.min_rows / 5)
    outcome = {
        "demographic_parity": "",
        "equal_opportunity": f", or than {least} positive ones",
        "equalized_odds": f", or than {least} of one outcome",
    }[rule.metric]
    named = ", ".join(f"{name} ({count:,} rows)" for name, count in small.items())
    return [
        f"Not judged for fairness, for they have fewer than {rule.min_rows} rows that were tested"
        f"{outcome}: of {rule.named} {named}."
    ]


CHECKS: tuple[Check, ...] = (reasons, licence, monotone, interval, calibrated, fair)


def _checked(contract: Contract, plan: Plan, result: Result) -> list[dict[str, Any]]:
    answers = answers_of(plan, result)
    return [asdict(broken) for check in CHECKS for broken in check(contract, plan, result, answers)]


def _within(expression: str, allowed: set[str]) -> bool:
    """Tell whether an SPDX expression of AND and OR is within what is allowed."""
    parts = expression.replace("(", " ").replace(")", " ").split(" AND ")
    return all(
        any(each.strip().casefold() in {*allowed, OWN} for each in part.split(" OR "))
        for part in parts
    )


def _log_losses(plan: Plan, answers: Answers) -> tuple[list[float], list[float]]:
    """Return the log loss of each split, as it is and recalibrated."""
    truth = plan.prepared.target[answers.row].astype(np.int64)
    before, after = [], []
    logs = np.log(np.clip(answers.prediction, _LEAST, 1.0))
    raw = logs[:, 1] - logs[:, 0] if logs.shape[1] == 2 else logs
    for first in range(0, len(plan.splits), plan.splits.folds):
        repeat = (answers.split >= first) & (answers.split < first + plan.splits.folds)
        fold, events = answers.split[repeat], truth[repeat]
        _, again = calibrate_apart(raw[repeat], events, fold)
        at = np.arange(len(events))
        losses: Mapping[str, Floats] = {
            "before": -logs[repeat][at, events],
            "after": -np.log(np.clip(again[at, events], _LEAST, 1.0)),
        }
        for number in np.unique(fold):
            before.append(float(losses["before"][fold == number].mean()))
            after.append(float(losses["after"][fold == number].mean()))
    return before, after
