from dataclasses import replace

import pytest

from plait.core.decision import Decision, Evidence, Scored
from plait.core.errors import StoreError, UnknownName
from plait.core.privacy import Privacy
from plait.registry.decision import (
    find_decision,
    find_decisions,
    find_evidence,
    register_decision,
    release,
)
from plait.store.record import AuditRow, DecisionRow

EVIDENCE = Evidence(
    contract={"target": "repaid"},
    dataset="ds_1",
    metric="roc_auc",
    splits={"folds": 5},
    candidates=(
        Scored(name="linear", paradigm="linear", complexity=1, configuration={}, scores=(0.7,)),
    ),
    libraries={"numpy": "2"},
)
MADE = Decision(
    kind="measured",
    contract="loan",
    evidence=EVIDENCE.id,
    metric="roc_auc",
    winner="linear",
    artefact="art_1",
    machine={},
    by="local",
    created=100.0,
)


def keep(store, decision=MADE, evidence=EVIDENCE):
    return register_decision(store, decision, evidence, tenant="default", privacy=Privacy.INTERNAL)


def test_a_decision_and_its_evidence_come_back_whole(store):
    assert find_decision(store, keep(store)) == MADE
    assert find_evidence(store, EVIDENCE.id) == EVIDENCE


def test_a_beginning_is_enough_when_it_tells(store):
    one = keep(store)
    other = keep(store, replace(MADE, created=200.0))
    assert find_decision(store, one[:16]).id == one
    with pytest.raises(UnknownName, match="several"):
        find_decision(store, "dec_")
    assert one != other


@pytest.mark.parametrize("unknown", ["dec_nothing", "", "%", "de"])
def test_an_unknown_decision_is_named(store, unknown):
    keep(store)
    with pytest.raises(UnknownName) as caught:
        find_decision(store, unknown)
    assert caught.value.code == "unknown_decision"


def test_decisions_are_listed_newest_first_and_by_contract(store):
    keep(store)
    keep(store, replace(MADE, created=200.0))
    keep(store, replace(MADE, contract="rent", created=150.0))
    assert [each.created for each in find_decisions(store)] == [200.0, 150.0, 100.0]
    assert [each.contract for each in find_decisions(store, "rent")] == ["rent"]


def test_a_declared_decision_needs_no_evidence(store):
    declared = replace(MADE, kind="declared", evidence="", metric="")
    assert find_decision(store, keep(store, declared, None)) == declared


def test_the_last_release_answers_and_each_is_in_the_audit(store):
    first, second = MADE, replace(MADE, artefact="art_2", created=200.0)
    for decision in (first, second, first):
        keep(store, decision)
        release(store, decision, by="ann", tenant="default")
    current = store.releases()["loan", "champion"]
    assert (current.artefact, current.decision, current.by) == ("art_1", first.id, "ann")
    assert [row.action for row in store.find(AuditRow)] == ["release"] * 3
    assert store.audit_check() is None


def test_a_decision_of_a_newer_plait_is_an_error_of_ours(store):
    row = DecisionRow(
        id="dec_new",
        tenant="default",
        privacy=Privacy.INTERNAL,
        created=1.0,
        contract="loan",
        kind="measured",
        evidence="",
        artefact="",
        body={**MADE.record(), "carbon": 3},
    )
    store.put(row)
    with pytest.raises(StoreError) as caught:
        find_decision(store, "dec_new")
    assert caught.value.code == "store_newer"
