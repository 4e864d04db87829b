"""What was kept, over HTTP."""

import pytest

from plait.core.context import LOCAL
from plait.core.job import JobSpec

LOAN = "/v1/predict/loan"


def test_a_request_is_explained_right_after_its_answer(http, app, row):
    response = http.post(LOAN, json={"rows": [row], "reasons": 2})
    answer = response.json()
    told = http.get(f"/v1/requests/{answer['id']}").json()
    assert told["id"] == answer["id"]
    assert told["status"] == "done"
    assert told["asked"] == [row]
    assert told["answered"] == answer["predictions"]
    assert [stage["name"] for stage in told["stages"]] == [
        "read",
        "parse",
        "admit",
        "answer",
        "engine",
    ]
    assert told["artefact"]["id"] == answer["artefact"]
    assert told["decision"]["id"] == answer["decision"]
    assert told == app.explain(answer["id"])


@pytest.mark.parametrize("name", ["req_1", "dec_", "x" * 5_000, "%00", "%ff", "'; --"])
def test_a_request_nobody_knows(http, refused, name):
    assert refused(http.get(f"/v1/requests/{name}"), 404) == "unknown_request"


def test_decisions(http, app):
    made = http.get("/v1/decisions").json()["decisions"]
    assert [each["contract"] for each in made] == ["rent", "loan"]
    (loan,) = http.get("/v1/decisions?contract=loan").json()["decisions"]
    assert loan == made[1]
    assert loan["id"] == app.live.task("loan").decision
    assert http.get("/v1/decisions?contract=none").json() == {"decisions": []}


def test_one_decision_by_its_id_or_enough_of_it(http, refused, app):
    decision = app.live.task("loan").decision
    whole = http.get(f"/v1/decisions/{decision}").json()
    assert whole["operating_point"]["threshold"] == 0.6
    assert http.get(f"/v1/decisions/{decision[:14]}").json() == whole
    for vague in ("dec_", "dec_0000000000", "%00"):
        assert refused(http.get(f"/v1/decisions/{vague}"), 404) == "unknown_decision"


def test_a_job_is_listed_shown_and_cancelled(http, app, refused):
    row = app.jobs.submit(JobSpec(kind="train", arguments={"contract": "loan"}), LOCAL)
    (listed,) = http.get("/v1/jobs").json()["jobs"]
    assert listed == http.get(f"/v1/jobs/{row.id}").json()
    assert (listed["id"], listed["kind"], listed["state"]) == (row.id, "train", "queued")
    assert listed["arguments"] == {"contract": "loan"}
    cancelled = http.send("DELETE", f"/v1/jobs/{row.id}")
    assert cancelled.status_code == 200
    assert cancelled.json()["state"] == "cancelled"
    assert http.get(f"/v1/jobs/{row.id}").json() == cancelled.json()
    again = http.send("DELETE", f"/v1/jobs/{row.id}")  # what has ended stays as it ended
    assert again.json()["state"] == "cancelled"


def test_a_job_nobody_knows(http, refused):
    assert refused(http.get("/v1/jobs/job_1"), 404) == "unknown_job"
    assert refused(http.send("DELETE", "/v1/jobs/job_1"), 404) == "unknown_job"
