"""Features that are looked up in tables as of a row's time, from the settings to the answer."""

import asyncio
import csv
import datetime
import os
import random
import shutil
import weakref
from threading import Event, Thread

import httpx
import numpy as np
import pandas as pd
import pytest

import plait
from plait.app import lookup as module
from plait.app.lookup import Lookup, lookup_for
from plait.app.settings import load_project
from plait.core.budget import Budget
from plait.core.context import Context
from plait.core.errors import InvalidData, InvalidRequest, InvalidSettings
from plait.core.request import PredictRequest
from plait.core.schema import Field, Schema
from plait.core.trace import Trace
from plait.flow.handle import inline
from plait.registry.dataset import read_dataset
from plait.registry.decision import find_evidence
from plait.serve.health import readiness
from plait.serve.http import make
from plait.store.frame import Frame
from plait.store.table_read import read_table

SETTINGS = """\
project: desk
contracts:
  loan:
    task: tabular
    data: loans.csv
    target: paid
    time: applied
    exclude: [customer]
    candidates: [linear]
    tables:
      payments: {data: payments.csv, time: paid_at}
      rates: {data: rates.csv}
    features:
      late:
        sql: "SELECT count(*) FROM payments WHERE customer = row.customer AND days > 0"
        label: late payments
      usual: {sql: "SELECT avg(amount) FROM payments WHERE customer = row.customer"}
      rate: {sql: "SELECT max(rate) FROM rates WHERE region = row.region"}
      share: {expr: "amount / (if_missing(usual, 0) + 1)"}
"""
FLOWS = """\
flows:
  decide:
    - extract: {contract: loan}
    - answer: {contract: loan, reasons: 4}
"""
START = datetime.datetime(2024, 1, 1)
ROW = {"customer": "C3", "amount": 900, "region": "n", "applied": "2024-06-01"}


def moment(days):
    return (START + datetime.timedelta(days=days)).isoformat(timespec="seconds")


