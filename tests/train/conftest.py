"""Small data of every kind of column, a job that lives in memory, and one race run once for all."""

import json
from dataclasses import replace

import lightgbm
import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from plait.core.artefact import Manifest
from plait.core.cancel import Cancel
from plait.core.contract import Contract, Cost, Objective, OutOfScope
from plait.core.schema import Field, Schema
from plait.engines.answer import output_schema
from plait.engines.base import json_bytes, load, write_artefact
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
from plait.evaluate.split import repeated_folds, repeated_stratified
from plait.store.frame import RawColumn, objects
from plait.train.corpus import prepare_text
from plait.train.encoder import Encoder
from plait.train.export_c_run import find_compiler
from plait.train.export_model import plain_model
from plait.train.plan import plan_race
from plait.train.prepare import prepare
from plait.train.race import measure_all, race
from plait.train.series import prepare_series
from plait.train.series_plan import plan_series

ROWS = 240
LEVELS = ("coast", "town", "village")


class MemoryRun:
    """A job: what it keeps goes through JSON, as in a store, and it can be killed after a step."""

    def __init__(self, kept=None, steps=None):
        self.cancel = Cancel()
        self.kept = {} if kept is None else kept
        self.told = []
        self.left = steps

    def step(self, name, work):
        if name not in self.kept:
            if self.left == 0:
                raise KeyboardInterrupt
            self.left = None if self.left is None else self.left - 1
            self.kept[name] = json.loads(json.dumps(work()))
        return self.kept[name]

    def progress(self, progress):
        self.cancel.check()
        self.told.append(progress)


def make_loans(rows=ROWS, seed=0):
    """Return loan applications; `approved` depends on debt, area and income."""
    random = np.random.Generator(np.random.PCG64(seed))
    income = np.round(random.lognormal(3, 0.6, rows), 1)
    debt = np.round(random.normal(30, 10, rows).clip(0, 60), 1)
    area = random.integers(0, 3, rows)
    married = random.random(rows) < 0.5
    odds = 1.5 + 0.04 * (income - 20) - 0.12 * (debt - 30) + np.array([0.0, 1.2, -1.2])[area]
    approved = random.random(rows) < 1 / (1 + np.exp(-odds))
    debt[random.random(rows) < 0.05] = 999.0
    income[random.random(rows) < 0.05] = np.nan
    nullable = married.astype(object)
    nullable[random.random(rows) < 0.1] = None
    return (
        RawColumn("number", "number", np.arange(1.0, rows + 1)),
        RawColumn("income", "number", income),
        RawColumn("debt", "number", debt),
        RawColumn("married", "boolean", nullable),
        RawColumn("area", "string", objects(LEVELS[each] for each in area)),
        RawColumn("person", "string", objects(f"person {each}" for each in range(rows))),
        RawColumn("asked", "time", objects(["2024-05-01"] * rows)),
        RawColumn("country", "string", objects(["XX"] * rows)),
        RawColumn("notes", "string", objects([None] * rows)),
        RawColumn("score", "number", np.round(odds * 10 + random.normal(0, 5, rows), 2)),
        RawColumn("grade", "number", np.digitize(odds, [0.5, 2.0]).astype(float)),
        RawColumn("approved", "string", objects(np.where(approved, "yes", "no").tolist())),
    )


CONTRACTS = {
    "binary": Contract(
        task="tabular",
        data="loans.csv",
        target="approved",
        exclude=("score", "grade"),
        objective=Objective(cost=Cost(false_positive=5, false_negative=1)),
    ),
    "multiclass": Contract(
        task="tabular", data="loans.csv", target="grade", exclude=("score", "approved")
    ),
    "regression": Contract(
        task="tabular", data="loans.csv", target="score", exclude=("grade", "approved")
    ),
}


TEXT_CONTRACT = Contract(task="text", data="talk.csv", target="intent")
TEXT_CONTRACT_SCOPED = replace(TEXT_CONTRACT, out_of_scope=OutOfScope(level="oos", max_loss=0.1))


def make_plan(problem, **changes):
    """Return the race on the loans, on three splits: enough to compare, quick to run."""
    changes = {"candidates": ("dummy", "linear", "lightgbm"), **changes}
    prepared = prepare(make_loans(), replace(CONTRACTS[problem], **changes))
    plan = plan_race(prepared, replace(CONTRACTS[problem], **changes), seed=3)
    split = repeated_folds if problem == "regression" else repeated_stratified
    return replace(plan, splits=split(prepared.target, folds=3, repeats=1, seed=3))


@pytest.fixture(scope="session", autouse=True)
def one_thread():
    """Keep linear algebra from waiting for cores that other tests use."""
    with threadpool_limits(limits=1):
        yield


@pytest.fixture(scope="session")
def loans():
    return make_loans()


@pytest.fixture(scope="session")
def contracts():
    return CONTRACTS


@pytest.fixture(scope="session")
def run_kind():
    return MemoryRun


