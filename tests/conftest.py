"""A project whose contracts answer by declared artefacts: made once, copied for whoever asks."""

import pickle
import random
import shutil
import time
from dataclasses import replace
from functools import partial
from itertools import count
from types import SimpleNamespace
from zipfile import ZipFile, ZipInfo

import numpy as np
import pytest
from hypothesis import settings

import plait
from plait.core.artefact import Manifest
from plait.core.decision import Decision, OperatingPoint
from plait.core.privacy import Privacy
from plait.core.schema import Field, Schema
from plait.engines.answer import output_schema
from plait.engines.base import json_bytes, write_artefact
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
from plait.registry.artefact import register_artefact
from plait.registry.decision import register_decision, release
from plait.registry.pull import platform_cache, pull
from plait.store.frame import RawColumn, objects
from plait.testing.bert import write_tiny_bert
from plait.train.embedding import make_encoder

# the same examples each time, however busy the machine
settings.register_profile("plait", max_examples=50, deadline=None, derandomize=True)
settings.load_profile("plait")

SETTINGS = """\
project: desk
contracts:
  loan:
    task: tabular
    data: none.csv
    target: repaid
    features: {income: {label: yearly income, unit: usd}, debt: {}, employed: {}, region: {}}
    privacy: personal
  rent: {task: tabular, data: none.csv, target: rent}
  fraud: {task: tabular, data: none.csv, target: fraud}
"""
REGIONS = ("north", "south")
LOAN = (
    Field(name="income", kind="number", integer=True, low=0.0, high=250_000.0),
    Field(name="debt", kind="number", nullable=True, sentinels=(999.0,), low=0.0, high=90.0),
    Field(name="employed", kind="boolean"),
    Field(name="region", kind="category", nullable=True, levels=REGIONS),
)
RENT = (
    Field(name="area", kind="number", low=10.0, high=200.0),
    Field(name="balcony", kind="boolean", nullable=True),
    Field(name="region", kind="category", levels=REGIONS),
)
POINT = OperatingPoint(
    threshold=0.6,
    false_positive_rate=0.08,
    false_negative_rate=0.21,
    cost=0.4,
    cost_low=0.35,
    cost_high=0.46,
)
SAID = {
    "card": ["card", "stolen", "pin", "blocked", "plastic", "wallet"],
    "loan": ["loan", "borrow", "mortgage", "credit", "rate", "approve"],
    "hours": ["open", "closed", "monday", "branch", "hours", "weekend"],
    "oos": ["giraffe", "football", "opera", "volcano", "recipe", "poem"],
}
OUTSIDE = "oos"
FILLER = ["please", "today", "my", "the", "I ask", "tell me", "and", "so", "well", "about"]
_moments = count()


@pytest.fixture(scope="session")
def smollm():
    """SmolLM2 in GGUF, 98 MB, which the first run fetches."""
    (path,) = pull("smollm2-135m", platform_cache()).files.values()
    return path


@pytest.fixture(scope="session")
def linear(tmp_path_factory):
    """Make an artefact of the contract `loan`, another one for each intercept."""

    def make(intercept=-1.0):
        pipeline = Pipeline(
            problem="binary",
            classes=("no", "yes"),
            encode=(
                NumberCode(column="income", shift=50_000.0, scale=20_000.0),
                NumberCode(
                    column="debt",
                    sentinels=(999.0,),
                    fill=30.0,
                    shift=30.0,
                    scale=15.0,
                    indicator=True,
                ),
                NumberCode(column="employed"),
                OneHotCode(column="region", levels=REGIONS),
            ),
            calibrate=Calibration(slope=0.9, offset=0.1),
            threshold=POINT.threshold,
        )
        weights = [1.2, -0.8, -0.3, 1.5, 0.2, -0.2, 0.0]
        model = LinearModel([weights], [intercept], [0.0, 0.0, 0.1, 0.9, 0.5, 0.4, 0.1])
        files = {"model.json": json_bytes(model.record())}
        return _write(tmp_path_factory.mktemp("loan"), "linear", LOAN, pipeline, files)

    return make


@pytest.fixture(scope="session")
def boosted(tmp_path_factory):
    """An artefact of the contract `rent`."""
    import lightgbm  # takes seconds, and not every room needs it

    codes = (
        NumberCode(column="area"),
        NumberCode(column="balcony"),
        OrdinalCode(column="region", levels=REGIONS),
    )
    dice = random.Random(3)
    table = {
        "area": [dice.uniform(20, 120) for _ in range(300)],
        "balcony": [dice.choice((True, False, None)) for _ in range(300)],
        "region": [dice.choice(REGIONS) for _ in range(300)],
    }
    rents = [
        11 * area + (80 if balcony else 0) + (200 if region == "north" else 0)
        for area, balcony, region in zip(*table.values(), strict=True)
    ]
    matrix = Encoder(codes).matrix(table, len(rents))
    options = {"objective": "regression", "num_leaves": 7, "num_threads": 1, "verbose": -1}
    booster = lightgbm.train(options, lightgbm.Dataset(matrix, np.array(rents)), 40)
    pipeline = Pipeline(
        problem="regression",
        classes=(),
        encode=codes,
        interval=Interval(level=0.9, half_width=70.0),
    )
    files = {"model.txt": booster.model_to_string().encode()}
    return _write(tmp_path_factory.mktemp("rent"), "lightgbm", RENT, pipeline, files)


