"""The Open Inference Protocol v2, as its clients speak it."""

import json
import urllib.error
import urllib.request

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

import plait
from plait.core.errors import StoreError
from plait.engines.series import Part, SeriesSettings
from plait.serve import oip
from plait.serve.http import make
from plait.train.forecast_base import export_series

LOAN, RENT = "/v2/models/loan/infer", "/v2/models/rent/infer"


def fits(response, kind):
    TypeAdapter(kind).validate_json(response.content, strict=True, extra="forbid")
    return response.json()


def tensors(rows):
    kinds = {"income": "FP64", "debt": "FP64", "employed": "BOOL", "region": "BYTES"}
    return [
        {
            "name": name,
            "shape": [len(rows)],
            "datatype": kinds[name],
            "data": [row[name] for row in rows],
        }
        for name in rows[0]
    ]


@pytest.fixture
def wrong():
    """Check that a response is an error as the protocol has it, and return its text."""

    def check(response, status):
        assert response.status_code == status, response.text
        assert response.headers["content-type"] == "application/json"
        assert response.headers["x-request-id"].startswith("req_")
        return fits(response, oip.InferenceError)["error"]

    return check


def test_the_server_is_told(http):
    told = fits(http.get("/v2"), oip.ServerMetadata)
    assert (told["name"], told["extensions"]) == ("plait", [])
    assert fits(http.get("/v2/health/live"), oip.ServerLive) == {"live": True}
    assert fits(http.get("/v2/health/ready"), oip.ServerReady) == {"ready": True}


def test_a_server_that_is_not_ready_says_so_by_its_status(app, http, monkeypatch):
    def fail():
        raise StoreError("store_unreachable", "gone")

    monkeypatch.setattr(app.store, "change_counter", fail)
    monkeypatch.setattr(app.live, "tasks", dict)
    response = http.get("/v2/health/ready")
    assert (response.status_code, response.json()) == (400, {"ready": False})
    assert http.get("/v2/health/live").status_code == 200


def test_a_model_is_told(http):
    told = fits(http.get("/v2/models/loan"), oip.ModelMetadata)
    assert (told["name"], told["platform"]) == ("loan", "plait_linear")
    assert [(each["name"], each["datatype"]) for each in told["inputs"]] == [
        *(("income", "FP64"), ("debt", "FP64"), ("employed", "BOOL"), ("region", "BYTES"))
    ]
    best, shares = told["outputs"]
    assert (best["name"], best["datatype"], best["shape"]) == ("prediction", "BYTES", [-1])
    assert (shares["name"], shares["shape"]) == ("probabilities", [-1, 2])
    assert json.loads(shares["parameters"]["levels"]) == ["no", "yes"]
    outputs = http.get("/v2/models/rent").json()["outputs"]
    assert [each["name"] for each in outputs] == ["prediction", "lower", "upper"]


def test_whether_a_model_is_ready(http, wrong):
    ready = http.get("/v2/models/loan/ready")
    assert (ready.status_code, ready.json()) == (200, {"name": "loan", "ready": True})
    untrained = http.get("/v2/models/fraud/ready")
    assert (untrained.status_code, untrained.json()) == (400, {"name": "fraud", "ready": False})
    assert "did you mean 'loan'?" in wrong(http.get("/v2/models/laon/ready"), 404)
    assert "did you mean 'loan'?" in wrong(http.get("/v2/models/laon"), 404)


@pytest.mark.parametrize("count", [1, 3, 300])
def test_rows_are_answered_as_by_predict(http, app, row, count):
    rows = [{**row, "income": 1_000 * place, "debt": None} for place in range(count)]
    response = http.post(LOAN, json={"id": "mine", "inputs": tensors(rows)})
    told = fits(response, oip.Inference)
    expected = app.predict("loan", rows)
    assert (told["model_name"], told["id"]) == ("loan", "mine")
    assert told["model_version"] == expected.artefact
    best, shares = told["outputs"]
    assert best["data"] == [each.value for each in expected.predictions]
    assert (best["shape"], shares["shape"]) == ([count], [count, 2])
    pairs = [
        [each.probabilities[level] for level in ("no", "yes")] for each in expected.predictions
    ]
    assert np.reshape(shares["data"], (count, 2)).tolist() == pairs


