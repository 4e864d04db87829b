"""The OpenAPI document tells the truth: what is answered fits the shapes it states."""

import re

import pytest
from pydantic import TypeAdapter

from plait.core.context import LOCAL
from plait.core.job import JobSpec
from plait.serve import shape


def fits(response, kind):
    """Check an answer against a shape, strictly: no conversion, no field beyond it."""
    TypeAdapter(kind).validate_json(response.content, strict=True, extra="forbid")


def test_every_answer_has_the_shape_it_states(http, app, row):
    app.jobs.submit(JobSpec(kind="train", arguments={}), LOCAL)
    answers = [
        http.post("/v1/predict/loan", json={"rows": [row]}),
        http.post("/v1/predict/loan", json={"rows": [row] * 2, "reasons": 3}),
        http.post(
            "/v1/predict/rent", json={"rows": [{"area": 9, "balcony": None, "region": "north"}]}
        ),
    ]
    for answer in answers:
        fits(answer, shape.Predictions)
        fits(http.get(f"/v1/requests/{answer.json()['id']}"), shape.Explanation)
    refusal = http.post("/v1/predict/loan", json={"rows": [{}]})
    fits(refusal, shape.Error)
    fits(http.get(f"/v1/requests/{refusal.headers['x-request-id']}"), shape.Explanation)
    fits(http.get("/v1/decisions"), shape.Decisions)
    fits(http.get(f"/v1/decisions/{app.live.task('loan').decision}"), shape.Decision)
    fits(http.get("/v1/jobs"), shape.Jobs)
    (job,) = http.get("/v1/jobs").json()["jobs"]
    fits(http.get(f"/v1/jobs/{job['id']}"), shape.Job)
    fits(http.get("/livez"), shape.Alive)
    fits(http.get("/readyz"), shape.Readiness)


@pytest.fixture
def document(http):
    return http.get("/openapi.json").json()


def test_the_document_is_whole(document):
    """Each operation is told of and named once; each reference leads somewhere."""
    assert document["openapi"].startswith("3.")
    operations = [each for path in document["paths"].values() for each in path.values()]
    names = [each["operationId"] for each in operations]
    assert len(names) == len(set(names)) >= 10
    for each in operations:
        assert each["tags"]
        assert each["summary"]
        assert each["description"].endswith(".")
        assert "200" in each["responses"]
        for status, answer in each["responses"].items():
            assert re.fullmatch(r"[1-5]\d\d|[45]XX", status)
            assert answer["description"]
    known = {f"#/components/schemas/{name}" for name in document["components"]["schemas"]}
    used = set(references(document))
    assert used <= known
    assert not known - used


def test_every_parameter_in_a_path_is_declared(document):
    for path, methods in document["paths"].items():
        for each in methods.values():
            declared = {p["name"] for p in each.get("parameters", ()) if p["in"] == "path"}
            assert declared == set(re.findall(r"{(\w+)}", path))


def test_every_address_is_in_the_document(document, http):
    told = {(method.upper(), path) for path, ms in document["paths"].items() for method in ms}
    assert ("POST", "/v1/predict/{contract}") in told
    assert ("DELETE", "/v1/jobs/{job_id}") in told
    pages = {"/", "/docs", "/openapi.json"}  # for people, and the document itself
    for path in pages:
        assert http.get(path).status_code == 200
    assert not pages & {path for _, path in told}


def test_the_document_tells_of_keys(document):
    assert document["components"]["securitySchemes"]["key"]["scheme"] == "bearer"
    assert document["security"] == [{"key": []}, {}]


def test_the_stated_body_is_what_the_route_takes(document, http, row, refused):
    body = document["paths"]["/v1/predict/{contract}"]["post"]["requestBody"]
    schema = body["content"]["application/json"]["schema"]
    known = schema["properties"]
    assert set(known) == {"rows", "reasons", "history", "horizon"}
    most = known["reasons"]["maximum"]
    for reasons, status in ((most, 200), (most + 1, 400)):
        answer = http.post("/v1/predict/loan", json={"rows": [row], "reasons": reasons})
        assert answer.status_code == status
    rows = [row] * (known["rows"]["maxItems"] + 1)
    assert http.post("/v1/predict/loan", json={"rows": rows[1:]}).status_code == 200
    assert refused(http.post("/v1/predict/loan", json={"rows": rows}), 413)


def references(part):
    """Yield every `$ref` within a JSON document."""
    if isinstance(part, dict):
        if "$ref" in part:
            yield part["$ref"]
        for each in part.values():
            yield from references(each)
    elif isinstance(part, list):
        for each in part:
            yield from references(each)
