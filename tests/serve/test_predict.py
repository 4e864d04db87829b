"""Rows over HTTP: what is answered, and what is refused."""

import asyncio
import json
import math
from threading import Event, current_thread
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import plait
from plait.core.contract import Contract
from plait.core.errors import EngineError, InvalidRequest
from plait.core.privacy import Privacy
from plait.registry.dataset import register_dataset
from plait.serve.http import make
from plait.store.frame import Frame
from plait.tasks.tabular.task import TabularTask
from plait.train.corpus import prepare_text
from plait.train.tfidf import TfidfLinear

LOAN = "/v1/predict/loan"
FLAT = {"area": 50.0, "balcony": None, "region": "south"}


def test_one_row(http, row, app):
    response = http.post(LOAN, json={"rows": [row]})
    assert response.status_code == 200
    answer = response.json()
    assert answer == {**app.predict("loan", row).record(), "id": answer["id"]}
    assert answer["predictions"][0]["prediction"] == "yes"
    assert sum(answer["predictions"][0]["probabilities"].values()) == pytest.approx(1)
    assert answer["operating_point"]["threshold"] == 0.6
    assert answer["operating_point"]["false_negative_rate"] == 0.21
    assert response.headers["content-type"] == "application/json"


def test_the_id_of_the_body_is_the_id_of_the_header(http, row):
    responses = [http.post(LOAN, json={"rows": [row]}) for _ in range(2)]
    ids = [response.json()["id"] for response in responses]
    assert [response.headers["x-request-id"] for response in responses] == ids
    assert ids[0] != ids[1]


def test_the_time_of_each_stage(http, row):
    timing = http.post(LOAN, json={"rows": [row]}).headers["server-timing"]
    stages = dict(each.split(";dur=") for each in timing.split(", "))
    assert list(stages) == ["read", "parse", "admit", "answer", "total"]
    *parts, total = map(float, stages.values())
    assert 0 < sum(parts) <= total + 0.002  # each is rounded to a thousandth


@pytest.mark.parametrize("count", [2, 20, 21, 300])
def test_many_rows_are_answered_in_order_and_as_if_alone(http, app, row, count):
    rows = [{**row, "income": 1_000 * place, "debt": None} for place in range(count)]
    answers = http.post(LOAN, json={"rows": rows}).json()["predictions"]
    assert answers == [app.predict("loan", each).predictions[0].record() for each in rows]


def test_a_number_comes_with_its_interval_and_without_a_threshold(http):
    answer = http.post("/v1/predict/rent", json={"rows": [FLAT]}).json()
    assert answer["operating_point"] is None
    (prediction,) = answer["predictions"]
    assert set(prediction) == {"prediction", "interval"}
    low, high = prediction["interval"]
    assert low < prediction["prediction"] < high


def test_reasons_come_only_when_asked_for(http, row):
    def answers(**more):
        return http.post(LOAN, json={"rows": [row] * 2, **more}).json()["predictions"]

    assert all("reasons" not in each for each in answers() + answers(reasons=0))
    for answer in answers(reasons=2):
        assert len(answer["reasons"]) == 2
        first, second = (abs(each["contribution"]) for each in answer["reasons"])
        assert first >= second
    assert answers(reasons=100)[0]["reasons"][:2] == answers(reasons=2)[0]["reasons"]


