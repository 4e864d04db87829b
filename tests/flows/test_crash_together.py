"""Processes that train at the same time, and a training that is run again."""

import json

import pytest

from plait.store.record import DatasetRow, JobRow
from plait.store.sqlite import SqliteStore


@pytest.fixture(scope="module")
def trained(desk):
    """A project whose two contracts were trained at the same time, one of them by two."""
    project = desk("dummy, linear")
    terminals = [
        project.start("train", contract, "--json") for contract in ("repaid", "again", "repaid")
    ]
    said = [terminal.communicate(timeout=120)[0] for terminal in terminals]
    assert [terminal.returncode for terminal in terminals] == [0, 0, 0], said
    return project, [json.loads(each) for each in said]


def test_two_terminals_that_want_the_same_share_one_job(trained):
    project, (first, _, second) = trained
    decisions, _ = project.check()
    assert first == second
    assert first["id"] in decisions
    assert len(decisions) == 2


def test_two_contracts_are_trained_at_once_in_two_processes_with_the_same_evidence(trained):
    project, (first, other, _) = trained
    assert (first["contract"], other["contract"]) == ("repaid", "again")
    assert first["evidence"] == other["evidence"]
    with project.store() as store:
        assert len(store.find(DatasetRow)) == 1
        assert {row.state for row in store.find(JobRow)} == {"done"}
        assert {name for name, _ in store.releases()} == {"repaid", "again"}


def test_running_again_in_another_process_passes(trained):
    project, (first, *_) = trained
    told = json.loads(project.run("decisions", first["id"], "--rerun", "--json"))
    assert told["evidence"] == first["evidence"]


def test_an_experiment_without_release_changes_no_answer(trained):
    project, (_, other, _) = trained
    words = ("--with", "region", "--no-release", "--json")
    made = json.loads(project.run("train", "again", *words))
    with project.store() as store:
        assert store.releases()["again", "champion"].decision == other["id"]
    decisions, _ = project.check()
    assert made["id"] in decisions


def test_running_again_on_damaged_data_is_one_line_and_exit_1(trained):
    project, (first, *_) = trained
    with project.store() as store:
        damage(store)
    terminal = project.start("decisions", first["id"], "--rerun")
    said = terminal.communicate(timeout=60)[0]
    assert terminal.returncode == 1
    assert len(said.splitlines()) == 1
    assert said.endswith("[blob_missing]\n")


def damage(store: SqliteStore) -> None:
    store.blob_path(store.find(DatasetRow)[0].blob).write_bytes(b"something else")
