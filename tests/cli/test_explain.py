"""One id explains everything, in words."""

import json
import re

import pytest

import plait
from plait.core.errors import InvalidRequest


@pytest.fixture
def ask(project):
    """Let the project answer rows; return the request's id."""

    def ask(contract, rows, **options):
        with plait.open(project) as app:
            return app.predict(contract, rows, **options).id

    return ask


def test_every_value_and_reason_is_told_in_words(run, project, ask, row):
    request = ask("loan", {**row, "debt": 0, "region": None}, reasons=2)
    ran = run("explain", request, "--project", project)
    assert ran.status == 0, ran
    lines = ran.out.splitlines()
    assert lines[0] == request
    assert re.fullmatch(
        r"loan, answered in [\d.]+ ms on \d{4}-\d\d-\d\d \d\d:\d\d, asked by this machine of "
        r"tenant default, privacy personal",
        lines[1],
    )
    for line in ("yearly income = 61000 usd", "debt = 0", "employed = true", "region = missing"):
        assert f"  {line}" in lines
    assert any(re.match(r"  [+-]\d+\.\d{3}  ", line) for line in lines)
    assert "{" not in ran.out
    assert lines[lines.index("stages") + 2].split()[0] == "admit"
    assert any(line.startswith("artefact art_") for line in lines)
    assert any(line.startswith("linear engine, binary, ") for line in lines)
    assert any(re.match(r"declared on \d{4}-\d\d-\d\d", line) for line in lines)


def test_a_measured_decision_brings_its_standings_and_data(run, made):
    project = made["customers"]
    row = json.dumps(
        {"plan": "basic", "tenure": 0, "monthly fee": None, "city": None, "active": True}
    )
    asked = run("predict", project.contract, "--row", row, "--json", "--project", project.folder)
    assert asked.status == 0, asked
    ran = run("explain", asked.json["id"], "--project", project.folder)
    assert "  tenure = 0" in ran.out
    assert "left = " in ran.out
    assert "candidate" in ran.out
    assert "the reason: " in ran.out
    assert "stratified splits, " in ran.out
    assert "60 rows, kept on " in ran.out
    assert re.search(r"^! customer id is left out", ran.out, re.MULTILINE)


def test_many_rows_are_cut_short(run, project, ask, row):
    ran = run("explain", ask("loan", [row] * 7), "--project", project)
    assert "row 3" in ran.out
    assert "row 4" not in ran.out
    assert "and 4 rows more" in ran.out


def test_a_request_that_failed_says_so(run, project):
    with plait.open(project) as app, pytest.raises(InvalidRequest):
        app.predict("loan", {"income": "x"})
    with plait.open(project) as app:
        request = app.requests(1)[0].id
    ran = run("explain", request, "--project", project)
    assert "failed with row_wrong_type" in ran.out
    assert "  yearly income = x\n" in ran.out
    assert "answered\n" not in ran.out


def test_secret_rows_are_not_kept(run, project, row):
    text = (project / "plait.yaml").read_text().replace("privacy: personal", "privacy: secret")
    (project / "plait.yaml").write_text(text)
    with plait.open(project) as app:
        request = app.predict("loan", row).id
    ran = run("explain", request, "--project", project)
    assert "privacy secret" in ran.out
    assert "what was sent is not kept" in ran.out
    assert "61000" not in ran.out


def test_json_is_what_the_api_gives(run, project, ask, row):
    request = ask("loan", row)
    found = run("explain", request, "--project", project, "--json").json
    assert found["id"] == request
    assert found["asked"] == [row]
    assert found["answered"][0]["prediction"] == "yes"