def write(path, names, rows):
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([names, *rows])


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A project whose contract `loan` was trained."""
    folder, chance = tmp_path_factory.mktemp("lookup") / "desk", random.Random(3)
    folder.mkdir()
    slow = {f"C{each}": chance.random() < 0.5 for each in range(30)}
    paid = [
        (who, moment(chance.random() * 400), round(chance.gauss(9 if slow[who] else -9, 5)), cents)
        for who in slow
        for cents in (chance.randint(1, 99_999) / 100 for _ in range(chance.randint(0, 12)))
    ]
    write(folder / "payments.csv", ("customer", "paid_at", "days", "amount"), paid)
    write(folder / "rates.csv", ("region", "rate"), [("n", 1.5), ("s", 2.5)])
    asked = [chance.choice(list(slow)) for _ in range(150)]
    loans = [
        (who, moment(chance.random() * 400), chance.randint(100, 2000), chance.choice("ns"),
         int(slow[who] == (chance.random() < 0.9)))
        for who in asked
    ]  # fmt: skip
    write(folder / "loans.csv", ("customer", "applied", "amount", "region", "paid"), loans)
    (folder / "plait.yaml").write_text(SETTINGS + FLOWS)
    with plait.open(folder) as app:
        app.train("loan")
    return folder


@pytest.fixture
def desk(trained, tmp_path):
    return shutil.copytree(trained, tmp_path / "desk")


@pytest.fixture
def app(desk):
    with plait.open(desk) as found:
        yield found


@pytest.fixture
def soon(monkeypatch):
    """Let changed tables be seen at the next request."""
    monkeypatch.setattr(module, "LOOK_SECONDS", -1.0)
    monkeypatch.setattr("plait.app.live.INTERVAL_SECONDS", -1.0)


def stored(app):
    (decision,) = app.decisions("loan")
    return read_dataset(app.store, find_evidence(app.store, decision.evidence).dataset)


def same(left, right):
    return left == right or (left is None and right != right) or (left != left and right != right)


def test_a_row_is_told_what_training_was_told_bit_for_bit(app):
    frame = stored(app)
    lookup = app.live.task("loan").lookup
    lists = {each.name: each.values.tolist() for each in frame.columns}
    assert {"late", "usual", "rate"} <= lists.keys()
    assert len(set(lists["late"])) > 3
    for at in range(frame.height):
        row = {name: lists[name][at : at + 1] for name in ("customer", "applied", "region")}
        alone = lookup.filled(row, 0.0)
        for name in ("late", "usual", "rate"):
            assert same(alone[name][0], lists[name][at]), (at, name)


def test_every_face_gives_the_answer_of_the_artefact(app, desk):
    frame = stored(app)
    task = app.live.task("loan")
    fields = task.predictor.artefact.manifest.input.names
    expected = task.predictor.predict({name: frame[name].values for name in fields})
    told = [float(each) for each in expected["probability_1"]]
    asked = pd.read_csv(desk / "loans.csv").drop(columns="paid")
    rows = asked.to_dict("records")
    answers = app.predict("loan", rows).predictions
    assert [each.probabilities["1"] for each in answers] == told
    one = app.predict("loan", rows[7]).predictions[0]
    assert one.probabilities["1"] == pytest.approx(told[7], abs=1e-15)
    assert app.predict("loan", asked)["probability_1"].tolist() == told
    app.predict_file("loan", desk / "loans.csv", desk / "out.csv")
    assert pd.read_csv(desk / "out.csv")["probability_1"].tolist() == pytest.approx(told, abs=1e-15)


def post(asgi, path, body):
    async def send():
        transport = httpx.ASGITransport(asgi)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
            return await client.post(path, json=body)

    return asyncio.run(send())


def test_every_address_looks_up(app):
    asgi = make(app)
    expected = app.predict("loan", ROW).predictions[0].probabilities["1"]
    answer = post(asgi, "/v1/predict/loan", {"rows": [ROW]})
    assert answer.json()["predictions"][0]["probabilities"]["1"] == expected
    tensors = [
        {"name": "customer", "shape": [1], "datatype": "BYTES", "data": ["C3"]},
        {"name": "amount", "shape": [1], "datatype": "FP64", "data": [900]},
        {"name": "region", "shape": [1], "datatype": "BYTES", "data": ["n"]},
        {"name": "applied", "shape": [1], "datatype": "BYTES", "data": ["2024-06-01"]},
    ]
    answer = post(asgi, "/v2/models/loan/infer", {"inputs": tensors})
    assert answer.json()["outputs"][1]["data"][1] == expected
    answer = post(asgi, "/v2/models/loan/infer", {"inputs": tensors[:3]})
    assert answer.status_code == 200
    split = {"columns": list(ROW), "data": [list(ROW.values())]}
    answer = post(asgi, "/invocations?contract=loan", {"dataframe_split": split})
    assert answer.json()["predictions"] == [app.predict("loan", ROW).predictions[0].value]
    answer = post(asgi, "/v1/predict/loan", {"rows": [{**ROW, "late": 3}]})
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "row_unknown_field")


def test_a_flow_asks_for_what_the_sql_reads(app):
    asked = app.ask("decide", "amount: 900, region: n")
    assert "customer" in asked.text
    assert "late" not in asked.text
    told = app.ask("decide", "customer: C3, amount: 900, region: n")
    assert told.manner == "predicted"
    assert "late payments" in told.text


def test_what_is_sent_is_the_row_itself(app):
    fields = {each.name: each for each in app.live.task("loan").input.fields}
    assert set(fields) == {"customer", "applied", "amount", "region"}
    assert (fields["applied"].kind, fields["applied"].nullable) == ("time", True)
    assert (fields["customer"].kind, fields["customer"].nullable) == ("text", False)
    with pytest.raises(InvalidRequest, match="'late' is looked up in tables") as caught:
        app.predict("loan", [ROW, {**ROW, "late": 3}])
    assert (caught.value.code, caught.value.where) == ("row_unknown_field", "rows[1]")
    with pytest.raises(InvalidRequest, match="'customer' is missing") as caught:
        app.predict("loan", {"amount": 1, "region": "n"})
    with pytest.raises(InvalidRequest, match="'applied' is 'soon'"):
        app.predict("loan", {**ROW, "applied": "soon"})
    with pytest.raises(InvalidRequest, match="the row is 3"):
        app.predict("loan", [3])
    with pytest.raises(InvalidData, match="'late' is looked up in tables"):
        app.predict("loan", pd.DataFrame([{**ROW, "late": 3}]))


def test_reasons_name_what_was_looked_up(app):
    (answer,) = app.predict("loan", ROW, reasons=4).predictions
    assert "late" in {each.feature for each in answer.reasons}


class Clock:
    def __init__(self, now):
        self.now = lambda: now
        self.monotonic = lambda: now


def test_a_row_without_a_time_is_as_of_now(app):
    now = datetime.datetime(2024, 6, 1, tzinfo=datetime.UTC).timestamp()
    clock = Clock(now)
    context = Context(clock=clock, trace=Trace(clock=clock), budget=Budget(clock=clock))
    bare = {name: value for name, value in ROW.items() if name != "applied"}
    request = PredictRequest(contract="loan", rows=(bare, {**bare, "applied": None}, ROW))
    found = inline(app.handle(request, context)).predictions
    assert found[0] == found[1] == found[2]
    today = pd.DataFrame([bare])
    assert app.predict("loan", today)["probability_1"][0] == pytest.approx(
        app.predict("loan", {**ROW, "applied": "2999-01-01"}).predictions[0].probabilities["1"]
    )


def test_what_was_never_missing_must_be_found(app):
    with pytest.raises(InvalidRequest, match="'rate' is not found in the tables") as caught:
        app.predict("loan", [ROW, {**ROW, "region": "x"}])
    assert (caught.value.code, caught.value.where) == ("row_missing_field", "rows[1]")
    assert "coalesce" in caught.value.hint
    with pytest.raises(InvalidData, match="'rate' is missing") as caught:
        app.predict("loan", pd.DataFrame([ROW, {**ROW, "region": "x"}]))
    assert caught.value.where == "the frame, row 2"


def test_a_changed_table_is_read_again_and_a_broken_one_is_not(app, desk, soon, caplog):
    def late():
        app.live.tasks()
        row = {"customer": ["C3"], "region": ["n"], "applied": ["2999-01-01"]}
        return app.live.task("loan").lookup.filled(row, 0.0)["late"][0]

    before, table = late(), desk / "payments.csv"
    whole = table.read_text()
    table.write_text(whole + "C3,2024-01-05T00:00:00,9,1.0\n")
    assert late() == before + 1
    table.write_text("customer,paid_at\nC3,monday\n")
    assert late() == before + 1
    assert "go on answering" in app.live.problems()["loan"]
    assert readiness(app)[1]["status"] == "degraded"
    assert late() == before + 1
    assert len(caplog.records) == 1
    os.remove(table)
    assert late() == before + 1
    assert "payments.csv" in app.live.problems()["loan"]
    table.write_text(whole)
    assert late() == before
    assert app.live.problems() == {}


def test_a_release_whose_tables_are_gone_says_so(desk):
    os.remove(desk / "payments.csv")
    with plait.open(desk) as app:
        assert "payments.csv" in app.live.problems() or app.live.tasks() == {}
        assert "payments.csv" in app.live.failures["loan"]


def test_a_release_whose_tables_give_another_kind_says_so(desk):
    write(desk / "rates.csv", ("region", "rate"), [("n", "low"), ("s", "high")])
    with plait.open(desk) as app:
        assert app.live.tasks() == {}
        assert "features.rate.sql: the tables give a string" in app.live.failures["loan"]
        assert readiness(app)[1]["problems"].keys() == {"loan"}


@pytest.mark.parametrize(
    ("before", "kinds"),
    [
        ("number", {"number"}),
        ("boolean", {"boolean"}),
        ("category", {"string"}),
        ("text", {"string"}),
        ("time", {"string", "time"}),
    ],
)
@pytest.mark.parametrize(
    ("kind", "values"),
    [
        ("number", [1, 2]),
        ("boolean", ["true", "false"]),
        ("string", ["1", "x"]),
        ("time", ["2024-01-01", "2024-02-01"]),
    ],
)
def test_the_tables_give_what_the_artefact_was_trained_on(desk, before, kinds, kind, values):
    text = SETTINGS.replace("SELECT max(rate)", "SELECT any_value(rate)")
    (desk / "plait.yaml").write_text(text)
    write(desk / "rates.csv", ("region", "rate"), list(zip("ns", values, strict=True)))
    contract = load_project(desk).contract("loan")
    row = {each.name: each.kind for each in read_table(desk / "loans.csv").columns}
    taken = Schema((Field(name="rate", kind=before), Field(name="amount", kind="number")))

    def read():
        return Lookup(contract, contract.tables, desk, row, taken=taken)

    if kind in kinds:
        assert read().names == {"late", "usual", "rate"}
        return
    with pytest.raises(InvalidSettings, match=f"give a {kind} for it") as caught:
        read()
    assert (caught.value.where, caught.value.hint[:4]) == ("features.rate.sql", "mend")


def put(path, text):
    """Replace a file whole."""
    beside = path.with_suffix(".new")
    beside.write_text(text)
    beside.replace(path)


def test_tables_that_are_replaced_are_freed(app, desk, soon):
    lookup = app.live.task("loan").lookup
    table, held = (desk / "rates.csv").read_text(), []
    for at in range(8):
        held.append(weakref.ref(lookup._as_of))
        put(desk / "rates.csv", f"{table}r{at},{at}\n")
        app.predict("loan", ROW)
    assert lookup._as_of is not held[-1]()
    assert [each() for each in held] == [None] * 8


def test_the_tables_of_a_release_that_is_replaced_are_freed(app, soon):
    app.predict("loan", ROW)
    lookup = weakref.ref(app.live.task("loan").lookup)
    as_of = weakref.ref(lookup()._as_of)
    app.release(app.decisions("loan")[0].id)
    app.predict("loan", ROW)
    assert (lookup(), as_of()) == (None, None)


def test_whoever_asks_while_tables_are_read_gets_the_old_answers_or_the_new(app, desk, soon):
    def rates(north, south):
        return f"region,rate\nn,{north}\ns,{south}\n"

    lookup, ended, found = app.live.task("loan").lookup, Event(), []
    asked = {"customer": ["C3"] * 2, "region": ["n", "s"], "applied": ["2024-06-01"] * 2}
    alone = {name: values[:1] for name, values in asked.items()}

    def ask(columns):
        while not ended.is_set():
            found.append(tuple(float(each) for each in lookup.filled(columns, 0.0)["rate"]))

    askers = [Thread(target=ask, args=(columns,)) for columns in (asked, asked, alone)]
    for each in askers:
        each.start()
    for at in range(4):
        put(desk / "rates.csv", rates(at, at + 0.5))
        lookup.refresh()
    ended.set()
    for each in askers:
        each.join()
    known = {(1.5, 2.5), *((at, at + 0.5) for at in range(4))}
    assert set(found) <= known | {each[:1] for each in known}
    assert {len(each) for each in found} == {1, 2}
    assert lookup.filled(asked, 0.0)["rate"].tolist() == [3.0, 3.5]


def test_a_release_keeps_the_sql_that_it_was_trained_with(desk):
    text = SETTINGS.replace("AND days > 0", "AND days > 99")
    (desk / "plait.yaml").write_text(text)
    with plait.open(desk) as app:
        frame, lookup = stored(app), app.live.task("loan").lookup
        columns = {each.name: each.values for each in frame.columns}
        assert lookup.filled(columns, 0.0)["late"].tolist() == columns["late"].tolist()


def test_a_table_that_the_settings_lost_is_named(desk):
    text = SETTINGS.replace("      rates: {data: rates.csv}\n", "").replace(
        '      rate: {sql: "SELECT max(rate) FROM rates WHERE region = row.region"}\n', ""
    )
    (desk / "plait.yaml").write_text(text)
    with plait.open(desk) as app:
        assert app.live.tasks() == {}
        assert "'rates'" in app.live.failures["loan"]


@pytest.mark.long
def test_evidence_is_run_again_without_the_tables(app, desk):
    os.remove(desk / "payments.csv")
    os.remove(desk / "loans.csv")
    (decision,) = app.decisions("loan")
    assert app.rerun(decision.id)["evidence"] == decision.evidence


def test_the_decision_and_the_lineage_name_the_tables(app, desk):
    (decision,) = app.decisions("loan")
    notes = " ".join(decision.notes)
    lookup = app.live.task("loan").lookup
    for version in lookup.versions:
        assert version.id in notes
    assert "late and usual: looked up in the rows of payments" in notes
    assert "rates (2 rows" in notes
    assert "is always known" in notes
    assert "ms for one row" in notes
    lines = (desk / ".plait" / "lineage.jsonl").read_text()
    assert all(version.id in lines for version in lookup.versions)


# what cannot be looked up


def rows(**columns):
    given = {
        "customer": ["a", "b"], "applied": ["2024-01-01"] * 2, "paid": [0, 1], "sex": ["f", "m"]
    }  # fmt: skip
    return Frame.of({**given, **columns})


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("SELECT count(*) FROM payments WHERE customer = row.paid", "row.paid may not be read"),
        ("SELECT count(*) FROM payments WHERE customer = row.sex", "row.sex may not be read"),
        ("SELECT count(*) FROM payments WHERE customer = row.costumer", "did you mean 'customer'"),
        ("SELECT count(*) FROM payments WHERE nosuch = row.customer", "nosuch"),
        ("SELECT max(paid_at) - min(paid_at) FROM payments", "date_diff"),
    ],
)
def test_sql_that_the_data_do_not_fit(desk, sql, said):
    text = SETTINGS.split("      usual:")[0].replace(
        "SELECT count(*) FROM payments WHERE customer = row.customer AND days > 0", sql
    )
    (desk / "plait.yaml").write_text(
        text.replace("    tables:", "    fairness: {group: sex}\n    tables:")
    )
    contract = load_project(desk).contract("loan")
    with pytest.raises(InvalidSettings, match=said) as caught:
        lookup_for(desk, contract, rows())
    assert caught.value.where == "features.late.sql"


def test_a_feature_is_no_column_of_the_data(desk):
    contract = load_project(desk).contract("loan")
    with pytest.raises(InvalidSettings, match="'late' is a column of the data"):
        lookup_for(desk, contract, rows(Late=[1, 2], region=["n", "s"], late=[1, 2]))


def test_features_that_differ_in_case_are_refused(desk):
    (desk / "plait.yaml").write_text(SETTINGS.replace("      usual:", "      LATE:"))
    with pytest.raises(InvalidData, match="differ only in case"):
        lookup_for(desk, load_project(desk).contract("loan"), rows(region=["n", "s"]))


def test_a_contract_without_sql_looks_nothing_up(project):
    contract = project.contract("repaid")
    assert lookup_for(project.folder, contract, rows()) is None


def test_rows_without_a_time_know_nothing(desk):
    contract = load_project(desk).contract("loan")
    frame = read_table(desk / "loans.csv")
    applied = frame["applied"].values
    applied[:3] = None
    found = lookup_for(desk, contract, frame).added(frame)
    assert found["late"].values[:3].tolist() == [0, 0, 0]
    assert np.isnan(found["usual"].values[:3]).all()