@pytest.fixture(scope="session")
def plan_of():
    return make_plan


@pytest.fixture(scope="session")
def plan():
    return make_plan("binary")


@pytest.fixture(scope="session")
def raced(plan, tmp_path_factory):
    return race(plan, MemoryRun(), folder=tmp_path_factory.mktemp("raced"))


@pytest.fixture(scope="session")
def measured(raced):
    return measure_all(raced, MemoryRun())


@pytest.fixture(scope="session")
def samples():
    """Return a sample per problem, of every row."""
    found = {}
    for problem, contract in CONTRACTS.items():
        prepared = prepare(make_loans(), contract)
        found[problem] = prepared.sample(np.arange(len(prepared)), seed=1)
    return found


@pytest.fixture(scope="session")
def encoder(tiny_encoder):
    return Encoder(tiny_encoder)


@pytest.fixture(scope="session")
def text_samples(talk):
    """Return a sample of texts of two levels, and one of three."""
    found = {}
    for problem, levels in (("binary", ("card", "loan")), ("multiclass", None)):
        texts, intents = talk(12)
        kept = [levels is None or each in levels for each in intents.values]
        columns = [replace(each, values=each.values[kept]) for each in (texts, intents)]
        prepared = prepare_text(columns, TEXT_CONTRACT)
        found[problem] = prepared.sample(np.arange(len(prepared)), seed=1)
    return found


@pytest.fixture(scope="session")
def text_plan(talk, encoder):
    """Return the race on texts, on three splits, with texts that are out of scope."""
    prepared = prepare_text(talk(20, outside=8), TEXT_CONTRACT_SCOPED)
    plan = plan_race(prepared, TEXT_CONTRACT_SCOPED, seed=3, encoder=encoder)
    splits = repeated_stratified(prepared.target, folds=3, repeats=1, seed=3)
    return replace(plan, splits=splits)


@pytest.fixture(scope="session")
def text_raced(text_plan, tmp_path_factory):
    return race(text_plan, MemoryRun(), folder=tmp_path_factory.mktemp("texts"))


@pytest.fixture(scope="session")
def fresh():
    """Return loans that no sample holds, with the number to predict."""
    return prepare(make_loans(rows=1000, seed=99), CONTRACTS["regression"])


EXPORT_LEVELS = ('coast "x"', "naïve??/", "back\\slash", "")
EXPORT_FIELDS = (
    Field(name="yearly income", kind="number", low=0.0, high=100.0),
    Field(name="debt/ratio %", kind="number", nullable=True, sentinels=(999.0, -1.0), high=60.0),
    Field(name="int", kind="boolean", nullable=True),
    Field(name="日本", kind="category", nullable=True, levels=EXPORT_LEVELS),
    Field(name="prediction", kind="category", levels=("a", "b"), label="ends */ here"),
)
EXPORT_CODES = {
    "lightgbm": (
        NumberCode(column="yearly income"),
        NumberCode(column="debt/ratio %", sentinels=(999.0, -1.0)),
        OrdinalCode(column="日本", levels=EXPORT_LEVELS),
        NumberCode(column="int"),
        OrdinalCode(column="prediction", levels=("b", "a"), unknown=-2.0),
    ),
    "linear": (
        OneHotCode(column="日本", levels=EXPORT_LEVELS),
        NumberCode(column="yearly income", shift=40.0, scale=12.0),
        NumberCode(column="debt/ratio %", sentinels=(999.0,), fill=3.1, scale=7.0, indicator=True),
        NumberCode(column="int", fill=0.3),
        OneHotCode(column="prediction", levels=("a",)),
    ),
}
EXPORT_CODES |= {
    "forest": EXPORT_CODES["lightgbm"],
    "blend": tuple(dict.fromkeys((*EXPORT_CODES["linear"], *EXPORT_CODES["lightgbm"]))),
    "constant": (),
}
EXPORT_CLASSES = {"binary": (False, True), "multiclass": (1, 2, 3), "regression": ()}


def write_exportable(folder, engine, problem, **options):
    """Write an artefact with names, levels and numbers that an export could trip over."""
    pipeline = Pipeline(
        problem=problem,
        classes=EXPORT_CLASSES[problem],
        encode=EXPORT_CODES[engine],
        calibrate={
            "binary": Calibration(slope=0.8, offset=0.1, knots=((-1.0, -1.5), (0.2, 0.1), (1, 3))),
            "multiclass": Calibration(slope=1.2, offsets=(0.1, -0.2, 0.0)),
        }.get(problem),
        interval=Interval(level=0.9, half_width=0.75) if problem == "regression" else None,
        threshold=0.4 if problem == "binary" else None,
    )
    if engine == "blend":
        files = blended(folder, problem, {"lightgbm": 0.7, "linear": 0.2, "forest": 1.1})
    elif engine in ("linear", "constant"):
        scores = 3 if problem == "multiclass" else 1
        weights = np.random.default_rng(5).normal(0, 1, (scores, pipeline.width)).tolist()
        model = LinearModel(weights, [0.2] * scores, [0.0] * pipeline.width)
        files = {"model.json": json_bytes(model.record())}
    else:
        files = {"model.txt": boosted_text(problem, **options)}
        if engine == "forest":  # its sums are no probabilities, so that many are held at the floor
            files["forest.json"] = json_bytes({"floor": 0.05})
    manifest = Manifest(
        engine="linear" if engine == "constant" else engine,
        task="tabular",
        problem=problem,
        input=Schema(EXPORT_FIELDS),
        output=output_schema(pipeline),
        origin="tests",
    )
    write_artefact(folder, manifest, {PIPELINE: json_bytes(pipeline.record()), **files})
    return load(folder)


