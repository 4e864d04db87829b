"""Small data of every kind of column, a job that lives in memory, and one race run once for all."""

import json
from dataclasses import replace

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from plait.core.cancel import Cancel
from plait.core.contract import Contract, Cost, Objective, OutOfScope
from plait.evaluate.split import repeated_folds, repeated_stratified
from plait.store.frame import RawColumn, objects
from plait.train.corpus import prepare_text
from plait.train.encoder import Encoder
from plait.train.plan import plan_race
from plait.train.prepare import prepare
from plait.train.race import measure_all, race

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
