"""The model that answers today, brought from elsewhere, as one more candidate.

It is raced as it is: nothing of it is fitted again. So where it was trained on rows it is now
judged by, its score is flattered. Unless somebody says until when its rows reach, the decision
says so; if somebody does, every candidate is judged on later rows alone.
"""

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np

from plait.core.contract import Paradigm
from plait.core.errors import InvalidData
from plait.core.ids import Json
from plait.core.protocol import Predictor, Sample
from plait.engines.base import (
    json_bytes,
    load,
    read_artefact,
    read_bytes,
    read_json,
    write_artefact,
)
from plait.engines.pipeline import PIPELINE
from plait.engines.predictor import read_pipeline
from plait.evaluate.compare import compare
from plait.evaluate.decide import Broken
from plait.evaluate.split import Split, Splits
from plait.train.plan import Make, Plan
from plait.train.race import Raced, Result

NAME = "incumbent"
NOTE = "incumbent.json"
"""What is known of where an imported artefact came from; its presence marks one."""

SEEN, UNSEEN = "rows it may have seen", "later rows than it was trained on"

LEAST_ROWS = 20
"""Of fewer later rows in a split nothing could be compared."""


class Incumbent:
    """An imported artefact, given to whoever asks for a fit."""

    name = NAME
    paradigm: Paradigm = "incumbent"
    complexity = 0  # of equals, the one that needs no change

    def __init__(
        self,
        folder: Path,
        *,
        threshold: float | None = None,
        source: Path,
        judged_on: str = SEEN,
    ) -> None:
        """Take the imported artefact in `source`.

        Args:
            folder: as of a `plait.train.base.Recipe`.
            threshold: likewise.
            source: the folder of the imported artefact.
            judged_on: what is known of the rows that judge it.
        """
        self._folder = folder
        self._threshold = threshold
        self._source = source
        self._judged_on = judged_on

    def configuration(self) -> Mapping[str, Json]:
        """Return which artefact it is, and what is known of its rows."""
        note = note_of(self._source)
        return {
            "model": "imported",
            "artefact": read_artefact(self._source, verify=False).id,
            "trained before": note.get("trained_before", ""),
            "judged on": self._judged_on,
        }

    def fit(self, sample: Sample) -> Predictor:
        """Return the imported model as it is, under the sample's schema and the threshold.

        Raises:
            InvalidData: `data_column_missing`, when the contract no longer has one of its columns.
        """
        artefact = read_artefact(self._source)
        pipeline = read_pipeline(artefact)
        for name in columns_read(self._source):
            if name not in sample.input.names:
                raise InvalidData(
                    "data_column_missing",
                    f"the incumbent reads {name!r}, which is no feature of the contract now",
                    where=name,
                    hint="name it in `features`, or import a model that does without",
                )
        files = {
            name: read_bytes(artefact.folder / name)
            for name in artefact.manifest.files
            if name not in (NOTE, PIPELINE)
        }
        if self._threshold is not None:
            pipeline = replace(pipeline, threshold=self._threshold)
        manifest = replace(artefact.manifest, input=sample.input)
        pipeline_bytes = json_bytes(pipeline.record())
        write_artefact(self._folder, manifest, {PIPELINE: pipeline_bytes, **files})
        return load(self._folder)


def note_of(folder: Path) -> Mapping[str, Json]:
    """Return what is known of an imported artefact: `read`, `trained_before`, `cutoff`, ...

    Raises:
        EngineError: `artefact_damaged`, when it is no imported artefact.
    """
    return read_json(folder / NOTE)


def columns_read(folder: Path) -> list[str]:
    """Return the columns that an imported artefact reads."""
    read = note_of(folder).get("read")
    return list(map(str, read)) if isinstance(read, list) else []