def boosted_text(problem, sets=(), **options):
    """Return LightGBM's text of a few trees on five numbers, many of them missing or 0."""
    random = np.random.default_rng(5)
    matrix = random.normal(30, 20, (400, 5)).round(2)
    matrix[:, 2:] = random.integers(-1, 4, (400, 3))
    matrix[random.random((400, 5)) < 0.15] = np.nan
    matrix[random.random((400, 5)) < 0.15] = 0.0
    target = np.nan_to_num(matrix[:, 0]) + 9 * np.isnan(matrix[:, 1]) * matrix[:, 4]
    target = np.nan_to_num(target + 8 * np.nan_to_num(matrix[:, 2]))
    if problem != "regression":
        target = np.digitize(target, [20, 40][: 2 if problem == "multiclass" else 1])
    settings = {"objective": problem, "num_leaves": 7, "verbosity": -1, "num_threads": 1}
    settings |= {"num_class": 3 if problem == "multiclass" else 1, "min_data_in_leaf": 5, **options}
    data = lightgbm.Dataset(matrix, target, categorical_feature=[*sets])
    return lightgbm.train(settings, data, 9).model_to_string().encode()


def blended(folder, problem, weights):
    """Return the files of a blend of artefacts."""
    files = {"blend.json": json_bytes(weights)}
    for name in weights:
        member = folder.with_name(f"{folder.name}-{name}")
        write_exportable(member, name, problem)
        files |= {f"members/{name}/{each.name}": each.read_bytes() for each in member.iterdir()}
    return files


@pytest.fixture(scope="session")
def exportable():
    """What writes an artefact for an export, and loads it."""
    return write_exportable


@pytest.fixture(scope="session")
def plain_models(tmp_path_factory):
    """Each engine and problem: its predictor, and the model as plain numbers."""
    found = {}
    for engine in EXPORT_CODES:
        for problem in EXPORT_CLASSES:
            zero = engine == "lightgbm" and problem == "regression"
            options = {"zero_as_missing": True} if zero else {}
            folder = tmp_path_factory.mktemp("exportable")
            predictor = write_exportable(folder, engine, problem, **options)
            found[engine, problem] = predictor, plain_model(predictor.artefact, "7 float-s")
    return found


@pytest.fixture(
    scope="session",
    params=[(engine, problem) for engine in EXPORT_CODES for problem in EXPORT_CLASSES],
    ids="-".join,
)
def plain(request, plain_models):
    """Each of them in turn."""
    return plain_models[request.param]


SERIES_CONTRACT = Contract(
    task="series", data="load.csv", target="load", series="city", horizon=5, season=7
)


def make_series(count=12, steps=84, seed=0):
    """Return loads of cities: a level that wanders, and a week whose shape all of them share."""
    random = np.random.Generator(np.random.PCG64(seed))
    week = np.array([5.0, 3.0, 0.0, 1.0, 4.0, -6.0, -7.0])
    size = random.uniform(1, 20, count)
    level = 60 + random.normal(0, 0.7, (count, steps)).cumsum(axis=1)
    load = size[:, None] * (level + week[np.arange(steps) % 7] + random.normal(0, 1, level.shape))
    names = [f"c{each:02}" for each in range(count) for _ in range(steps)]
    return (
        RawColumn("city", "string", objects(names)),
        RawColumn("load", "number", load.ravel()),
    )


@pytest.fixture(scope="session")
def series_prepared():
    return prepare_series(make_series(), SERIES_CONTRACT)


@pytest.fixture(scope="session")
def series_plan(series_prepared):
    quick = ("naive", "seasonal_naive", "theta", "damped_ets", "combination", "lightgbm")
    return plan_series(series_prepared, replace(SERIES_CONTRACT, candidates=quick), seed=3)


@pytest.fixture(scope="session")
def series_raced(series_plan, tmp_path_factory):
    last = replace(series_plan.splits, folds=3, each=series_plan.splits.each[-3:])
    folder = tmp_path_factory.mktemp("series")
    return race(replace(series_plan, splits=last), MemoryRun(), folder=folder)


@pytest.fixture(scope="session")
def compiler():
    """A C compiler. Where there is none a C file is written unchecked, which has its own test."""
    return find_compiler() or pytest.skip("the system has no C compiler")
