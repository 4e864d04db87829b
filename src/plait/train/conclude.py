"""What a race says: the evidence, the decision on it, and a paragraph for a manager."""

import platform
from collections.abc import Mapping
from importlib.metadata import version

import numpy as np

from plait.core.contract import Contract
from plait.core.decision import (
    Decision,
    Evidence,
    LearningCurve,
    Promise,
    Reported,
    Scored,
    Standing,
)
from plait.engines.answer import level_text
from plait.evaluate.calibration import reliability
from plait.evaluate.compare import interval_of_scores
from plait.evaluate.decide import ALPHA, PRICE, Broken, Choice, Entry, broken_limits, decide
from plait.evaluate.interval import Interval
from plait.evaluate.optimism import selection_optimism
from plait.train.corpus import FEW
from plait.train.incumbent import seen, worth
from plait.train.measure import Measured
from plait.train.plan import Plan
from plait.train.quality import below, doubts_of, drifted, held, repeated
from plait.train.race import Raced, Result
from plait.train.require import answers_of, unjudged
from plait.train.summary import summary_of, summary_of_few
from plait.train.variant import worth_of_inputs

RARE = 20
"""Of fewer rows of a class the decision warns."""

_PYTHON = ".".join(platform.python_version_tuple()[:2])  # 3.12 sums floats otherwise than 3.11

RULE = (
    "Of the candidates within every limit, those not significantly worse than the best score are "
    f"contenders (corrected paired test, Holm, {100 * ALPHA:.0f} %). Of these the simplest wins, "
    "then the fastest, then the smallest. A baseline that any rival beats is no contender, and "
    f"simplicity may cost {100 * PRICE:.0f} % of what is gained, for certain, over the simplest "
    "baseline."
)
RULE_OF_FEW = (
    "Too few labels to compare: more than half of the levels have fewer than "
    f"{FEW} texts. One method is taken unseen: the first that the contract names, else the linear "
    "one on a sentence encoder, or on words where there is no encoder."
)


def evidence_of(contract: Contract, raced: Raced) -> Evidence:
    """Return the repeatable part: the same data, seed and libraries give the same id."""
    plan, splits = raced.plan, raced.plan.splits
    return Evidence(
        contract=contract.record(),
        dataset=plan.prepared.dataset,
        metric=plan.metric.name,
        splits={
            "kind": splits.kind,
            "folds": splits.folds,
            "repeats": splits.repeats,
            "seed": splits.seed,
            "rows": splits.id,
            **({"drawn": splits.drawn} if splits.drawn else {}),
        },
        candidates=tuple(
            Scored(
                name=result.name,
                paradigm=result.paradigm,
                complexity=result.complexity,
                configuration=result.configuration,
                scores=result.scores,
            )
            for result in raced.results
        ),
        libraries={"python": _PYTHON, **{name: version(name) for name in plan.libraries}},
        schedule=raced.schedule,
    )


def conclude(
    contract: Contract,
    raced: Raced,
    measured: Mapping[str, Measured],
    *,
    name: str,
    by: str,
    created: float,
    curve: LearningCurve | None = None,
) -> tuple[Evidence, Decision]:
    """Return the evidence, and the decision taken on it by the rule.

    Args:
        contract: what must be delivered.
        raced: how each candidate did.
        measured: candidate -> what its artefact costs to run.
        name: of the contract.
        by: who asked for the decision.
        created: seconds since 1970-01-01 UTC.
        curve: whether more data would change the winner.
    """
    evidence = evidence_of(contract, raced)
    choice = choose(contract, raced, measured)
    winner = next((each for each in raced.results if each.name == choice.winner), None)
    reported = _reported(raced, winner, choice) if winner else None
    replacing = worth(raced, choice.winner or "")
    doubts = doubts_of(raced.plan, winner) if winner else None
    said = summary_of(
        contract,
        raced,
        {each: found.values for each, found in measured.items()},
        choice,
        reported,
        curve,
        name=name,
    )
    decision = Decision(
        kind="measured",
        contract=name,
        evidence=evidence.id,
        metric=evidence.metric,
        winner=winner.name if winner else "",
        artefact=winner.artefact if winner else "",
        rule=f"{RULE} {raced.plan.compared}".rstrip(),
        standings=_standings(raced, measured, choice),
        machine=next(iter(measured.values())).machine,
        operating_point=winner.point if winner else None,
        abstention=winner.abstention if winner else None,
        reported=reported,
        not_finished=raced.lost,
        curve=curve,
        reliability=_reliability(raced.plan, winner) if winner else (),
        inputs=worth_of_inputs(raced),
        doubts=doubts,
        notes=(
            *filter(None, [replacing]),
            *unjudged(contract, raced.plan),
            *_notes(raced),
            *repeated(contract, raced.plan),
            *drifted(contract, raced.plan),
            *(held(contract, raced.plan, winner) if winner else []),
            *(below(contract, raced.plan, winner) if winner else []),
            *([doubts.said] if doubts else []),
        ),
        summary=f"{said} {replacing}".rstrip(),
        by=by,
        created=created,
    )
    return evidence, decision


