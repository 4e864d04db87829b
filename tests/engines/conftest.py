"""A small table with every kind of field, and one artefact per engine and problem fitted on it."""

import random
from itertools import product

import lightgbm
import numpy as np
import pytest
from sklearn.linear_model import LinearRegression, LogisticRegression

from plait.core.artefact import Manifest
from plait.core.schema import Field, Schema
from plait.engines.answer import output_schema
from plait.engines.base import json_bytes, load, write_artefact
from plait.engines.encode import Encoder
from plait.engines.linear import LinearModel
from plait.engines.pipeline import (
    PIPELINE,
    Calibration,
    Interval,
    NumberCode,
    OneHotCode,
    OrdinalCode,
    Pipeline,
)

ROWS = 300
LEVELS = ("coast", "town", "village")
CLASSES = {"binary": ("no", "yes"), "multiclass": (1, 2, 3), "regression": ()}
SCHEMA = Schema(
    (
        Field(name="age", kind="number"),
        Field(name="debt", kind="number", nullable=True, sentinels=(999.0, 666.0)),
        Field(name="married", kind="boolean", nullable=True),
        Field(name="area", kind="category", nullable=True, levels=LEVELS),
    )
)
CODES = {
    "lightgbm": (
        NumberCode(column="age"),
        NumberCode(column="debt", sentinels=(999.0, 666.0)),
        NumberCode(column="married"),
        OrdinalCode(column="area", levels=LEVELS),
    ),
    "linear": (
        NumberCode(column="age", shift=40.0, scale=12.0),
        NumberCode(
            column="debt",
            sentinels=(999.0, 666.0),
            fill=30.0,
            shift=30.0,
            scale=15.0,
            indicator=True,
        ),
        NumberCode(column="married", fill=0.5),
        OneHotCode(column="area", levels=LEVELS),
    ),
}


@pytest.fixture(scope="session")
def schema():
    return SCHEMA


@pytest.fixture(scope="session")
def codes():
    """The codes of each engine's pipelines."""
    return CODES


@pytest.fixture(scope="session")
def table():
    """ROWS rows as lists, with missing values and sentinels."""
    dice = random.Random(7)
    return {
        "age": [dice.randint(18, 80) for _ in range(ROWS)],
        "debt": [dice.choice([None, 999, 666.0, dice.gauss(30, 15)]) for _ in range(ROWS)],
        "married": [dice.choice([True, False, None]) for _ in range(ROWS)],
        "area": [dice.choice([*LEVELS, None]) for _ in range(ROWS)],
    }


@pytest.fixture(scope="session")
def target(table):
    """One number per row; its thirds and its sign make the classes."""
    dice = random.Random(8)
    return np.array(
        [
            (age - 45) / 20 + (area == "coast") - 2 * (debt == 999) + dice.gauss(0, 0.5)
            for age, debt, area in zip(table["age"], table["debt"], table["area"], strict=True)
        ]
    )


@pytest.fixture(scope="session")
def artefacts(tmp_path_factory, table, target):
    """Folder of each artefact: `<engine>-<problem>`, and one that reads no field."""
    root = tmp_path_factory.mktemp("artefacts")
    fit = {"lightgbm": _boost, "linear": _regress}
    names = {
        "binary": target > 0,
        "multiclass": np.digitize(target, np.quantile(target, [1 / 3, 2 / 3])),
        "regression": target,
    }
    for engine, problem in product(fit, CLASSES):
        matrix = Encoder(CODES[engine]).matrix(table, ROWS)
        files = fit[engine](matrix, names[problem], problem)
        _write(root / f"{engine}-{problem}", engine, problem, CODES[engine], files)
    constant = {"model.json": json_bytes(LinearModel([[]], [0.3], []).record())}
    _write(root / "linear-constant", "linear", "binary", (), constant)
    return {folder.name: folder for folder in root.iterdir()}


@pytest.fixture(
    scope="session",
    params=[
        *(f"{engine}-{problem}" for engine, problem in product(CODES, CLASSES)),
        "linear-constant",
    ],
)
def folder(request, artefacts):
    """Each artefact in turn."""
    return artefacts[request.param]


@pytest.fixture(scope="session")
def predictor(folder):
    """What runs each artefact in turn."""
    return load(folder)


def _write(folder, engine, problem, encode, files):
    pipeline = Pipeline(
        problem=problem,
        classes=CLASSES[problem],
        encode=encode,
        calibrate={
            "binary": Calibration(slope=0.8, offset=0.1),
            "multiclass": Calibration(slope=1.2),
        }.get(problem),
        interval=Interval(level=0.9, half_width=0.75) if problem == "regression" else None,
        threshold=0.4 if problem == "binary" else None,
    )
    manifest = Manifest(
        engine=engine,
        task="tabular",
        problem=problem,
        input=SCHEMA,
        output=output_schema(pipeline),
        origin="tests",
    )
    write_artefact(folder, manifest, {PIPELINE: json_bytes(pipeline.record()), **files})


def _boost(matrix, target, problem):
    options = {
        "objective": problem,
        "num_class": 3 if problem == "multiclass" else 1,
        "num_leaves": 7,
        "min_data_in_leaf": 5,
        "num_threads": 1,
        "verbose": -1,
    }
    booster = lightgbm.train(options, lightgbm.Dataset(matrix, target), 15)
    return {"model.txt": booster.model_to_string().encode()}


def _regress(matrix, target, problem):
    kind = LinearRegression() if problem == "regression" else LogisticRegression(max_iter=1000)
    fitted = kind.fit(matrix, target)
    model = LinearModel(
        np.atleast_2d(fitted.coef_), np.atleast_1d(fitted.intercept_), matrix.mean(axis=0)
    )
    return {"model.json": json_bytes(model.record())}
