"""One shape for every error, the framework's own among them."""

import string
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plait.core.errors import InvalidRequest, NotAllowed, StoreError, UnknownName
from plait.serve.errors import error_body, error_response, status_of


def test_the_shape_that_clients_know():
    error = UnknownName("unknown_contract", "no contract", where="path", hint="did you mean 'x'?")
    assert error_body(error) == {
        "error": {
            "message": "no contract (did you mean 'x'?)",
            "type": "not_found_error",
            "param": "path",
            "code": "unknown_contract",
        }
    }


@pytest.mark.parametrize(
    ("error", "status", "kind"),
    [
        (InvalidRequest("request_shape", ""), 400, "invalid_request_error"),
        (NotAllowed("key_missing", ""), 401, "authentication_error"),
        (NotAllowed("key_scope", ""), 403, "permission_error"),
        (InvalidRequest("request_method", ""), 405, "invalid_request_error"),
        (InvalidRequest("request_too_large", ""), 413, "invalid_request_error"),
        (StoreError("store_full", ""), 503, "api_error"),
    ],
)
def test_the_status_and_the_type(error, status, kind):
    assert status_of(error) == status
    assert error_body(error)["error"]["type"] == kind


def test_only_what_may_succeed_later_should_be_tried_again():
    told = {
        code: error_response(StoreError(code, "")).headers["x-should-retry"]
        for code in ("store_busy", "store_full")
    }
    assert told == {"store_busy": "true", "store_full": "false"}


@pytest.mark.parametrize("path", ["/nothing", "/v1", "/v1/predict/", "/v1/predict/a/b", "/livez/"])
def test_an_unknown_address(http, refused, path):
    assert refused(http.get(path), 404) == "unknown_route"


def test_an_unknown_address_gets_the_nearest(http):
    message = http.get("/v1/decision").json()["error"]["message"]
    assert "did you mean '/v1/decisions'?" in message


def test_hostile_addresses(http, refused):
    for path in ("/%00", "/%ff%fe", "/..%2f..%2fetc/passwd", f"/{'x' * 20_000}", "/%0d%0ax: y"):
        response = http.get(path)
        assert refused(response, 404) == "unknown_route"
        assert len(response.content) < 1_000


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("GET", "/v1/predict/loan", "POST"),
        ("PUT", "/v1/predict/loan", "POST"),
        ("POST", "/v1/decisions", "GET"),
        ("DELETE", "/metrics", "GET"),
        ("OPTIONS", "/v1/predict/loan", "POST"),
        ("BREW", "/livez", "GET"),
    ],
)
def test_a_method_that_the_address_does_not_take(http, refused, method, path, allowed):
    response = http.send(method, path)
    assert refused(response, 405) == "request_method"
    assert response.headers["allow"] == allowed


def test_a_parameter_of_no_use(http):
    assert http.get("/v1/decisions?contract=%ff&contract=x&other=1").status_code == 200


segments = st.text(min_size=1, max_size=12) | st.sampled_from(
    ["v1", "predict", "jobs", "requests", "loan"]
)
values = st.text(string.printable.strip() + " é", max_size=40).map(str.strip)
headers = st.dictionaries(
    st.sampled_from(["authorization", "host", "origin", "content-type", "content-length", "range"]),
    values.map(lambda value: value.encode("latin-1")),
)


@settings(max_examples=150, deadline=None)
@given(
    method=st.sampled_from(["GET", "POST", "DELETE", "HEAD", "PATCH"]),
    parts=st.lists(segments, max_size=4),
    query=st.text(max_size=10),
    headers=headers,
    body=st.binary(max_size=40),
)
def test_whatever_is_asked_for_is_no_fault(http, method, parts, query, headers, body):
    path = "/" + "/".join(quote(part, safe="") for part in parts)
    response = http.send(
        method, f"{path}?{quote(query)}", headers={"host": b"localhost", **headers}, content=body
    )
    assert response.status_code < 500
    assert "x-request-id" in response.headers
