"""Jobs in the terminal."""

import pytest

import plait


@pytest.fixture
def submitted(project):
    """A job that waits."""
    with plait.open(project) as app:
        return app.submit_training("fraud").id


def test_the_list_is_a_line_each_in_a_narrow_terminal(run, project, submitted, narrow):
    ran = run("jobs", "--project", project)
    assert ran.status == 0, ran
    head, line = ran.out.splitlines()
    assert head.split() == ["job", "submitted", "state", "what", "how", "far"]
    assert line.split()[0] == submitted[:20]
    assert "queued  train fraud" in line
    assert len(line) <= 80
    assert run("jobs", "--project", project, "--json").json["jobs"][0]["id"] == submitted


def test_none_is_said(run, project):
    assert run("jobs", "--project", project).out == "no job yet\n"
    assert run("jobs", "resume", "--project", project).out == "every job has ended\n"


def test_one_is_cancelled_by_the_beginning_the_list_gives(run, project, submitted):
    ran = run("jobs", "cancel", submitted[:20], "--project", project)
    assert (ran.status, ran.out) == (0, f"{submitted} cancelled\n"), ran
    assert run("jobs", "--project", project, "--json").json["jobs"][0]["state"] == "cancelled"


def test_resuming_works_until_the_end_and_tells_the_error(run, refused, project, submitted):
    code, line = refused("jobs", "resume", "--project", project)
    assert code == "data_missing"
    assert "none.csv" in line
    (job,) = run("jobs", "--project", project, "--json").json["jobs"]
    assert (job["id"], job["state"]) == (submitted, "failed")
    assert "there is no such file" in run("jobs", "--project", project).out


def test_json_of_a_cancelled_one(run, project, submitted):
    ran = run("jobs", "cancel", submitted, "--project", project, "--json")
    assert (ran.json["id"], ran.json["state"]) == (submitted, "cancelled")