@pytest.fixture(scope="session")
def talk():
    """Make texts with their levels: of each level so many, and perhaps some out of scope."""

    def make(each=24, outside=0, seed=0):
        dice = random.Random(seed)
        found = []
        for level, words in SAID.items():
            for _ in range(each if level != OUTSIDE else outside):
                filler = dice.sample(FILLER, 2)
                found.append((" ".join([filler[0], *dice.sample(words, 2), filler[1]]), level))
        dice.shuffle(found)
        texts, levels = zip(*found, strict=True)
        return (
            RawColumn("said", "string", objects(texts)),
            RawColumn("intent", "string", objects(levels)),
        )

    return make


@pytest.fixture(scope="session")
def tiny_encoder(tmp_path_factory):
    """The artefact of a sentence encoder with random weights."""
    root = tmp_path_factory.mktemp("encoder")
    write_tiny_bert(root / "source")
    return make_encoder(root / "source", root / "made", origin="tests", licence="own")


@pytest.fixture(scope="session")
def checkpoint_words():
    """Return what writes a file that looks like a checkpoint of TabICL, without any weight."""

    def write(path, *, drop=(), **config):
        said = {"config": config, "state_dict": {"icl_predictor.decoder.weight": 0}}
        said = {name: value for name, value in said.items() if name not in drop}
        with ZipFile(path, "w") as archive:
            archive.writestr(ZipInfo("net/data.pkl"), pickle.dumps(said, protocol=2))
        return path

    return write


class _Centroids:
    """What tabicl offers, by distances to the mean row of each class."""

    def __init__(self, seen, **said):
        self._said, self._busy = said, False
        seen.append(said)

    def fit(self, rows, target):
        assert np.isfinite(rows).all()
        self._said["rows"] = len(rows)
        self.classes_, self._rows, self._target = np.unique(target), rows, target
        self._spread = rows.std(axis=0) + 1e-9
        kinds = {"power": 1, "none": 2}
        self.ensemble_generator_ = SimpleNamespace(ensemble_configs_=kinds, feature_shuffles_=kinds)
        return self

    def predict_proba(self, rows):
        assert np.isfinite(rows).all()
        assert not self._busy, "two threads ask at once"
        self._busy = True
        time.sleep(1e-4)
        self._busy = False
        means = [self._rows[self._target == each].mean(axis=0) for each in self.classes_]
        far = [(((rows - mean) / self._spread) ** 2).mean(axis=1) for mean in means]
        power = np.exp(-2 * np.column_stack(far))
        return (power / power.sum(axis=1, keepdims=True)).astype(np.float32)

    def predict(self, rows):
        matrix, asked = (np.column_stack([each, np.ones(len(each))]) for each in (self._rows, rows))
        return (asked @ np.linalg.pinv(matrix) @ self._target).astype(np.float32)


@pytest.fixture
def fake_tabicl(monkeypatch):
    """Put something small in the place of tabicl and torch; return what it was made with."""
    seen, threads = [], [4]
    kind = partial(_Centroids, seen)
    torch = SimpleNamespace(
        get_num_threads=lambda: threads[-1], set_num_threads=threads.append, threads=threads
    )
    tabicl = SimpleNamespace(TabICLClassifier=kind, TabICLRegressor=kind)
    made = {"torch": torch, "tabicl": tabicl}
    monkeypatch.setattr("plait.engines.tabicl.import_module", made.__getitem__)
    return SimpleNamespace(seen=seen, threads=threads)


@pytest.fixture(scope="session")
def declare():
    """Let an artefact answer for a contract by a declared decision, and return the decision.

    More of the decision's parts may be given.
    """

    def declare(app, contract, artefact, **parts):
        privacy = Privacy.INTERNAL
        register_artefact(app.store, artefact, contract=contract, tenant="default", privacy=privacy)
        made = Decision(
            kind="declared",
            contract=contract,
            artefact=artefact.id,
            machine={},
            by="tests",
            created=time.time() + next(_moments) / 1000,
        )
        made = replace(made, **parts)
        register_decision(app.store, made, None, tenant="default", privacy=privacy)
        release(app.store, made, by="tests", tenant="default")
        return made

    return declare


@pytest.fixture(scope="session")
def desk(tmp_path_factory, linear, boosted, declare):
    """The folder all projects are copied from."""
    folder = tmp_path_factory.mktemp("desk")
    (folder / "plait.yaml").write_text(SETTINGS)
    with plait.open(folder) as app:
        declare(app, "loan", linear(), winner="linear", operating_point=POINT)
        declare(app, "rent", boosted, winner="lightgbm")
    return folder


@pytest.fixture
def project(tmp_path, desk):
    """Make a project with `loan` (linear), `rent` (LightGBM) and the untrained `fraud`."""
    return shutil.copytree(desk, tmp_path / "project")


@pytest.fixture
def app(project):
    """A project, open."""
    with plait.open(project) as app:
        yield app


@pytest.fixture
def row():
    """A row of the contract `loan`."""
    return {"income": 61_000, "debt": 20.5, "employed": True, "region": "north"}


def _write(folder, engine, fields, pipeline, files):
    manifest = Manifest(
        engine=engine,
        task="tabular",
        problem=pipeline.problem,
        input=Schema(fields),
        output=output_schema(pipeline),
        origin="tests",
    )
    return write_artefact(folder, manifest, {PIPELINE: json_bytes(pipeline.record()), **files})