def declare(
    contract: Contract,
    raced: Raced,
    measured: Mapping[str, Measured],
    *,
    name: str,
    by: str,
    created: float,
) -> Decision:
    """Return the decision on texts that are too few to compare candidates by.

    Args:
        contract: what must be delivered.
        raced: how the one candidate did.
        measured: candidate -> what its artefact costs to run.
        name: of the contract.
        by: who asked for the decision.
        created: seconds since 1970-01-01 UTC.
    """
    (result,) = raced.results
    values = measured[result.name].values
    broken = (*_broken(measured[result.name], contract), *result.broken)
    return Decision(
        kind="declared",
        contract=name,
        winner=result.name,
        artefact=result.artefact,
        rule=RULE_OF_FEW,
        machine=measured[result.name].machine,
        operating_point=result.point,
        abstention=result.abstention,
        notes=(*(f"{result.name} {each}." for each in broken), *raced.plan.prepared.notes),
        summary=summary_of_few(raced, values, name=name),
        by=by,
        created=created,
    )


def _limits(contract: Contract) -> dict[str, float]:
    return {
        limit: allowed
        for limit in ("latency_ms", "size_mb", "memory_mb", "cost_usd")
        if (allowed := getattr(contract.limits, limit)) is not None
    }


def _broken(measured: Measured, contract: Contract) -> tuple[Broken, ...]:
    if measured.failed:
        return (Broken("running", 1, None, said=measured.failed),)
    values = dict(measured.values)
    if "processor_ms" in values:
        values["cost_usd"] = contract.limits.cost_of(values["processor_ms"])
    return broken_limits(values, _limits(contract))


def choose(contract: Contract, raced: Raced, measured: Mapping[str, Measured]) -> Choice:
    """Apply the rule to what the candidates scored and what they cost."""
    entries = [
        Entry(
            name=each.name,
            paradigm=each.paradigm,
            complexity=each.complexity,
            scores=each.scores,
            measurements=measured[each.name].values,
            broken=(*_broken(measured[each.name], contract), *each.broken, *seen(each)),
        )
        for each in raced.results
    ]
    plan = raced.plan
    return decide(entries, plan.metric, test_to_train=plan.splits.test_to_train)


def _reported(raced: Raced, winner: Result, choice: Choice) -> Reported:
    """Return the winner's score, less what choosing among those within the limits flatters it."""
    plan = raced.plan
    within = {winner.name, choice.best, *choice.comparisons}
    scores = [each.scores for each in raced.results if each.name in within]
    optimism = selection_optimism(
        scores, folds=plan.splits.folds, sign=plan.metric.sign, seed=plan.seed
    )
    raw = interval_of_scores(winner.scores, test_to_train=plan.splits.test_to_train)
    off = plan.metric.sign * optimism
    moved = plan.metric.within(Interval(raw.estimate - off, raw.low - off, raw.high - off))
    return Reported(score=moved.estimate, low=moved.low, high=moved.high, optimism=optimism)


def _reliability(plan: Plan, winner: Result) -> tuple[Promise, ...]:
    """Return the reliability table of the winner's probabilities, in ten bins of equal mass."""
    answers = answers_of(plan, winner)
    if not len(answers.row) or answers.prediction.ndim == 1:
        return ()
    truth = plan.prepared.target[answers.row].astype(np.int64)
    if plan.prepared.problem == "binary":
        event, chance = truth, answers.prediction[:, 1]
    else:
        likeliest = answers.prediction.argmax(axis=1)
        event, chance = (likeliest == truth).astype(np.int64), answers.prediction.max(axis=1)
    found = reliability(event, chance)
    return tuple(Promise(each.rows, each.probability, each.observed) for each in found)


def _standings(
    raced: Raced, measured: Mapping[str, Measured], choice: Choice
) -> tuple[Standing, ...]:
    """Return how each candidate came out, the best score first."""
    plan = raced.plan
    found = []
    for result in raced.results:
        interval = plan.metric.within(
            interval_of_scores(result.scores, test_to_train=plan.splits.test_to_train)
        )
        found.append(
            Standing(
                name=result.name,
                paradigm=result.paradigm,
                score=interval.estimate,
                low=interval.low,
                high=interval.high,
                measurements=measured[result.name].values,
                artefact=result.artefact,
                why=choice.why if result.name == choice.winner else choice.reasons[result.name],
            )
        )
    return tuple(sorted(found, key=lambda standing: -plan.metric.sign * standing.score))


def _notes(raced: Raced) -> tuple[str, ...]:
    """Return what a reader must know, leaks first."""
    prepared = raced.plan.prepared
    used = [leak for leak in prepared.leaks if leak.column in prepared.columns]
    unused = [leak.column for leak in prepared.leaks if leak.column not in prepared.columns]
    notes = [f"Suspected leak: {leak.detail}." for leak in used]
    if unused:
        notes.append(f"Not used, and rightly so: {', '.join(unused)} may know the target.")
    return (*notes, *_rare(raced), *prepared.notes)


def _rare(raced: Raced) -> list[str]:
    """Name the classes of which there are too few to say much of them."""
    prepared = raced.plan.prepared
    counts = np.bincount(prepared.target.astype(np.int64)) if prepared.classes else np.zeros(0)
    return [
        f"Only {count} rows are {level_text(prepared.classes[index])}: too few to tell candidates "
        "apart, whatever the figures say."
        for index, count in enumerate(counts.tolist())
        if count < RARE
    ]