@pytest.mark.parametrize(
    "kind", [None, "application/x-www-form-urlencoded", "text/plain", "multipart/form-data", "Ω"]
)
def test_what_the_body_is_called_does_not_matter(http, row, kind):
    headers = {} if kind is None else {"content-type": kind.encode()}
    body = json.dumps({"rows": [row]}).encode()
    assert http.post(LOAN, content=body, headers=headers).status_code == 200


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"", 400, "request_not_json"),
        (b"not json", 400, "request_not_json"),
        (b"\xff\xfe\xfd", 400, "request_not_json"),
        (b'{"rows": [{"income": "\xe9"}]}', 400, "request_not_json"),
        (b'{"rows": [{"income": "\\ud800"}]}', 400, "request_not_json"),
        (b'{"rows": [{"income": NaN}]}', 400, "request_not_json"),
        (b'{"rows": [{"income": -Infinity}]}', 400, "request_not_json"),
        (b'{"rows": [{"income": 1e999}]}', 400, "request_not_json"),
        (b'{"rows": [{"income": ' + b"9" * 5000 + b"}]}", 400, "request_not_json"),
        (b"[" * 100_000, 400, "request_not_json"),
        (b'{"rows": ' + b"[" * 900 + b"]" * 900 + b"}", 400, "request_shape"),
        (b"[]", 400, "request_shape"),
        (b"null", 400, "request_shape"),
        (b"3", 400, "request_shape"),
        (b"{}", 400, "request_shape"),
        (b'{"rows": null}', 400, "request_shape"),
        (b'{"rows": {}}', 400, "request_shape"),
        (b'{"rows": []}', 400, "request_shape"),
        (b'{"rows": [1]}', 400, "request_shape"),
        (b'{"rows": [{}, []]}', 400, "row_missing_field"),
        (b'{"rows": [{}], "other": 1}', 400, "request_shape"),
        (b'{"rows": [{}], "reasons": -1}', 400, "request_shape"),
        (b'{"rows": [{}], "reasons": 101}', 400, "request_shape"),
        (b'{"rows": [{}], "reasons": 1.0}', 400, "request_shape"),
        (b'{"rows": [{}], "reasons": true}', 400, "request_shape"),
        (b'{"rows": [{}], "reasons": null}', 400, "request_shape"),
    ],
    ids=lambda value: repr(value[:40]) if isinstance(value, bytes) else None,
)
def test_a_body_that_cannot_be_read(http, refused, body, status, code):
    response = http.post(LOAN, content=body)
    assert refused(response, status) == code
    assert response.headers["x-should-retry"] == "false"


@pytest.mark.parametrize(
    ("change", "code", "named"),
    [
        ({"income": "61000"}, "row_wrong_type", "rows[1].income"),
        ({"income": None}, "row_missing_field", "rows[1]"),
        ({"income": True}, None, None),
        ({"income": []}, "row_wrong_type", "rows[1].income"),
        ({"income": {"a": {"b": 1}}}, "row_wrong_type", "rows[1].income"),
        ({"income": "x" * 100_000}, "row_wrong_type", "rows[1].income"),
        ({"employed": 1}, "row_wrong_type", "rows[1].employed"),
        ({"employed": "true"}, "row_wrong_type", "rows[1].employed"),
        ({"region": 4}, "row_wrong_type", "rows[1].region"),
        ({"region": "never seen"}, None, None),
        ({"region": "x" * 100_000}, None, None),
        ({"debt": None, "region": None}, None, None),
        ({"incme": 3}, "row_unknown_field", "rows[1]"),
        ({"x" * 100_000: 3}, "row_unknown_field", "rows[1]"),
    ],
)
def test_a_row_that_does_not_fit_is_named(http, refused, row, change, code, named):
    response = http.post(LOAN, json={"rows": [row, {**row, **change}]})
    if code is None:
        assert response.status_code == 200
        return
    assert refused(response, 400) == code
    error = response.json()["error"]
    assert error["param"] == named
    assert len(error["message"]) < 400


def test_a_missing_field(http, refused, row):
    del row["employed"]
    response = http.post(LOAN, json={"rows": [row]})
    assert refused(response, 400) == "row_missing_field"
    assert "'employed'" in response.json()["error"]["message"]


def test_a_misspelt_field_is_told_its_name(http, row):
    row["incme"] = row.pop("income")
    message = http.post(LOAN, json={"rows": [row]}).json()["error"]["message"]
    assert "did you mean 'income'?" in message


def test_more_rows_than_a_request_holds(http, refused, row):
    response = http.post(LOAN, json={"rows": [row] * 10_001})
    assert refused(response, 413) == "request_too_large"
    assert "--file" in response.json()["error"]["message"]


def test_a_body_that_is_too_large(http, refused):
    for length in (str(17 * 2**20), "9" * 5_000):
        response = http.post(LOAN, content=b"x", headers={"content-length": length})
        assert refused(response, 413) == "request_too_large"

    async def endless():
        while True:
            yield b"x" * 2**20

    assert refused(http.post(LOAN, content=endless()), 413) == "request_too_large"


def test_an_unknown_contract_gets_the_nearest_name(http, refused, row):
    response = http.post("/v1/predict/laon", json={"rows": [row]})
    assert refused(response, 404) == "unknown_contract"
    assert "did you mean 'loan'?" in response.json()["error"]["message"]
    long = http.post(f"/v1/predict/{'x' * 50_000}", json={"rows": [row]})
    assert refused(long, 404) == "unknown_contract"
    assert len(long.json()["error"]["message"]) < 300


