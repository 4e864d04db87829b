"""MLflow's scoring protocol, in each of its forms."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

import plait
from plait.core.errors import StoreError
from plait.serve import invocations

LOAN = "/invocations?contract=loan"


@pytest.fixture
def rows(row):
    """Three applications, the second with gaps."""
    return [row, {**row, "debt": None, "region": None}, {**row, "income": 1_000}]


def forms(rows):
    names = list(rows[0])
    table = [list(row.values()) for row in rows]
    return {
        "split": {"dataframe_split": {"columns": names, "data": table}},
        "index": {"dataframe_split": {"columns": names, "index": [7, 8, 9], "data": table}},
        "shuffled": {
            "dataframe_split": {"columns": names[::-1], "data": [row[::-1] for row in table]}
        },
        "records": {"dataframe_records": rows},
        "instances": {"instances": rows},
        "matrix": {"instances": table},
        "columns": {"inputs": {name: [row[name] for row in rows] for name in names}},
        "inputs": {"inputs": table, "params": {}},
        "objects": {"inputs": rows, "params": None},
    }


FORMS = list(forms([{"a": 1}]))


@pytest.mark.parametrize("form", FORMS)
def test_each_form_is_answered_as_by_predict(http, app, rows, form):
    response = http.post(LOAN, json=forms(rows)[form])
    assert response.status_code == 200, response.text
    TypeAdapter(invocations.Scores).validate_json(response.content, strict=True, extra="forbid")
    expected = [each.value for each in app.predict("loan", rows).predictions]
    assert response.json() == {"predictions": expected}


def test_the_request_is_recorded(http, rows):
    response = http.post(LOAN, json=forms(rows)["split"])
    told = http.get(f"/v1/requests/{response.headers['x-request-id']}").json()
    assert (told["name"], told["status"], len(told["asked"])) == ("loan", "done", 3)


def test_which_contract_must_be_said_where_there_are_several(http, refused, rows):
    response = http.post("/invocations", json=forms(rows)["split"])
    assert refused(response, 400) == "request_shape"
    message = response.json()["error"]["message"]
    assert "loan, rent" in message
    assert "/invocations?contract=" in message
    unknown = http.post("/invocations?contract=laon", json=forms(rows)["split"])
    assert refused(unknown, 404) == "unknown_contract"
    untrained = http.post("/invocations?contract=fraud", json=forms(rows)["split"])
    assert refused(untrained, 404) == "not_trained"


def test_one_contract_needs_no_name(app, http, rows, monkeypatch):
    live = {"loan": app.live.task("loan")}
    monkeypatch.setattr(app.live, "tasks", lambda: live)
    assert http.post("/invocations", json=forms(rows)["records"]).status_code == 200
    monkeypatch.setattr(app.live, "tasks", dict)
    told = http.post("/invocations", json=forms(rows)["records"]).json()["error"]["message"]
    assert "plait train" in told


@pytest.mark.parametrize(
    ("body", "code", "part"),
    [
        ({}, "request_shape", "send one of dataframe_split"),
        ({"dataframe_records": [], "inputs": []}, "request_shape", "not dataframe_records and"),
        ({"columns": [], "data": []}, "request_shape", "unknown key"),
        ({"instances": [[1]], "params": {"a": 1}}, "request_unsupported", "parameter"),
        ({"instances": [[1]], "params": 3}, "request_shape", "not an object"),
        ({"dataframe_split": []}, "request_shape", "not an object"),
        ({"dataframe_split": {"data": [[1]]}}, "request_shape", "a list of names"),
        ({"dataframe_split": {"columns": [1], "data": []}}, "request_shape", "a list of names"),
        ({"dataframe_split": {"columns": ["a", "a"], "data": []}}, "request_shape", "different"),
        ({"dataframe_split": {"columns": ["a"], "data": 1}}, "request_shape", "a list of rows"),
        ({"dataframe_split": {"columns": ["a"], "data": [1]}}, "request_shape", "data[0]"),
        ({"dataframe_split": {"columns": ["a"], "data": [[1, 2]]}}, "request_shape", "2 values"),
        ({"dataframe_split": {"columns": ["a"], "rows": []}}, "request_shape", "unknown key"),
        ({"dataframe_records": {}}, "request_shape", "not a list"),
        ({"dataframe_records": [1]}, "request_shape", "dataframe_records[0]"),
        ({"dataframe_records": []}, "request_shape", "0 rows"),
        ({"instances": 3}, "request_shape", "a list of rows"),
        ({"instances": [1, 2]}, "request_shape", "instances[0]"),
        ({"instances": [{}, [1]]}, "request_shape", "instances[0]"),
        ({"instances": [[1, 2]]}, "request_shape", "for 4 columns"),
        ({"inputs": {"income": 3}}, "request_shape", "inputs.income"),
        ({"inputs": {"income": [3], "debt": []}}, "request_shape", "unequal length"),
        ({"inputs": {}}, "request_shape", "0 rows"),
        ({"dataframe_records": [{"incom": 3}]}, "row_unknown_field", "mean 'income'?"),
        ({"dataframe_records": [{}]}, "row_missing_field", "'income'"),
        ({"inputs": {"income": ["1"]}}, "row_wrong_type", "not a number"),
    ],
)
def test_what_is_in_no_form(http, refused, body, code, part):
    response = http.post(LOAN, json=body)
    assert refused(response, 400) == code
    error = response.json()["error"]
    assert part in f"{error['param']} {error['message']}"


def test_keys_are_asked_for_as_anywhere(app, public, refused, rows):
    assert refused(public().post(LOAN, json=forms(rows)["split"]), 401) == "key_missing"
    key = app.keys.add("reader", ("read",))[1]
    assert refused(public(key).post(LOAN, json=forms(rows)["split"]), 403) == "key_scope"
    assert public().get("/ping").status_code == 200


def test_values_of_one_field_may_stand_alone(sums):
    http = sums("a")
    for instances in ([1, None], [[1], [None]], [{"a": 1}, {}]):
        answer = http.post("/invocations?contract=sums", json={"instances": instances})
        assert answer.json() == {"predictions": [1.25, 0.75]}, instances


def test_ping_and_version(app, http, monkeypatch):
    assert (http.get("/ping").status_code, http.get("/ping").content) == (200, b"\n")
    assert http.get("/version").text == plait.__version__

    def fail():
        raise StoreError("store_unreachable", "gone")

    monkeypatch.setattr(app.store, "change_counter", fail)
    monkeypatch.setattr(app.live, "tasks", dict)
    assert http.get("/ping").status_code == 503


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)


@settings(max_examples=100, deadline=None)
@given(name=st.sampled_from(list(invocations._FORMS)), value=json_values)
def test_whatever_is_sent_gets_an_answer_or_an_error_with_a_code(http, name, value):
    response = http.post(LOAN, content=json.dumps({name: value}).encode())
    assert response.status_code in (200, 400)
    assert response.status_code == 200 or response.json()["error"]["code"]


def test_csv_is_understood_and_not_served(http, refused):
    headers = {"content-type": "text/csv"}
    response = http.post(LOAN, content=b"income,debt\n1,2\n", headers=headers)
    assert refused(response, 400) == "request_unsupported"
    assert "CSV is not served" in response.json()["error"]["message"]
