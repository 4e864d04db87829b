import json
from dataclasses import replace

import pytest

from plait.app.card import card, write_record
from plait.app.settings import load_project
from plait.app.training import train
from plait.core.decision import Decision
from plait.registry.decision import find_evidence
from plait.store.sqlite import SqliteStore

from .test_training import MemoryRun


@pytest.fixture
def made(folder, project, tmp_path):
    file = folder / "plait.yaml"
    extra = "limits: {latency_ms: 5}, require: {reasons: true}, target:"
    file.write_text(file.read_text().replace("target:", extra, 1))
    with SqliteStore(project.store) as store:
        told = {"contract": "repaid", "add": [], "seed": 0, "release": True, "by": "ann"}
        ended = train(store, load_project(folder), told, MemoryRun(tmp_path / "job"))
        with store.transaction():
            ended.keep()
        from plait.registry.decision import find_decision

        decision = find_decision(store, ended.result["decision"])
        return decision, find_evidence(store, decision.evidence)


def test_the_card_says_what_the_record_says(made):
    decision, evidence = made
    written = card(decision, evidence)
    for said in (
        f"# {decision.outcome}",
        "predicts `repaid` (tabular)",
        evidence.dataset,
        "5 folds, 4 times; shuffled",
        "latency_ms: at most 5, 0.1 measured",
        "requires reasons: yes; met by the winner",
        "| dummy | rule |",
        decision.id,
        decision.evidence,
        f"numpy {evidence.libraries['numpy']}",
    ):
        assert said in written
    assert [line for line in written.splitlines() if line.startswith("## ")] == [
        "## Intended use",
        "## Data and splits",
        "## Scores",
        "## Limits and requirements",
        "## What to doubt",
        "## Record",
    ]


def test_a_race_of_some_folds_says_of_how_many(made):
    decision, evidence = made
    part = replace(evidence, splits={**evidence.splits, "folds": 3, "repeats": 1, "drawn": 5})
    assert "- 3 of 5 folds, 1 times; shuffled" in card(decision, part)


def test_the_card_of_a_quantile_says_which(made):
    decision, evidence = made
    asked = replace(evidence, contract={**evidence.contract, "quantile": 0.9})
    assert "answers with the 0.9 quantile of `repaid` (tabular)" in card(decision, asked)


def test_files_are_written_once_and_are_no_part_of_the_decision(made, tmp_path):
    decision, evidence = made
    files = write_record(decision, evidence, tmp_path)
    assert {name: path.name for name, path in files.items()} == {
        "card": "card.md",
        "pareto": "pareto.svg",
        "reliability": "reliability.svg",
    }
    files["card"].write_text("mine")
    assert write_record(decision, evidence, tmp_path) == files
    assert files["card"].read_text() == "mine"
    kept = Decision.read(json.loads(json.dumps(decision.record())))
    assert card(kept, evidence) == card(decision, evidence)


def test_a_declared_decision_has_a_card_without_figures():
    declared = Decision(
        kind="declared", contract="x", artefact="art_1", machine={}, by="ann", created=0.0
    )
    written = card(declared)
    assert "## Scores" not in written
    assert "decision `dec_" in written
