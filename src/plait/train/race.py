"""The race: every candidate on the same splits, scored through the artefact it exports."""

import shutil
import time
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from pathlib import Path
from statistics import fmean
from tempfile import TemporaryDirectory
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from plait.core.columns import Columns, Row
from plait.core.contract import Paradigm
from plait.core.decision import Abstention, OperatingPoint
from plait.core.errors import EngineError
from plait.core.ids import Json
from plait.core.job import JobRun, Progress
from plait.core.protocol import Candidate
from plait.engines.answer import probability_columns, set_columns
from plait.engines.base import read_artefact
from plait.engines.text import CONFIDENCE
from plait.evaluate.abstain import honest_abstention
from plait.evaluate.decide import Broken
from plait.evaluate.metric import score
from plait.evaluate.split import Split
from plait.evaluate.threshold import choose_threshold, honest_operating_point
from plait.train.entrant import check_entrants, fit
from plait.train.heat import FAILED, Heats, counted, tried
from plait.train.measure import Measured, machine, measure
from plait.train.plan import Fold, Make, Plan
from plait.train.prepare import Prepared
from plait.train.schedule import EVERYTHING, Schedule, record_of

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]

MEASURED_ROWS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """How one candidate did.

    Attributes:
        name: of the candidate.
        paradigm: what kind of method it is.
        complexity: rank of simplicity.
        configuration: everything that makes its fit what it is.
        scores: the metric on each split, in order.
        point: the threshold and the errors to expect of it; None unless binary.
        artefact: id of the artefact fitted on all rows.
        folder: where that artefact lies.
        seconds: what a split took, on average; no part of the evidence.
        abstention: the confidence it answers from, and what to expect of it; None where it always
            answers.
        folds: what it did on each split, in order.
        broken: the requirements that it does not meet.
    """

    name: str
    paradigm: Paradigm
    complexity: int
    configuration: Mapping[str, Json]
    scores: tuple[float, ...]
    point: OperatingPoint | None
    artefact: str
    folder: Path = field(compare=False)
    seconds: float = field(compare=False)
    abstention: Abstention | None = None
    folds: tuple[Fold, ...] = field(default=(), compare=False, repr=False)
    broken: tuple[Broken, ...] = ()


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Raced:
    """A race that was run.

    Attributes:
        plan: what it was, with the splits that count.
        results: how each candidate did, in the order of the race.
        lost: candidate -> why it was not finished.
        schedule: what ran, as evidence keeps it; None where everything did.
    """

    plan: Plan
    results: tuple[Result, ...]
    lost: Mapping[str, str] = field(default_factory=dict)
    schedule: Mapping[str, Json] | None = None


def race(plan: Plan, run: JobRun, *, folder: Path, schedule: Schedule = EVERYTHING) -> Raced:
    """Fit and score every candidate on every split, then fit each on all rows.

    Every fit is a step of the job, so a race that was killed goes on where it stopped. It ends with
    the same results, whatever stopped it, for they depend on the plan and the libraries alone, and
    within a stated time on what was kept of the time that fits took. A candidate that fails, or
    that ends its process twice, is left out with the reason.

    Args:
        plan: what is raced.
        run: the job it is a part of.
        folder: gets a folder per candidate, of its name, with its artefact.
        schedule: how far to go.

    Raises:
        Cancelled: the job should stop.
        EngineError: `engine_failed`, no candidate could be finished; `component_broken`, one of a
            plug-in is none.
    """
    check_entrants(plan)
    heats = Heats(plan, run, folder, plan.judge or judge_rows)
    names = heats.run(schedule)
    splits = counted(heats, names, plan)
    whole = replace(plan, splits=plan.splits.first(splits))
    lost, results = dict(heats.lost), []
    for place, name in enumerate(names):
        done = len(plan.recipes) * len(plan.splits) + place
        run.progress(Progress(f"{name}, all rows", done, plan.units))
        folds = heats.folds[name][:splits]
        finished = _finish(whole, run, name, folds, folder)
        if isinstance(finished, Result):
            results.append(finished)
        else:
            lost[name] = f"on all rows {finished}"
    if not results:
        raise EngineError(
            "engine_failed",
            "no candidate could be finished: "
            + "; ".join(f"{name}: {why}" for name, why in lost.items()),
            hint="give more time or memory, or name other candidates",
        )
    told = None
    if lost or splits < len(plan.splits):
        same = schedule.record is not None and lost == schedule.left_out
        told = schedule.record if same else record_of(heats.order, lost, splits=splits)
    return Raced(plan=whole, results=tuple(results), lost=lost, schedule=told)