def test_the_request_is_recorded_and_explained_by_its_id(http, row):
    response = http.post(LOAN, json={"inputs": tensors([row])})
    told = response.json()
    assert told["id"] == told["parameters"]["request"] == response.headers["x-request-id"]
    explained = http.get(f"/v1/requests/{told['id']}").json()
    assert (explained["name"], explained["status"]) == ("loan", "done")
    assert explained["decision"]["id"] == told["parameters"]["decision"]
    assert "server-timing" in response.headers


def test_an_interval_has_tensors_of_its_own(http):
    inputs = [
        {"name": "area", "shape": [1, 1], "datatype": "FP32", "data": [[50.5]]},
        {"name": "balcony", "shape": [1, 1], "datatype": "BOOL", "data": [[None]]},
        {"name": "region", "shape": [1], "datatype": "BYTES", "data": ["north"]},
    ]
    outputs = [{"name": name, "parameters": {"binary_data": True}} for name in ("upper", "lower")]
    sent = {"inputs": inputs, "outputs": outputs, "parameters": {"binary_data_output": True}}
    upper, lower = fits(http.post(RENT, json=sent), oip.Inference)["outputs"]
    assert (upper["name"], lower["name"]) == ("upper", "lower")
    assert lower["data"][0] < upper["data"][0]


@pytest.mark.parametrize(
    ("change", "status", "part"),
    [
        ({"inputs": None}, 400, "no tensor"),
        ({"inputs": {}}, 400, "not a list"),
        ({"inputs": [3]}, 400, "inputs[0]"),
        ({"id": 3}, 400, "`id` 3 is not text"),
        ({"parameters": []}, 400, "not an object"),
        ({"input": []}, 400, "unknown key 'input'"),
        ({"outputs": [{"name": "best"}]}, 400, "no output 'best'"),
        ({"outputs": [{}]}, 400, "outputs[0].name"),
    ],
)
def test_a_body_of_another_shape(http, wrong, row, change, status, part):
    assert part in wrong(http.post(LOAN, json={"inputs": tensors([row]), **change}), status)


def test_a_value_that_does_not_fit_is_named(http, wrong, row):
    bad = tensors([row, {**row, "income": "61000"}])
    assert "rows[1].income" in wrong(http.post(LOAN, json={"inputs": bad}), 400)
    assert "'region' is missing" in wrong(http.post(RENT, json={"inputs": [
        {"name": "area", "shape": [1], "datatype": "FP64", "data": [1]},
        {"name": "balcony", "shape": [1], "datatype": "BOOL", "data": [True]},
    ]}), 400)  # fmt: skip
    assert "unknown field 'other'" in wrong(
        http.post(LOAN, json={"inputs": [*tensors([row]),
            {"name": "other", "shape": [1], "datatype": "FP64", "data": [1]}]}), 400)  # fmt: skip


def test_limits_and_unknown_names(http, wrong, row):
    many = {"name": "income", "shape": [10_001], "datatype": "INT64", "data": [1] * 10_001}
    assert "10000" in wrong(http.post(LOAN, json={"inputs": [many]}), 413)
    assert "laon" in wrong(http.post("/v2/models/laon/infer", json={"inputs": []}), 404)
    assert "plait train fraud" in wrong(http.post("/v2/models/fraud/infer", json={}), 404)
    assert "not JSON" in wrong(http.post(LOAN, content=b"NaN"), 400)
    assert "/v2/model" in wrong(http.get("/v2/model"), 404)
    assert "GET" in wrong(http.get(LOAN), 405)
    binary = {"inference-header-content-length": "9"}
    assert "binary_data=False" in wrong(http.post(LOAN, content=b"{}", headers=binary), 400)


