"""One LightGBM model of the Adult set for every bench of serving: 300 trees of 31 leaves.

Found by PLAIT_DATA (`tabular/adult-train.csv.gz`); without it the same shape is drawn at random: 6
numbers and 8 categories.
"""

import csv
import gzip
import json
import os
import time
from pathlib import Path

import lightgbm
import numpy as np

import plait
from plait.core.artefact import Manifest
from plait.core.columns import Scalar
from plait.core.decision import Decision
from plait.core.privacy import Privacy
from plait.core.schema import Field, Schema
from plait.engines.answer import output_schema
from plait.engines.base import json_bytes, write_artefact
from plait.engines.encode import Encoder
from plait.engines.pipeline import PIPELINE, Calibration, NumberCode, OrdinalCode, Pipeline
from plait.registry.artefact import register_artefact
from plait.registry.decision import register_decision, release

NAMES = (
    *("age", "workclass", "fnlwgt", "education", "education_num", "marital_status", "occupation"),
    *("relationship", "race", "sex", "capital_gain", "capital_loss", "hours_per_week", "country"),
)
NUMBERS = frozenset(
    ("age", "fnlwgt", "education_num", "capital_gain", "capital_loss", "hours_per_week")
)
TREES, LEAVES, SEED = 300, 31, 7


def read() -> tuple[list[dict[str, Scalar]], list[int], str]:
    """Return rows, their targets, and where they come from."""
    path = Path(os.environ.get("PLAIT_DATA", ""), "tabular", "adult-train.csv.gz")
    if not path.is_file():
        return *_drawn(), "drawn at random"
    rows, targets = [], []
    with gzip.open(path, "rt", newline="") as file:
        for cells in csv.reader(file, skipinitialspace=True):
            if len(cells) == len(NAMES) + 1:
                pairs = zip(NAMES, cells, strict=False)
                rows.append({name: _value(name, cell) for name, cell in pairs})
                targets.append(int(cells[-1].startswith(">")))
    return rows, targets, "adult-train"


def _value(name: str, cell: str) -> Scalar:
    if name in NUMBERS:
        return float(cell)
    return None if cell == "?" else cell


def _drawn() -> tuple[list[dict[str, Scalar]], list[int]]:
    random = np.random.default_rng(SEED)
    drawn = random.normal(size=(20_000, len(NAMES)))
    rows: list[dict[str, Scalar]] = [
        {
            name: float(x) if name in NUMBERS else f"level {int(abs(x) * 4)}"
            for name, x in zip(NAMES, values, strict=True)
        }
        for values in drawn.tolist()
    ]
    return rows, (drawn[:, 0] * drawn[:, 2] + drawn[:, 4] > 0).astype(int).tolist()


def codes(rows: list[dict[str, Scalar]]) -> tuple[NumberCode | OrdinalCode, ...]:
    """Return how each field becomes a number."""
    found: list[NumberCode | OrdinalCode] = []
    for name in NAMES:
        if name in NUMBERS:
            found.append(NumberCode(column=name))
        else:
            levels = sorted({str(row[name]) for row in rows if row[name] is not None})
            found.append(OrdinalCode(column=name, levels=tuple(levels)))
    return tuple(found)


def train(rows: list[dict[str, Scalar]], targets: list[int]) -> lightgbm.Booster:
    """Return the model."""
    columns = {name: [row[name] for row in rows] for name in NAMES}
    matrix = Encoder(codes(rows)).matrix(columns, len(rows))
    settings = {"objective": "binary", "num_leaves": LEAVES, "num_threads": 2, "verbosity": -1}
    return lightgbm.train({**settings, "seed": SEED}, lightgbm.Dataset(matrix, targets), TREES)


def project(folder: Path, rows: list[dict[str, Scalar]], booster: lightgbm.Booster) -> None:
    """Make a project whose contract `adult` answers by the model, and write the model beside it.

    `model.txt` is LightGBM's text, `levels.json` the levels of each category.
    """
    folder.mkdir(exist_ok=True)
    encode = codes(rows)
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
    levels = {code.column: code.levels for code in encode if isinstance(code, OrdinalCode)}
    (folder / "model.txt").write_text(text)
    (folder / "levels.json").write_text(json.dumps({"names": NAMES, "levels": levels}))
    (folder / "plait.yaml").write_text(
        "project: bench\ncontracts:\n  adult: {task: tabular, data: none.csv, target: y}\n"
    )
    files = {PIPELINE: json_bytes(pipeline.record()), "model.txt": text.encode()}
    artefact = write_artefact(folder / "made", manifest, files)
    with plait.open(folder) as app:
        kept = {"tenant": "default", "privacy": Privacy.INTERNAL}
        register_artefact(app.store, artefact, contract="adult", **kept)
        decision = Decision(
            kind="declared",
            contract="adult",
            winner="lightgbm",
            artefact=artefact.id,
            machine={},
            by="bench",
            created=time.time(),
        )
        register_decision(app.store, decision, None, **kept)
        release(app.store, decision, by="bench", tenant="default")