def measure_all(raced: Raced, run: JobRun) -> dict[str, Measured]:
    """Measure each candidate's artefact in a process of its own; a step of the job each.

    One that cannot be run has no figures, and says why.

    Raises:
        Cancelled: the job should stop.
    """
    plan = raced.plan
    rows = plan.prepared.rows(MEASURED_ROWS)
    found = {}
    for place, result in enumerate(raced.results):
        done = plan.units - len(raced.results) + place
        run.progress(Progress(f"{result.name}, measuring", done, plan.units))
        work = partial(_measure, result.folder, rows)
        found[result.name] = Measured(**run.step(f"measure/{result.name}", work))
    run.progress(Progress("deciding", plan.units, plan.units))
    return found


def judge_rows(plan: Plan, recipe: Make, split: Split) -> Fold:
    """Fit on the rows to train on, and score the exported artefact on the rows to test on.

    It is the `Judge` of every race that names no other.
    """
    prepared = plan.prepared
    with TemporaryDirectory(prefix="plait-fold-") as folder:
        started = time.perf_counter()
        candidate = recipe(Path(folder))
        with threadpool_limits(limits=1):  # sums in one order, whatever else the machine does
            runnable = candidate.fit(prepared.sample(split.train, seed=plan.seed))
            seconds = time.perf_counter() - started
            answer = runnable.predict(prepared.take(split.test))
            beyond = runnable.predict(prepared.outside) if prepared.outside else {}
    prediction = _prediction(answer, prepared)
    value = score(plan.metric, prepared.target[split.test], prediction)
    binary = prepared.problem == "binary"
    texts = plan.max_loss is not None
    return Fold(
        score=value,
        positive=prediction[:, 1].tolist() if binary else [],
        seconds=seconds,
        confidence=_confidence(answer) if texts else [],
        outside=_confidence(beyond) if texts else [],
        packed="" if binary else b64encode(prediction.astype("<f4").tobytes()).decode(),
        covered=_covered(answer, prepared, split.test),
    )


def _covered(answer: Columns, prepared: Prepared, rows: Ints) -> list[bool]:
    """Tell of each row whether the interval or the set it was given holds the truth."""
    truth = prepared.target[rows]
    if "lower" in answer:
        low, high = (np.asarray(answer[end], dtype=np.float64) for end in ("lower", "upper"))
        return list(map(bool, (low <= truth) & (truth <= high)))
    names = set_columns(prepared.classes)
    if not names or names[0] not in answer:
        return []
    held = np.column_stack([np.asarray(answer[name], dtype=np.bool_) for name in names])
    return list(map(bool, held[np.arange(len(rows)), truth.astype(np.int64)]))


def _confidence(answer: Columns) -> list[float]:
    return list(map(float, answer.get(CONFIDENCE, ())))


def _prediction(answer: Columns, prepared: Prepared) -> Floats:
    """Return (n, k) probabilities, or (n,) numbers of a regression."""
    if prepared.problem == "regression":
        return np.asarray(answer["prediction"], dtype=np.float64)
    names = probability_columns(prepared.classes)
    return np.column_stack([np.asarray(answer[name], dtype=np.float64) for name in names])


