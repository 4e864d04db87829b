"""Flows, listed and drawn."""

import pytest

SETTINGS = """\
project: desk
models:
  far: {engine: openai, model: m}
contracts:
  loan: {task: tabular, data: x.csv, target: y}
collections:
  notes: {paths: ["*.md"]}
flows:
  desk:
    - guard: {input: [injection]}
    - route: {contract: loan, to: {yes: talk}, otherwise: lookup}
  lookup: [cache, {retrieve: {collection: notes}}, {answer: {}}]
  talk: [{answer: {model: far}}]
"""


@pytest.fixture
def desk(tmp_path):
    (tmp_path / "plait.yaml").write_text(SETTINGS)
    return tmp_path


def test_flows_are_listed_with_their_steps(run, desk):
    ran = run("flow", "list", "--project", desk)
    assert ran.status == 0, ran
    assert [line.split()[0] for line in ran.out.splitlines()] == ["flow", "desk", "lookup", "talk"]
    assert run("flow", "list", "--project", desk, "--json").json["flows"][0]["flow"] == "desk"


def test_a_flow_is_drawn_with_what_it_leads_to(run, desk):
    ran = run("flow", "show", "desk", "--project", desk)
    assert ran.status == 0, ran
    for text in ("not asked yet", "guard  input injection", "lookup", "cache", "model far"):
        assert text in ran.out
    assert "plait train loan" in ran.out  # nothing was decided yet
    steps = run("flow", "show", "desk", "--project", desk, "--json").json["steps"]
    assert set(steps[1]["flows"]) == {"talk", "lookup"}


def test_an_unknown_flow(refused, desk):
    code, line = refused("flow", "show", "dsk", "--project", desk)
    assert (code, "'desk'" in line) == ("unknown_flow", True)


def test_a_project_without_flows(run, tmp_path):
    (tmp_path / "plait.yaml").write_text("project: p\n")
    assert "no flows" in run("flow", "list", "--project", tmp_path).out


def test_every_host_that_content_may_go_to(run, desk):
    ran = run("config", "--egress", "--project", desk)
    assert "api.openai.com" in ran.out
    (host,) = run("config", "--egress", "--project", desk, "--json").json["egress"]
    assert (host["used_in"], host["most"]) == (["talk"], "internal")