def test_a_contract_without_a_release(http, refused, row):
    response = http.post("/v1/predict/fraud", json={"rows": [row]})
    assert refused(response, 404) == "not_trained"
    assert "plait train fraud" in response.json()["error"]["message"]


def test_texts_are_answered_in_a_thread_with_a_level_or_none(
    project, client, talk, declare, tmp_path, monkeypatch
):
    file = project / "plait.yaml"
    contract = "  intent: {task: text, data: none.csv, target: intent}\n"
    file.write_text(file.read_text() + contract)
    prepared = prepare_text(talk(8), Contract(task="text", data="", target="intent"))
    made = TfidfLinear(tmp_path / "made", abstain=0.5).fit(
        prepared.sample(np.arange(len(prepared)), seed=0)
    )
    threads = []
    run = TabularTask.run
    monkeypatch.setattr(
        TabularTask, "run", lambda *asked: threads.append(current_thread().name) or run(*asked)
    )
    with plait.open(project) as app:
        declare(app, "intent", made.artefact, winner="tfidf_linear")
        rows = [{"said": "borrow a mortgage loan"}, {"said": "volcano opera"}]
        response = client(make(app)).post("/v1/predict/intent", json={"rows": rows})
    first, second = response.json()["predictions"]
    assert (first["prediction"], "abstained" in first) == ("loan", False)
    assert (second["prediction"], second["abstained"]) == (None, True)
    assert first["confidence"] > 0.5 > second["confidence"]
    assert [name.partition("_")[0] for name in threads] == ["plait-predict"]


def test_a_refused_request_is_explained_by_its_id(http, row):
    for bad in ({"income": "x"}, {"income": json.loads("[" * 400 + "]" * 400)}):
        refusal = http.post(LOAN, json={"rows": [{**row, **bad}]})
        told = http.get(f"/v1/requests/{refusal.headers['x-request-id']}")
        assert told.status_code == 200
        assert told.json()["status"] == "row_wrong_type"


def test_a_deadline_that_has_passed(project, client, refused, row):
    settings = project / "plait.yaml"
    settings.write_text(settings.read_text() + "budget: {deadline_ms: 0.0001}\n")
    with plait.open(project) as app:
        response = client(make(app)).post(LOAN, json={"rows": [row]})
    assert refused(response, 504) == "deadline_exceeded"


def test_an_engine_that_fails(http, app, refused, row, monkeypatch):
    def fail(*_, **__):
        raise EngineError("engine_failed", "no more")

    monkeypatch.setattr(app.live.task("loan"), "predictor", SimpleNamespace(predict=fail))
    assert refused(http.post(LOAN, json={"rows": [row]}), 502) == "engine_failed"


def test_a_fault_of_ours_is_told_in_the_same_shape(http, app, refused, row, monkeypatch):
    monkeypatch.setattr(app, "context", lambda _: 1 / 0)
    response = http.post(LOAN, json={"rows": [row]})
    assert refused(response, 502) == "engine_failed"
    assert "division" not in response.text


def test_long_work_does_not_hold_up_others(http, app, row, monkeypatch):
    task = app.live.task("loan")
    began, go_on = Event(), Event()

    def slow(columns, *, reasons):
        if len(columns["income"]) > 1:
            began.set()
            assert go_on.wait(10)
        return engine.predict(columns, reasons=reasons)

    engine = task.predictor
    monkeypatch.setattr(task, "predictor", SimpleNamespace(predict=slow))

    async def ask():
        long = asyncio.create_task(http.asend("POST", LOAN, json={"rows": [row] * 100}))
        await asyncio.to_thread(began.wait, 10)
        short = [
            await http.asend("POST", LOAN, json={"rows": [row]}),
            await http.asend("GET", "/livez"),
            await http.asend("GET", "/readyz"),
        ]
        assert not long.done()
        go_on.set()
        return [*short, await long]

    assert [response.status_code for response in asyncio.run(ask())] == [200] * 4