def enter(plan: Plan, source: Path, *, time: str = "") -> Plan:
    """Return the race with an imported artefact in it.

    Args:
        plan: the race without it.
        source: the folder of the artefact.
        time: the contract's column of time; "" when it has none.

    Returns:
        The race, last of whose candidates is the incumbent. Where its training is known to end, the
        splits test later rows alone, and a note says so; else a note says what is in doubt.
    """
    prepared, note = plan.prepared, note_of(source)
    cutoff, times = note.get("cutoff"), prepared.aside.get(time)
    splits = None
    if isinstance(cutoff, int | float) and times is not None:
        later = times.astype(np.float64) >= cutoff
        splits = _later(plan.splits, later, prepared.target if prepared.classes else None)
    said = str(note.get("trained_before", ""))
    if splits is not None:
        remark = (
            f"The incumbent was trained before {said}, as whoever imported it says; every "
            f"candidate is judged on rows from then on, {_tested(splits):,} in all."
        )
    elif said:
        remark = (
            f"Too few rows are from {said} on to judge by them alone, so the incumbent is judged "
            "on rows it may have been trained on: its score may be flattered."
        )
    else:
        remark = DOUBT
    make: Make = partial(Incumbent, source=source, judged_on=SEEN if splits is None else UNSEEN)
    return replace(
        plan,
        recipes={**plan.recipes, NAME: make},
        splits=splits or plan.splits,
        prepared=replace(prepared, notes=(remark, *prepared.notes)),
    )


DOUBT = (
    "The incumbent came trained, perhaps on these very rows: its score may be flattered, and those "
    "of its rivals are not. `plait models import ... --trained-before DATE` settles it."
)


def seen(result: Result) -> tuple[Broken, ...]:
    """Return why an incumbent cannot win: nobody says that it has not seen the rows that judge it.

    It stays in the table. Its score could be that of memory alone, beside which every honest rival
    would look worse.
    """
    if result.name != NAME or result.configuration.get("judged on") == UNSEEN:
        return ()
    return (
        Broken(
            "judged on rows it has not seen",
            1,
            None,
            said="it may have been trained on the rows that judge it, so its score is no evidence",
        ),
    )


def worth(raced: Raced, winner: str) -> str:
    """Say whether replacing the incumbent is worth it; "" when none was raced.

    Args:
        raced: how each candidate did.
        winner: the candidate that answers from now on; "" for none.
    """
    found = {each.name: each for each in raced.results}
    if NAME not in found:
        return ""
    mine = found[NAME]
    rivals = [each for each in raced.results if each is not mine]
    sign = raced.plan.metric.sign
    rival = found.get(winner, mine)
    if rival is mine and rivals:
        rival = max(rivals, key=lambda each: sign * float(np.mean(each.scores)))
    if rival is mine:
        return "Nothing was raced against the incumbent."
    flattered = mine.configuration.get("judged on") != UNSEEN
    return _sentence(raced, mine, rival, flattered=flattered)


def _sentence(raced: Raced, mine: Result, rival: Result, *, flattered: bool) -> str:
    """Compare a rival with the incumbent: a positive difference is a better rival."""
    plan = raced.plan
    by = compare(rival.scores, mine.scores, test_to_train=plan.splits.test_to_train)
    sign = plan.metric.sign
    ends = sorted((sign * by.low, sign * by.high))
    told = (
        f"{rival.name}'s {plan.metric.name} is better by {sign * by.difference:.4f} (95 % interval "
        f"{ends[0]:.4f} to {ends[1]:.4f}; below 0 it is worse)"
    )
    if ends[0] > 0:
        more = "; and that although the incumbent's score may be flattered" if flattered else ""
        return f"Replacing the incumbent is worth it: {told}{more}."
    if flattered:
        return (
            f"Whether replacing the incumbent is worth it is open: {told}, but the incumbent may "
            "have been trained on the rows that judged it."
        )
    if ends[1] < 0:
        return f"Replacing the incumbent is not worth it: {told}."
    return f"Replacing the incumbent is not shown to be worth it: {told}."


def _later(
    splits: Splits, later: np.ndarray[tuple[int], np.dtype[np.bool_]], classes: object
) -> Splits | None:
    """Return the splits with later rows alone to test on; None when fewer than two are left."""
    kept = []
    for split in splits:
        test = split.test[later[split.test]]
        kinds = 2 if classes is None else len(np.unique(np.asarray(classes)[test]))
        if len(test) >= LEAST_ROWS and kinds > 1:
            kept.append(Split(split.train, test))
    if splits.repeats > 1 or len(kept) < 2:  # repeats count their splits evenly
        whole = len(kept) == len(splits)
        return replace(splits, each=tuple(kept)) if whole else None
    return replace(splits, folds=len(kept), each=tuple(kept))


def _tested(splits: Splits) -> int:
    return len(np.unique(np.concatenate([split.test for split in splits])))
