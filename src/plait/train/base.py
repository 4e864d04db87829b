"""What every candidate is made of: how the race makes one, and how one becomes an artefact."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from plait.core.artefact import Manifest
from plait.core.contract import TaskName
from plait.core.protocol import Candidate, Predictor, Sample
from plait.core.table import Table
from plait.engines.answer import output_schema
from plait.engines.base import json_bytes, load, write_artefact
from plait.engines.pipeline import PIPELINE, Pipeline
from plait.evaluate.split import grouped, repeated_folds, repeated_stratified
from plait.train import ANOMALY_SERIES_TABLE, ANOMALY_TABLE, TABLE, TEXT_TABLE

FOLDS = 5
FOLDS_OF_MANY = 3
MANY_ROWS = 10_000


Detect: TypeAlias = Callable[..., Candidate]
"""Makes a candidate that looks for what is unlike the rest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelFile:
    """Weights that a candidate runs as they are: `CANDIDATE@MODEL` names a row of `models:`.

    Attributes:
        name: of that row.
        path: of the file.
        licence: of the weights; an artefact that holds them has it.
        sha256: of the file, in hex; part of the evidence.
    """

    name: str
    path: Path
    licence: str
    sha256: str


class Recipe(Protocol):
    """What the table of candidates holds: it makes a candidate.

    One that learns by an optional library names it in an attribute `needs`; where that library is
    not installed it is raced only if a contract names it. One that can answer with a quantile says
    in `of_quantile` what of its configuration is otherwise then; the others are left out of a race
    for one. One that runs weights as they are names their engine in `runs`: a contract names it as
    `CANDIDATE@MODEL`, and it takes the weights as `model`, a `ModelFile`.
    """

    def __call__(self, folder: Path, *, threshold: float | None = None) -> Candidate:
        """Return a candidate.

        Args:
            folder: where its fit writes the artefact.
            threshold: the probability from which on the artefact answers the positive class; None
                leaves it at one half.
        """
        ...


class TextRecipe(Protocol):
    """What the table of candidates for texts holds."""

    @property
    def needs_encoder(self) -> bool:
        """Whether it takes an `encoder`; with `needs`, as of a `Recipe`, a `published` one."""
        ...

    def __call__(
        self, folder: Path, *, threshold: float | None = None, abstain: float | None = None
    ) -> Candidate:
        """Return a candidate; with `encoder`, a `plait.train.encoder.Encoder`, if it needs one.

        One with `runs`, as of a `Recipe`, takes its `model`.

        Args:
            folder: where its fit writes the artefact.
            threshold: as of a `Recipe`.
            abstain: the confidence below which the artefact answers nothing; None has it always
                answer.
        """
        ...


recipes: Table[Recipe] = Table("candidates", TABLE)
text_recipes: Table[TextRecipe] = Table("text_candidates", TEXT_TABLE)
detectors: Table[Detect] = Table("anomaly_candidates", ANOMALY_TABLE)
series_detectors: Table[Detect] = Table("anomaly_series_candidates", ANOMALY_SERIES_TABLE)


def candidate_names(task: TaskName) -> list[str]:
    """Return the names of the candidates that race where a contract of this task names none."""
    table: Table[Any] = text_recipes if task == "text" else recipes
    return [name for name in table.names() if not engine_run(table, name)]


def base_of(candidate: str) -> str:
    """Return the name of a candidate in its table: `llm_zero_shot` of `llm_zero_shot@small`."""
    return candidate.partition("@")[0]


def engine_run(table: Table[Any], candidate: str) -> str:
    """Return the engine whose weights a candidate runs as they are; "" where it runs none."""
    return str(getattr(table.load(base_of(candidate)), "runs", ""))


def export(
    folder: Path,
    sample: Sample,
    pipeline: Pipeline,
    *,
    engine: str,
    files: Mapping[str, bytes | Path],
    holds_rows: bool = False,
    licence: str = "own",
) -> Predictor:
    """Write an artefact and return what runs it.

    Args:
        folder: made when it does not exist.
        sample: what the model was fitted on.
        pipeline: what surrounds the model.
        engine: what runs it.
        files: the engine's own: path within the folder -> content, or a file that has it.
        holds_rows: whether training rows can be read back from them.
        licence: of what is in them and not the team's own.
    """
    manifest = Manifest(
        engine=engine,
        task="tabular",
        problem=pipeline.problem,
        input=sample.input,
        output=output_schema(pipeline),
        origin=f"plait.train {version('plait')}",
        licence=licence,
        holds_rows=holds_rows,
    )
    write_artefact(folder, manifest, {PIPELINE: json_bytes(pipeline.record()), **files})
    return load(folder)


def inner_folds(sample: Sample) -> NDArray[np.int64] | None:
    """Return the fold of each row of a sample, for choices made within a fit.

    Five folds, three beyond 10,000 rows; None when a class has one row only. Groups stay whole
    where there are as many as folds.
    """
    target = np.asarray(sample.target)
    folds = FOLDS if len(target) <= MANY_ROWS else FOLDS_OF_MANY
    if sample.problem == "regression":
        splits = repeated_folds(target, folds=folds, repeats=1, seed=sample.seed)
    else:
        classes = target.astype(np.int64)
        folds = min(folds, int(np.bincount(classes).min()))
        if folds < 2:
            return None
        splits = repeated_stratified(classes, folds=folds, repeats=1, seed=sample.seed)
    if len(set(sample.groups)) >= folds:
        kinds = None if sample.problem == "regression" else target.astype(np.int64)
        groups = np.asarray(sample.groups)
        splits = grouped(groups, folds=folds, seed=sample.seed, classes=kinds)
    fold = np.empty(len(target), dtype=np.int64)
    for number, split in enumerate(splits):
        fold[split.test] = number
    return fold