def test_a_caller_who_leaves_is_no_fault(app):
    """The body breaks off: nobody reads the answer, and nothing is logged as a fault."""
    sent = []

    async def receive():
        return {"type": "http.disconnect"}

    async def send(message):
        sent.append(message)

    scope = {
        "type": "http",
        "method": "POST",
        "path": LOAN,
        "raw_path": LOAN.encode(),
        "root_path": "",
        "query_string": b"",
        "headers": [(b"host", b"localhost")],
        "scheme": "http",
        "http_version": "1.1",
        "server": ("127.0.0.1", 80),
        "client": ("127.0.0.1", 5),
    }
    asyncio.run(make(app)(scope, receive, send))
    assert sent[0]["status"] == 499


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)
names = st.sampled_from(["income", "debt", "employed", "region"])
rows = st.dictionaries(names | st.text(max_size=6), json_values, max_size=6)
good = st.fixed_dictionaries(
    {
        "income": st.integers(-(2**62), 2**62) | st.floats(-1e300, 1e300),
        "debt": st.none() | st.floats(-1e300, 1e300),
        "employed": st.booleans(),
        "region": st.none() | st.text(max_size=10),
    }
)
bodies = st.one_of(
    st.fixed_dictionaries({"rows": st.lists(good, min_size=1, max_size=30)}),
    st.fixed_dictionaries(
        {"rows": json_values | st.lists(rows | good, max_size=4)},
        optional={"reasons": json_values | st.integers(0, 100), "x": json_values},
    ),
    json_values,
)


@settings(max_examples=150, deadline=None)
@given(body=bodies, spoil=st.none() | st.binary(max_size=30))
def test_whatever_is_sent_gets_an_answer_or_an_error_with_a_code(http, body, spoil):
    text = json.dumps(body).encode() if spoil is None else spoil
    response = http.post(LOAN, content=text)
    if response.status_code == 200:
        answers = response.json()["predictions"]
        assert len(answers) == len(body["rows"])
        assert all(math.isfinite(p) for each in answers for p in each["probabilities"].values())
    else:
        assert 400 <= response.status_code < 500
        assert response.json()["error"]["code"] in InvalidRequest.codes


def test_rows_that_were_trained_on_are_answered_by_every_api(project, client, linear, declare, row):
    trained = {**row, "repaid": "yes", "number": "K-17", "bank": 3}
    with plait.open(project) as app:
        register_dataset(
            app.store,
            "ds_1",
            Frame.of({name: [value] for name, value in trained.items()}),
            contract="loan",
            source="none.csv",
            tenant="default",
            privacy=Privacy.INTERNAL,
        )
        declare(app, "loan", linear(0.3))
        http = client(make(app))
        expected = app.predict("loan", row).predictions[0].value
        told = http.post(LOAN, json={"rows": [trained, row]}).json()["predictions"]
        assert [each["prediction"] for each in told] == [expected] * 2
        invoked = {"dataframe_records": [trained]}
        told = http.post("/invocations?contract=loan", json=invoked).json()
        assert told["predictions"] == [expected]
        tensors = [
            {"name": name, "shape": [1], "datatype": _datatype(value), "data": [value]}
            for name, value in trained.items()
        ]
        told = http.post("/v2/models/loan/infer", json={"inputs": tensors}).json()
        assert told["outputs"][0]["data"] == [expected]
        mistyped = http.post(LOAN, json={"rows": [{**trained, "repayed": "yes"}]})
        told = mistyped.json()["error"]
        assert told["code"] == "row_unknown_field"
        assert told["message"] == "unknown field 'repayed' (did you mean 'repaid'?)"


def _datatype(value):
    kinds = {bool: "BOOL", int: "INT64", float: "FP64"}
    return kinds.get(type(value), "BYTES")


def test_what_nobody_foresaw_is_an_error_with_an_id_all_the_same(http, refused, row, monkeypatch):
    def broken(*_):
        raise RuntimeError("a secret")

    monkeypatch.setattr("plait.serve.predict.render", broken)
    response = http.post(LOAN, json={"rows": [row]})
    assert refused(response, 502) == "engine_failed"
    assert "a secret" not in response.text


def test_the_way_past_the_routes_leads_to_predictions_alone(http, refused, row):
    body = {"rows": [row]}
    assert refused(http.get(LOAN), 405) == "request_method"
    assert refused(http.post("/v1/predict/", json=body), 404)
    assert refused(http.post("/v1/predict/loan/x", json=body), 404)
    assert refused(http.post("/v1/predict/nobody", json=body), 404) == "unknown_contract"
    assert http.post("/v1/predict/%6Coan", json=body).status_code == 200
