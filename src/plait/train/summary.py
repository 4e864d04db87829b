"""A decision as one paragraph for a manager: who answers, how well, at what price, what to doubt.

Every figure stands in the decision too, with why each of the others lost.
"""

from collections.abc import Mapping

import numpy as np

from plait.core.contract import Contract
from plait.core.decision import LearningCurve, OperatingPoint, Reported
from plait.core.figure import size
from plait.engines.answer import level_text
from plait.evaluate.compare import interval_of_scores
from plait.evaluate.decide import Choice
from plait.evaluate.threshold import Costs
from plait.train.corpus import FEW, lacking
from plait.train.race import Raced, Result


def summary_of(
    contract: Contract,
    raced: Raced,
    measurements: Mapping[str, Mapping[str, float]],
    choice: Choice,
    reported: Reported | None = None,
    curve: LearningCurve | None = None,
    *,
    name: str,
) -> str:
    """Return the paragraph.

    Args:
        contract: what must be delivered.
        raced: how each candidate did.
        measurements: candidate -> what its artefact costs to run.
        choice: what the rule chose.
        reported: the score to expect of the winner; None takes the one it won with.
        curve: whether more data would change the winner.
        name: of the contract.
    """
    winner = next((each for each in raced.results if each.name == choice.winner), None)
    if winner is None:
        return " ".join([f"Nothing answers for {name}: {choice.why}.", *_doubts(raced)])
    return " ".join(
        [
            _score(raced, winner, reported, name),
            f"The reason: {choice.why}.",
            _price(measurements[winner.name]),
            *_errors(contract, raced, winner),
            *_abstains(winner),
            *([curve.said] if curve else []),
            *_doubts(raced),
        ]
    )


def summary_of_few(raced: Raced, measurements: Mapping[str, float], *, name: str) -> str:
    """Return the paragraph on texts that are too few to compare candidates by.

    Args:
        raced: how the one candidate did.
        measurements: what its artefact costs to run.
        name: of the contract.
    """
    (result,) = raced.results
    plan, prepared = raced.plan, raced.plan.prepared
    tested = zip(result.scores, plan.splits, strict=True)
    right = sum(round(score * len(split.test)) for score, split in tested)
    counts = np.bincount(prepared.target.astype(np.int64))
    return " ".join(
        [
            f"{result.name} answers for {name}. It is declared, not chosen: too few labels to "
            f"compare, since {int((counts < FEW).sum())} of the {len(counts)} levels have fewer "
            f"than {FEW} texts.",
            f"Left out in turn, {right} of the {len(prepared)} texts got the right level: an "
            "impression, no evidence.",
            *_abstains(result),
            _price(measurements),
            f"To compare candidates give {lacking(prepared)} more texts, so that each level has "
            f"{FEW}, and train again.",
        ]
    )


def _abstains(result: Result) -> list[str]:
    """Say what is left without an answer."""
    found = result.abstention
    if found is None:
        return []
    extent = f"{100 * found.loss_low:.3g} to {100 * found.loss_high:.3g}"
    sentence = (
        f"It answers from a confidence of {found.threshold:.3g} on, and so leaves about "
        f"{100 * found.loss:.3g} of 100 texts within the scope without an answer (95 % interval "
        f"{extent}; {100 * found.max_loss:g} are allowed)"
    )
    if found.recall is None or found.recall_low is None or found.recall_high is None:
        return [f"{sentence}."]
    extent = f"{100 * found.recall_low:.3g} to {100 * found.recall_high:.3g}"
    return [f"{sentence}, and {100 * found.recall:.3g} of 100 beyond it ({extent})."]


