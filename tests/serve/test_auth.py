"""Who may ask: keys on public addresses, the person at the machine, and nobody in between."""

import base64

import pytest

from plait.core.context import Principal
from plait.core.ids import new_id
from plait.core.job import JobSpec

LOAN = "/v1/predict/loan"
DOORS = ("/", "/metrics", "/v1/decisions", "/v1/jobs", "/v1/requests/req_1")


def basic(secret):
    return {"authorization": f"Basic {base64.b64encode(f'me:{secret}'.encode()).decode()}"}


@pytest.fixture
def key(app):
    """Make a key and return its secret."""
    return lambda *scopes, **more: app.keys.add(new_id("name"), scopes, **more)[1]


def test_a_public_address_asks_for_a_key(public, refused, row):
    response = public().post(LOAN, json={"rows": [row]})
    assert refused(response, 401) == "key_missing"
    assert response.headers["www-authenticate"].startswith("Basic ")
    assert "plait keys add" in response.json()["error"]["message"]
    assert {refused(public().get(path), 401) for path in DOORS} == {"key_missing"}
    assert refused(public().send("DELETE", "/v1/jobs/job_1"), 401) == "key_missing"


def test_what_says_nothing_asks_for_nothing(public):
    for path in ("/livez", "/readyz", "/docs", "/openapi.json"):
        assert public().get(path).status_code == 200
    assert public().get("/readyz").json() == {"status": "ready"}


@pytest.mark.parametrize(
    "header",
    [
        "Bearer plait_unknown",
        "Bearer x y",
        "bearer plait_unknown",
        "Basic bWU6d3Jvbmc=",
    ],
)
def test_a_wrong_key(public, refused, header):
    response = public().get("/v1/jobs", headers={"authorization": header})
    assert refused(response, 401) == "key_unknown"


@pytest.mark.parametrize("header", ["Bearer", "Bearer ", "Basic ///", "Basic é", "Digest x", "x"])
def test_a_header_without_a_key(public, refused, header):
    response = public().get("/v1/jobs", headers={"authorization": header.encode()})
    assert refused(response, 401) == "key_missing"


def test_a_key_opens_what_its_scopes_say(public, refused, row, key):
    predicts, reads, both = key("predict"), key("read"), key("predict", "read")
    assert public(predicts).post(LOAN, json={"rows": [row]}).status_code == 200
    assert refused(public(predicts).get("/v1/jobs"), 403) == "key_scope"
    assert refused(public(reads).post(LOAN, json={"rows": [row]}), 403) == "key_scope"
    assert public(reads).get("/v1/jobs").status_code == 200
    assert refused(public(both).send("DELETE", "/v1/jobs/job_1"), 403) == "key_scope"
    assert refused(public(key("train")).send("DELETE", "/v1/jobs/job_1"), 404) == "unknown_job"
    assert public(key("admin")).get("/metrics").status_code == 200
    assert public(both).get("/readyz").json()["contracts"]["loan"] == "live"


def test_an_expired_or_revoked_key(app, public, refused, key, monkeypatch):
    assert refused(public(key("read", days=-1)).get("/v1/jobs"), 401) == "key_unknown"
    row, secret = app.keys.add("soon gone", ("read",))
    assert public(secret).get("/v1/jobs").status_code == 200
    app.keys.revoke(row.id)
    monkeypatch.setattr("plait.app.keys._TRUST_SECONDS", 0)
    assert refused(public(secret).get("/v1/jobs"), 401) == "key_unknown"


def test_a_browser_sends_the_key_as_a_password(public, refused, key):
    headers = basic(key("read"))
    assert public().get("/", headers=headers).status_code == 200
    assert public().get("/", headers={**headers, "origin": "http://desk.example"}).is_success
    foreign = public().get("/", headers={**headers, "origin": "http://elsewhere.example"})
    assert refused(foreign, 401) == "key_missing"


def test_a_key_that_is_sent_must_be_right_even_at_home(http, refused):
    response = http.get("/v1/jobs", headers={"authorization": "Bearer plait_wrong"})
    assert refused(response, 401) == "key_unknown"


def test_what_a_client_sends_for_want_of_a_key_is_none(http, public, refused):
    unused = {"authorization": "Bearer unused"}
    assert http.get("/v1/jobs", headers=unused).status_code == 200
    strange = {**unused, "origin": "http://elsewhere.example"}
    assert refused(http.get("/v1/jobs", headers=strange), 401) == "key_missing"
    assert refused(public().get("/v1/jobs", headers=unused), 401) == "key_unknown"


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost:8000", "LOCALHOST", "[::1]:8000", ""])
def test_the_person_at_the_machine_needs_no_key(http, host):
    assert http.get("/v1/jobs", headers={"host": host}).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"host": "evil.example"},  # a page that had its name point to this machine
        {"host": "evil.example:8000", "origin": "http://evil.example:8000"},
        {"host": "127.0.0.1.evil.example"},
        {"host": "[::2]:8000"},
        {"host": "[::1"},
        {"origin": "http://evil.example"},
        {"origin": "http://127.0.0.1:3000"},  # another program of the same machine
        {"origin": "null"},
        {"origin": "http://["},
        {"x-forwarded-for": "203.0.113.5"},
        {"forwarded": "for=203.0.113.5"},
        {"via": "1.1 proxy"},
        {"x-real-ip": "203.0.113.5"},
        {"x-forwarded-host": "desk.example"},
    ],
)
def test_a_page_of_another_site_is_not_the_person_at_the_machine(http, refused, headers, row):
    assert refused(http.get("/", headers=headers), 401) == "key_missing"
    response = http.post(LOAN, json={"rows": [row]}, headers=headers)
    assert refused(response, 401) == "key_missing"
    assert http.get("/livez", headers=headers).status_code == 200
    assert http.get("/readyz", headers=headers).json() == {"status": "ready"}


def test_the_console_of_this_machine_may_post(http, row):
    headers = {"origin": "http://127.0.0.1:8000"}
    assert http.post(LOAN, json={"rows": [row]}, headers=headers).status_code == 200


def test_tenants_do_not_see_each_other(app, public, refused, row, key):
    ours = public(key("predict", "read", tenant="ours"))
    theirs = public(key("read", "train", tenant="theirs"))
    answer = ours.post(LOAN, json={"rows": [row]}).json()
    assert ours.get(f"/v1/requests/{answer['id']}").json()["tenant"] == "ours"
    assert refused(theirs.get(f"/v1/requests/{answer['id']}"), 404) == "unknown_request"
    assert answer["id"] in ours.get("/").text
    assert answer["id"] not in theirs.get("/").text


def test_tenants_do_not_see_each_others_jobs(app, public, refused, key):
    ours, theirs = (public(key("read", "train", tenant=name)) for name in ("ours", "theirs"))
    job = app.jobs.submit(JobSpec(kind="train", arguments={}), Principal(tenant="ours"))
    assert [each["id"] for each in ours.get("/v1/jobs").json()["jobs"]] == [job.id]
    assert theirs.get("/v1/jobs").json() == {"jobs": []}
    assert refused(theirs.get(f"/v1/jobs/{job.id}"), 404) == "unknown_job"
    assert refused(theirs.send("DELETE", f"/v1/jobs/{job.id}"), 404) == "unknown_job"
    assert ours.get(f"/v1/jobs/{job.id}").json()["state"] == "queued"
