"""The candidate that fits nothing: TabICL (arXiv:2502.05564), from a checkpoint of the user's."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from plait.core.contract import Paradigm
from plait.core.errors import InvalidSettings
from plait.core.ids import Json
from plait.core.protocol import Predictor, Sample
from plait.engines.array_file import array_bytes
from plait.engines.base import json_bytes
from plait.engines.encode import Encoder
from plait.engines.pipeline import Code, OneHotCode, OrdinalCode
from plait.engines.tabicl import (
    CHECKPOINT,
    MODEL,
    ROWS,
    TARGET,
    InContext,
    Views,
    classes_of,
    filled,
)
from plait.train.base import ModelFile, export, inner_folds
from plait.train.code import pipeline_of, standard_codes

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]

NAME = "tabicl"
VIEWS = 8
MOST_ROWS = 2_000
"""With a network of the published size a core reads so many in forty seconds, at each load."""


class TabIcl:
    """A network that reads the rows and answers in their light; one fold calibrates it."""

    paradigm: Paradigm = "deep"
    complexity = 4
    needs = "tabicl"
    runs = "tabicl"

    def __init__(self, folder: Path, *, threshold: float | None = None, model: ModelFile) -> None:
        """Look at the checkpoint.

        Args:
            folder: as of a `plait.train.base.Recipe`.
            threshold: likewise.
            model: the checkpoint, and its licence.

        Raises:
            InvalidSettings: `settings_wrong_value`, when the file cannot be read or is no
                checkpoint of TabICL, or its licence is empty.
        """
        self._folder = folder
        self._threshold = threshold
        self._model = model
        if not model.licence.strip():
            raise _wrong(model, "licence", "it is empty", "say under which licence its weights are")
        try:
            self._most = classes_of(model.path)
        except OSError as error:
            said = f"{model.path} cannot be read: {error.strerror}"
            hint = "put the file there; plait does not download it"
            raise _wrong(model, "weights", said, hint) from error
        except ValueError as error:
            said = f"{model.path} is no checkpoint of TabICL: {error}"
            hint = "name the .ckpt file as its makers publish it"
            raise _wrong(model, "weights", said, hint) from error

    @property
    def name(self) -> str:
        """With the name of its checkpoint, for a race may have several."""
        return f"{NAME}@{self._model.name}"

    def configuration(self) -> Mapping[str, Json]:
        """Return what makes its fit what it is."""
        return {
            "model": "TabICL, which reads the rows and is not fitted",
            "checkpoint": self._model.sha256,
            "licence": self._model.licence,
            "views": VIEWS,
            "most rows": MOST_ROWS,
            "encoding": "numbers, absent ones at the median and flagged; levels by their index",
            "calibrated on": "one inner fold, answered in the light of the others",
        }

    def fit(self, sample: Sample) -> Predictor:
        """Calibrate on one fold, and write the artefact: the rows and the checkpoint.

        Raises:
            MissingExtra: tabicl is not installed.
            InvalidSettings: `settings_wrong_value`, when the checkpoint is not for such a target.
            EngineError: `engine_failed`, when TabICL cannot run it.
        """
        self._check(sample)
        sample = _thinned(sample)
        target = np.asarray(sample.target, dtype=np.float64)
        codes = _codes(sample)
        matrix = filled(Encoder(codes).matrix(sample.columns, len(target)))
        views = Views(classes=len(sample.classes), count=VIEWS, seed=sample.seed)
        fold = inner_folds(sample)
        held_out = np.zeros(len(target), dtype=np.bool_) if fold is None else fold == 0
        judged, inner, raw = _some(sample, np.flatnonzero(held_out)), None, np.zeros(0)
        if fold is not None:
            reader = InContext(self._model.path, matrix[~held_out], target[~held_out], views)
            scores = reader.together(matrix[held_out])
            raw = scores if sample.problem == "multiclass" else scores[:, 0]
            inner = inner_folds(judged)
        pipeline = pipeline_of(judged, codes, raw, inner, threshold=self._threshold)
        files: dict[str, bytes | Path] = {
            MODEL: json_bytes(views.record()),
            ROWS: array_bytes(matrix),
            TARGET: array_bytes(target),
            CHECKPOINT: self._model.path,
        }
        return export(
            self._folder,
            sample,
            pipeline,
            engine="tabicl",
            files=files,
            holds_rows=True,
            licence=self._model.licence,
        )

    def _check(self, sample: Sample) -> None:
        """Look whether the checkpoint can predict such a target."""
        asked, can = len(sample.classes), self._most
        if (not asked) != (not can):
            said = f"it predicts {'numbers' if not can else 'classes'}, and the target is of "
            said += f"{asked} classes" if asked else "numbers"
        elif asked > can:
            said = f"it tells {can} classes apart, and the target has {asked}"
        else:
            return
        raise _wrong(self._model, "weights", said, "give the checkpoint that is for such a target")


def _codes(sample: Sample) -> tuple[Code, ...]:
    """Return codes as the network was trained on: numbers in their unit, levels by their index."""
    return tuple(
        OrdinalCode(column=code.column, levels=code.levels)
        if isinstance(code, OneHotCode)
        else code
        for code in standard_codes(sample, scaled=False)
    )


def _thinned(sample: Sample) -> Sample:
    """Return at most so many rows of a sample, drawn by its seed."""
    rows = len(sample.target)
    if rows <= MOST_ROWS:
        return sample
    dice = np.random.Generator(np.random.PCG64(sample.seed))
    return _some(sample, np.sort(dice.choice(rows, MOST_ROWS, replace=False)))


def _some(sample: Sample, rows: Ints) -> Sample:
    """Return some rows of a sample."""
    return replace(
        sample,
        columns={name: np.asarray(values)[rows] for name, values in sample.columns.items()},
        target=np.asarray(sample.target)[rows].tolist(),
        groups=np.asarray(sample.groups)[rows].tolist() if len(sample.groups) else [],
    )


def _wrong(model: ModelFile, key: str, said: str, hint: str) -> InvalidSettings:
    where = f"models.{model.name}.{key}"
    return InvalidSettings("settings_wrong_value", said, where=where, hint=hint)