def _finish(
    plan: Plan, run: JobRun, name: str, folds: Sequence[Fold], within: Path
) -> Result | str:
    """Fit on all rows, with the threshold that the folds chose; return why where that fails."""
    recipe, folder = plan.recipes[name], within / name
    point = None
    if plan.prepared.problem == "binary":
        point = _operating_point(plan, [np.array(fold.positive) for fold in folds])
    operating = {"threshold": point.threshold if point else None}
    abstention = None
    if plan.max_loss is not None:
        abstention = _abstention(plan, plan.max_loss, folds)
        operating["abstain"] = abstention.threshold
    candidate = recipe(folder, **operating)
    work = partial(_fit_all, plan, candidate, folder)
    kept = run.step(f"artefact/{candidate.name}", partial(tried, within, f"{name}/all rows", work))
    if FAILED in kept:
        return str(kept[FAILED])
    artefact = str(kept["artefact"])
    if not _holds(folder, artefact):  # the folder was lost when an earlier attempt was killed
        artefact = work()["artefact"]
    return Result(
        name=candidate.name,
        paradigm=candidate.paradigm,
        complexity=candidate.complexity,
        configuration=candidate.configuration(),
        scores=tuple(fold.score for fold in folds),
        point=point,
        artefact=artefact,
        folder=folder,
        seconds=fmean(fold.seconds for fold in folds),
        abstention=abstention,
        folds=tuple(folds),
    )


def _fit_all(plan: Plan, candidate: Candidate, folder: Path) -> dict[str, Any]:
    """Fit on all rows and return the artefact's id."""
    shutil.rmtree(folder, ignore_errors=True)
    every = np.arange(len(plan.prepared))
    fit(candidate, plan.prepared.sample(every, seed=plan.seed))
    return {"artefact": read_artefact(folder).id}


def _holds(folder: Path, artefact: str) -> bool:
    """Tell whether the folder holds that artefact, undamaged."""
    try:
        return read_artefact(folder).id == artefact
    except EngineError:
        return False


def _operating_point(plan: Plan, positives: Sequence[Floats]) -> OperatingPoint:
    """Choose the threshold on all probabilities, and expect of it what each repeat does, averaged.

    Within a repeat every row is tested once, so its errors are those of rows, counted once.
    """
    truths = [plan.prepared.target[split.test].astype(np.int64) for split in plan.splits]
    points = []
    for first in range(0, len(truths), plan.splits.folds):
        repeat = slice(first, first + plan.splits.folds)
        truth, positive = np.concatenate(truths[repeat]), np.concatenate(positives[repeat])
        fold = np.repeat(np.arange(plan.splits.folds), [len(each) for each in truths[repeat]])
        points.append(honest_operating_point(truth, positive, fold, plan.costs, seed=plan.seed))
    return OperatingPoint(
        threshold=choose_threshold(np.concatenate(truths), np.concatenate(positives), plan.costs),
        false_positive_rate=fmean(point.false_positive_rate for point in points),
        false_negative_rate=fmean(point.false_negative_rate for point in points),
        cost=fmean(point.cost.estimate for point in points),
        cost_low=fmean(point.cost.low for point in points),
        cost_high=fmean(point.cost.high for point in points),
    )


def _abstention(plan: Plan, max_loss: float, folds: Sequence[Fold]) -> Abstention:
    """Choose the confidence to answer from, and say what to expect of it."""
    found = honest_abstention(
        [np.array(fold.confidence) for fold in folds],
        [np.array(fold.outside) for fold in folds],
        max_loss,
        folds=plan.splits.folds,
        seed=plan.seed,
    )
    recall = found.recall
    return Abstention(
        threshold=found.threshold,
        max_loss=max_loss,
        loss=found.loss.estimate,
        loss_low=found.loss.low,
        loss_high=found.loss.high,
        recall=recall.estimate if recall else None,
        recall_low=recall.low if recall else None,
        recall_high=recall.high if recall else None,
    )


def _measure(folder: Path, rows: Sequence[Row]) -> dict[str, Any]:
    try:
        return asdict(measure(folder, rows))
    except EngineError as error:  # killed for want of memory, say: it loses, the others go on
        return asdict(Measured({}, machine(), failed=error.message))
