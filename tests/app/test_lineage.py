"""OpenLineage events of jobs."""

import json
import uuid

import pytest

from plait.app.lineage import FILE, Lineage
from plait.app.settings import load_project
from plait.core.errors import Cancelled, InvalidData
from plait.store.record import JobRow
from plait.store.sqlite import SqliteStore


@pytest.fixture
def project(tmp_path):
    (tmp_path / "plait.yaml").write_text("project: desk\n")
    return load_project(tmp_path)


@pytest.fixture
def store(project):
    with SqliteStore(project.store) as found:
        yield found


@pytest.fixture
def job():
    arguments = {"contract": "loan"}
    return JobRow(
        id="job_1", tenant="default", privacy=1, created=0.0, key="k", kind="train",
        arguments=arguments,
    )  # fmt: skip


def events(project):
    return [json.loads(line) for line in (project.store / FILE).read_text().splitlines()]


def test_a_job_is_told_of_from_start_to_end(store, job, project):
    with Lineage(store, job, project) as lineage:
        lineage.result = {"answer": 1}
    start, end = events(project)
    assert (start["eventType"], end["eventType"]) == ("START", "COMPLETE")
    assert start["job"] == end["job"] == {"namespace": "desk", "name": "train.loan"}
    assert start["run"]["runId"] == end["run"]["runId"] == str(uuid.UUID(end["run"]["runId"]))
    for each in (start, end):
        assert {"eventTime", "producer", "schemaURL", "inputs", "outputs"} <= set(each)


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (Cancelled("cancelled", "nobody waits"), "ABORT"),
        (InvalidData("data_missing", "gone"), "FAIL"),
    ],
)
def test_a_job_that_ends_otherwise_is_told_of_too(store, job, project, error, told):
    with pytest.raises(type(error)), Lineage(store, job, project):
        raise error
    end = events(project)[-1]
    assert end["eventType"] == told
    if told == "FAIL":
        assert "gone" in end["run"]["facets"]["errorMessage"]["message"]


def test_telling_never_fails_a_job(store, job, project):
    (project.store / FILE).mkdir()
    with Lineage(store, job, project) as lineage:
        lineage.result = {"decision": "dec_nobody"}
