"""The model of every bench of serving, by LightGBM, and a project that answers by it."""

import time
from collections.abc import Iterable
from pathlib import Path

import lightgbm

import plait
from plait.core.artefact import Manifest
from plait.core.decision import Decision
from plait.core.privacy import Privacy
from plait.core.schema import Field, Schema
from plait.engines.answer import output_schema
from plait.engines.base import json_bytes, write_artefact
from plait.engines.pipeline import PIPELINE, Calibration, NumberCode, OrdinalCode, Pipeline
from plait.registry.artefact import register_artefact
from plait.registry.decision import register_decision, release

from . import SEED, Floats

TREES, LEAVES = 300, 31


def train(matrix: Floats, targets: Iterable[float]) -> lightgbm.Booster:
    settings = {"objective": "binary", "num_leaves": LEAVES, "num_threads": 2, "verbosity": -1}
    return lightgbm.train({**settings, "seed": SEED}, lightgbm.Dataset(matrix, targets), TREES)


def project(
    folder: Path,
    contract: str,
    encode: tuple[NumberCode | OrdinalCode, ...],
    booster: lightgbm.Booster,
) -> None:
    """Make a project whose contract answers by the model, and write LightGBM's text beside it."""
    folder.mkdir(exist_ok=True)
    pipeline = Pipeline(
        problem="binary", classes=(0, 1), encode=encode, calibrate=Calibration(), threshold=0.5
    )
    fields = tuple(
        Field(name=code.column, kind="category", nullable=True, levels=code.levels)
        if isinstance(code, OrdinalCode)
        else Field(name=code.column, kind="number", nullable=True)
        for code in encode
    )
    manifest = Manifest(
        engine="lightgbm",
        task="tabular",
        problem="binary",
        input=Schema(fields),
        output=output_schema(pipeline),
        origin="bench",
    )
    text = booster.model_to_string()
    (folder / "model.txt").write_text(text)
    (folder / "plait.yaml").write_text(
        f"project: bench\ncontracts:\n  {contract}: {{task: tabular, data: none.csv, target: y}}\n"
    )
    files = {PIPELINE: json_bytes(pipeline.record()), "model.txt": text.encode()}
    artefact = write_artefact(folder / "made", manifest, files)
    decision = Decision(
        kind="declared",
        contract=contract,
        winner="lightgbm",
        artefact=artefact.id,
        machine={},
        by="bench",
        created=time.time(),
    )
    with plait.open(folder) as app:
        told = {"tenant": "default", "privacy": Privacy.INTERNAL}
        register_artefact(app.store, artefact, contract=contract, **told)
        register_decision(app.store, decision, None, **told)
        release(app.store, decision, by="bench", tenant="default")
