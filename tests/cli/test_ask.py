"""A question in a terminal."""

import pytest
from click.testing import CliRunner

import plait
from plait.cli.ask import command

SETTINGS = """\
project: desk
collections:
  notes: {paths: ["*.md"]}
flows:
  desk:
    - retrieve: {collection: notes, top: 3}
    - answer: {}
"""


@pytest.fixture
def desk(tmp_path):
    (tmp_path / "plait.yaml").write_text(SETTINGS)
    (tmp_path / "fees.md").write_text("# Fees\n\nThe appraisal fee is 650 dollars.\n")
    with plait.open(tmp_path) as app:
        app.collections.ingest("notes")
    return tmp_path


def test_an_answer_has_its_sources_below_it(run, desk):
    ran = run("ask", "desk", "How much is the appraisal fee?", "--project", desk)
    assert ran.status == 0, ran
    answer, source, by = ran.out.splitlines()
    assert "650" in answer
    assert source.startswith("[1] ")
    assert "fees.md, Fees, characters" in source
    assert by.startswith("quoted from the documents  plait explain req_")


def test_it_is_explained_by_its_id(run, desk):
    ran = run("ask", "desk", "How much is the appraisal fee?", "--project", desk, "--json")
    assert (ran.json["manner"], len(ran.json["citations"])) == ("extracted", 1)
    told = run("explain", ran.json["id"], "--project", desk)
    assert told.status == 0, told
    assert "How much is the appraisal fee?" in told.out
    assert "650" in told.out


def test_nothing_found_is_said_and_no_failure(run, desk):
    ran = run("ask", "desk", "Who won the football match?", "--project", desk)
    assert ran.status == 0, ran
    assert "nothing" in ran.out


def test_an_unknown_flow_and_an_empty_question(refused, desk):
    code, line = refused("ask", "dsk", "hi", "--project", desk)
    assert code == "unknown_model"
    assert "did you mean 'desk'?" in line
    code, _ = refused("ask", "desk", "  ", "--project", desk)
    assert code == "request_shape"
    code, _ = refused("ask", "desk", "x" * 1_000_001, "--project", desk)
    assert code == "request_too_large"


def test_a_conversation_goes_on_until_an_empty_line(desk):
    said = "How much is the appraisal fee?\nAnd who won the match?\n\n"
    ran = CliRunner().invoke(command, ["desk", "--project", str(desk)], input=said)
    assert ran.exit_code == 0, ran
    assert "650" in ran.output
    assert ran.output.count("you: ") == 3
    assert "nothing" in ran.output


def test_the_question_may_come_from_a_pipe(desk):
    ran = CliRunner().invoke(
        command, ["desk", "-", "--project", str(desk), "--json"], input="the appraisal fee?"
    )
    assert ran.exit_code == 0, ran
    assert "650" in ran.output