def _score(raced: Raced, winner: Result, reported: Reported | None, name: str) -> str:
    plan = raced.plan
    splits = len(plan.splits)
    times = f"{splits} times"
    if plan.splits.drawn:
        times += f" (by {splits} of {plan.splits.drawn} folds; for all there was no time)"
    copies = plan.prepared.same is not None and plan.prepared.groups is plan.prepared.same
    groups = "rows and all their copies" if copies else "groups"
    held = {
        "stratified": f"judged {times} on rows held out of {len(plan.prepared):,}",
        "grouped": f"judged {times} on {groups} held out of {len(plan.prepared):,} rows",
        "time_ordered": f"judged {times} on what came later, of {len(plan.prepared):,} rows",
    }[plan.splits.kind]
    score = plan.metric.within(
        interval_of_scores(winner.scores, test_to_train=plan.splits.test_to_train)
    )
    told = reported or Reported(score=score.estimate, low=score.low, high=score.high, optimism=0.0)
    chosen = ""
    if _figure(told.optimism) != _figure(0.0):
        chosen = (
            f" That allows for {_figure(told.optimism)} by which choosing the best of several on "
            f"the same rows flatters; it was chosen with {_figure(score.estimate)}."
        )
    better = "higher" if plan.metric.greater_is_better else "lower"
    return (
        f"{winner.name} answers for {name}: its {plan.metric.name} is "
        f"{_figure(told.score)} (95 % interval {_figure(told.low)} to {_figure(told.high)}; "
        f"{better} is better), {held}.{chosen}"
    )


def _price(measurements: Mapping[str, float]) -> str:
    return (
        f"95 of 100 single answers take at most {measurements['latency_ms_p95']:.3g} ms, and the "
        f"model's files take {size(1e6 * measurements['size_mb'])}."
    )


def _errors(contract: Contract, raced: Raced, winner: Result) -> list[str]:
    """Say what the threshold of a binary contract means for a hundred cases."""
    point = winner.point
    if point is None:
        return []
    negative, positive = (
        f"{contract.target} {level_text(level)}" for level in raced.plan.prepared.classes
    )
    return [
        f"It answers {positive} from a probability of {point.threshold:.3g} on: of 100 cases of "
        f"{negative}, about {_of_hundred(point.false_positive_rate)} are taken for {positive}, "
        f"and of 100 cases of {positive}, about {_of_hundred(point.false_negative_rate)} are "
        f"taken for {negative}.",
        _cost(raced, winner, point),
    ]


def _cost(raced: Raced, winner: Result, point: OperatingPoint) -> str:
    costs = raced.plan.costs
    if costs == Costs():
        price = f"At equal costs that is {100 * point.cost:.3g} errors"
    else:
        price = (
            f"With a false positive at {costs.false_positive:g} and a false negative at "
            f"{costs.false_negative:g}, that costs {100 * point.cost:.3g}"
        )
    extent = f"{100 * point.cost_low:.3g} to {100 * point.cost_high:.3g}"
    sentence = f"{price} per 100 cases (95 % interval {extent})"
    rules = (each for each in raced.results if each.paradigm == "rule" and each is not winner)
    rule = next((each for each in rules if each.point), None)
    if rule is None or rule.point is None:
        return f"{sentence}."
    return f"{sentence}, against {100 * rule.point.cost:.3g} for {rule.name}."


def _doubts(raced: Raced) -> list[str]:
    """Name who was not finished, and the features that may know the target."""
    prepared = raced.plan.prepared
    used = [leak.column for leak in prepared.leaks if leak.column in prepared.columns]
    unknown = []
    if raced.lost:
        names = " and ".join(raced.lost)
        verb, each = ("was", "it") if len(raced.lost) == 1 else ("were", "they")
        unknown = [f"{names} {verb} not finished, so nothing is known of how good {each} would be."]
    if not used:
        return unknown
    one = len(used) == 1
    names = used[0] if one else f"{', '.join(used[:-1])} and {used[-1]}"
    return [
        *unknown,
        f"Do not trust these figures before somebody has said why {names} all but "
        f"{'gives' if one else 'give'} the answer away, and whether "
        f"{'it is' if one else 'they are'} known when the decision is due.",
    ]


def _of_hundred(rate: float) -> str:
    return (
        f"{100 * rate:.0f}" if 0.01 <= rate <= 0.99 or rate in (0.0, 1.0) else f"{100 * rate:.1f}"
    )


def _figure(value: float) -> str:
    """Write a score: four decimals, or none where it is in the thousands."""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4f}"