def test_keys_are_asked_for_as_anywhere(app, public, wrong, row):
    sent = {"inputs": tensors([row])}
    wrong(public().post(LOAN, json=sent), 401)
    wrong(public().get("/v2/models/loan"), 401)
    wrong(public().get("/v2/models/loan/ready"), 401)
    wrong(public(app.keys.add("reader", ("read",))[1]).post(LOAN, json=sent), 403)
    assert public(app.keys.add("caller", ("predict",))[1]).post(LOAN, json=sent).status_code == 200
    assert public().get("/v2/health/ready").status_code == 200


def test_a_contract_of_numbers_takes_a_matrix(sums):
    matrix = {"name": "x", "shape": [2, 2], "datatype": "FP64", "data": [1, None, 3.5, 4]}
    answer = sums("a", "b").post("/v2/models/sums/infer", json={"inputs": [matrix]}).json()
    assert answer["outputs"][0] == {
        "name": "prediction",
        "datatype": "FP64",
        "shape": [2],
        "parameters": {},
        "data": [1 + 2 * 0.5 + 0.25, 3.5 + 2 * 4 + 0.25],
    }


def test_over_a_socket(project_address, row):
    body = json.dumps({"inputs": tensors([row])}).encode()
    with urllib.request.urlopen(f"{project_address}{LOAN}", body) as answer:
        assert json.load(answer)["outputs"][0]["data"] == ["yes"]
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(f"{project_address}{LOAN}", b"{}")
    with caught.value as refusal:
        told = refusal.read()
        assert int(refusal.headers["content-length"]) == len(told)
        assert list(json.loads(told)) == ["error"]


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)
any_tensor = st.fixed_dictionaries(
    {},
    optional={
        "name": st.sampled_from(["income", "region", "x"]) | json_values,
        "shape": st.lists(st.integers(-1, 4), max_size=3) | json_values,
        "datatype": st.sampled_from(["FP64", "BYTES", "BOOL"]) | json_values,
        "data": st.lists(json_values, max_size=4) | json_values,
        "parameters": json_values,
    },
)


@settings(max_examples=100, deadline=None)
@given(
    body=st.fixed_dictionaries(
        {"inputs": st.lists(any_tensor, max_size=4) | json_values},
        optional={"id": json_values, "outputs": json_values, "parameters": json_values},
    )
)
def test_whatever_is_sent_gets_an_answer_or_an_error_of_the_protocol(http, body):
    response = http.post(LOAN, content=json.dumps(body).encode())
    assert response.status_code in (200, 400, 413)
    assert response.status_code == 200 or list(response.json()) == ["error"]


@pytest.fixture
def load(project, client, declare, tmp_path):
    """Serve a contract `load` that forecasts three steps."""
    file = project / "plait.yaml"
    contract = "  load: {task: series, data: none.csv, target: y, time: t, horizon: 3}\n"
    file.write_text(file.read_text() + contract)
    settings = SeriesSettings(
        horizon=3,
        season=2,
        cycle=2,
        level=0.9,
        widths=(1.0, 2.0, 3.0),
        parts=(Part(method="seasonal_naive", season=2),),
    )
    made = export_series(tmp_path / "made", "series", settings, {})
    with plait.open(project) as app:
        declare(app, "load", made.artefact)
        yield client(make(app))


def test_a_series_takes_the_tensors_that_its_metadata_names(load, wrong):
    named = [each["name"] for each in load.get("/v2/models/load").json()["inputs"]]
    assert named == ["history", "horizon"]
    history = {"name": "history", "shape": [4], "datatype": "FP64", "data": [1, 2, 3, 4]}
    horizon = {"name": "horizon", "shape": [1], "datatype": "FP64", "data": [2]}
    response = load.post("/v2/models/load/infer", json={"inputs": [history, horizon]})
    assert response.status_code == 200, response.text
    outputs = fits(response, oip.Inference)["outputs"]
    assert [(each["name"], each["data"]) for each in outputs] == [
        ("prediction", [3.0, 4.0]),
        ("lower", [1.0, 0.0]),
        ("upper", [5.0, 8.0]),
    ]
    wanted = {"inputs": [history, {**horizon, "data": [9]}]}
    said = wrong(load.post("/v2/models/load/infer", json=wanted), 400)
    assert "trained for 3" in said
