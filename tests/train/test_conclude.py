import json
from dataclasses import replace

import numpy as np
import pytest

from plait.core.contract import Contract, ContractLimits
from plait.core.decision import Decision, Evidence
from plait.store.frame import RawColumn, objects
from plait.train.conclude import conclude, declare, evidence_of
from plait.train.measure import Measured
from plait.train.prepare import prepare
from plait.train.quality import repeated
from plait.train.race import Raced


@pytest.fixture(scope="module")
def concluded(contracts, raced, measured):
    return conclude(
        contracts["binary"], raced, measured, name="loans", by="tester", created=1_700_000_000.0
    )


def test_evidence_is_all_that_makes_the_scores(concluded, raced, plan, contracts):
    evidence, _ = concluded
    assert evidence.contract == contracts["binary"].record()
    assert evidence.dataset == plan.prepared.dataset
    assert evidence.splits["rows"] == plan.splits.id
    assert [each.scores for each in evidence.candidates] == [r.scores for r in raced.results]
    assert set(evidence.libraries) == {"python", *raced.plan.libraries}


def test_evidence_of_some_folds_says_of_how_many(contracts, raced):
    whole = evidence_of(contracts["binary"], raced)
    part = replace(raced, plan=replace(raced.plan, splits=raced.plan.splits.first(2)))
    found = evidence_of(contracts["binary"], part).splits
    assert "drawn" not in whole.splits
    assert (found["folds"], found["drawn"]) == (2, whole.splits["folds"])


def test_evidence_and_decision_survive_being_kept(concluded):
    evidence, decision = concluded
    kept = [json.loads(json.dumps(each.record())) for each in concluded]
    assert Evidence.read(kept[0]).id == evidence.id == decision.evidence
    assert Decision.read(kept[1]).id == decision.id


def test_measurements_change_the_decision_and_not_the_evidence(
    concluded, contracts, raced, measured
):
    slower = {
        name: replace(each, values={**each.values, "latency_ms_p95": 2.0})
        for name, each in measured.items()
    }
    evidence, decision = conclude(
        contracts["binary"], raced, slower, name="loans", by="tester", created=1_700_000_000.0
    )
    assert evidence.id == concluded[0].id == evidence_of(contracts["binary"], raced).id
    assert decision.id != concluded[1].id


def test_the_winner_stands_with_its_artefact_and_why(concluded, raced):
    _, decision = concluded
    winner = next(each for each in raced.results if each.name == decision.winner)
    assert decision.winner == "linear"
    assert decision.artefact == winner.artefact
    assert decision.operating_point == winner.point
    assert decision.contract == "loans"
    assert decision.machine["python"]
    assert "simplest" in decision.rule


def test_everybody_stands_somewhere_the_best_first(concluded):
    _, decision = concluded
    scores = [standing.score for standing in decision.standings]
    assert scores == sorted(scores, reverse=True)
    assert {standing.name for standing in decision.standings} == {"dummy", "linear", "lightgbm"}
    for standing in decision.standings:
        assert standing.low <= standing.score <= standing.high
        assert standing.why
        assert standing.measurements["latency_ms_p95"] > 0
        assert standing.artefact.startswith("art_")


def test_of_errors_the_least_comes_first(contracts, raced, measured):
    losses = replace(raced.plan, metric=replace(raced.plan.metric, greater_is_better=False))
    turned = Raced(plan=losses, results=raced.results)
    _, decision = conclude(
        contracts["binary"], turned, measured, name="loans", by="tester", created=0.0
    )
    assert decision.standings[0].name == "dummy"
    assert decision.winner == "dummy"


@pytest.mark.parametrize(
    "limits",
    [
        ContractLimits(size_mb=1e-6),
        ContractLimits(latency_ms=1e-6, memory_mb=1e9),
        ContractLimits(cost_usd=1e-9),
    ],
)
def test_nobody_wins_where_nobody_is_within_the_limits(contracts, raced, measured, limits):
    contract = replace(contracts["binary"], limits=limits)
    _, decision = conclude(contract, raced, measured, name="loans", by="tester", created=0.0)
    assert (decision.winner, decision.artefact, decision.operating_point) == ("", "", None)
    assert len(decision.standings) == 3
    assert all("breaks" in standing.why for standing in decision.standings)
    assert "no candidate is within every limit" in decision.summary


def test_a_limit_takes_out_who_breaks_it(contracts, raced, measured):
    contract = replace(contracts["binary"], limits=ContractLimits(size_mb=0.0005))
    _, decision = conclude(contract, raced, measured, name="loans", by="tester", created=0.0)
    assert decision.winner == "dummy"


def test_what_a_million_answers_cost_is_the_time_of_the_processor(contracts, raced, measured):
    spent = {name: found.values["processor_ms"] for name, found in measured.items()}
    least = min(spent, key=spent.get)
    price = ContractLimits(core_hour_usd=0.36)
    assert price.cost_of(10.0) == pytest.approx(1.0)  # 10 ms x 10^6 are 2.78 hours
    for allowed, broken in ((price.cost_of(spent[least]) * 1.001, False), (1e-9, True)):
        limits = replace(price, cost_usd=allowed)
        contract = replace(contracts["binary"], limits=limits)
        _, decision = conclude(contract, raced, measured, name="loans", by="tester", created=0.0)
        why = {each.name: each.why for each in decision.standings}
        assert ("breaks cost_usd" in why[least]) == broken
    without = {
        name: replace(found, values={**found.values, "processor_ms": None})
        for name, found in measured.items()
    }
    for found in without.values():
        del found.values["processor_ms"]
    _, decision = conclude(contract, raced, without, name="loans", by="tester", created=0.0)
    assert all("cost_usd: not measured" in each.why for each in decision.standings)


def test_notes_tell_leaks_first_and_what_was_done_to_the_data(loans, contracts, raced, measured):
    target = loans[-1].values
    status = objects("paid out" if value == "yes" else "closed" for value in target)
    columns = (*loans, RawColumn("status", "string", status))
    for exclude, first in (
        ((), "Suspected leak: status restates the target"),
        (("status",), "Not used, and rightly so: status may know the target."),
    ):
        contract = replace(contracts["binary"], exclude=("score", "grade", *exclude))
        plan = replace(raced.plan, prepared=prepare(columns, contract))
        leaking = Raced(plan=plan, results=raced.results)
        _, decision = conclude(contract, leaking, measured, name="loans", by="tester", created=0.0)
        assert decision.notes[0].startswith(first)
        of_rows = repeated(contract, plan)  # without the status two rows contradict each other
        assert bool(of_rows) is bool(exclude)
        assert decision.notes[1:] == (*plan.prepared.notes, *of_rows, decision.doubts.said)
        assert ("why status all but gives the answer away" in decision.summary) is (not exclude)


def test_few_rows_of_a_class_are_said(contracts, raced, measured):
    few = raced.plan.prepared.target.copy()
    few[:] = 0
    few[:3] = 1
    plan = replace(raced.plan, prepared=replace(raced.plan.prepared, target=few))
    rare = conclude(
        contracts["binary"],
        Raced(plan=plan, results=raced.results),
        measured,
        name="l",
        by="b",
        created=1.0,
    )[1]
    assert any(note.startswith("Only 3 rows are yes") for note in rare.notes)
    usual = conclude(contracts["binary"], raced, measured, name="l", by="b", created=1.0)[1]
    assert not any(note.startswith("Only") for note in usual.notes)


@pytest.fixture(scope="module")
def text_measured(text_raced):
    values = {"latency_ms_p95": 1.5, "latency_ms_p50": 1.0, "size_mb": 0.5}
    return {each.name: Measured(values, {"cores": 2}) for each in text_raced.results}


def test_a_text_contract_has_the_confidence_of_its_winner(text_raced, text_measured):
    contract = Contract(task="text", data="", target="intent")
    evidence, decision = conclude(
        contract, text_raced, text_measured, name="intent", by="tester", created=1.0
    )
    winner = next(each for each in text_raced.results if each.name == decision.winner)
    assert decision.abstention == winner.abstention
    assert "texts within the scope without an answer" in decision.summary
    assert "of 100 beyond it" in decision.summary
    assert {"onnxruntime", "tokenizers"} < set(evidence.libraries)
    assert "lightgbm" not in evidence.libraries
    kept = json.loads(json.dumps(decision.record()))
    assert Decision.read(kept).id == decision.id


def test_too_few_texts_are_declared(text_plan, text_raced, text_measured):
    contract = Contract(
        task="text", data="", target="intent", limits=ContractLimits(latency_ms=1.0)
    )
    few = replace(text_raced, results=text_raced.results[1:2])
    decision = declare(contract, few, text_measured, name="intent", by="tester", created=1.0)
    assert (decision.kind, decision.winner, decision.evidence) == ("declared", "tfidf_linear", "")
    assert decision.artefact == few.results[0].artefact
    assert decision.abstention == few.results[0].abstention
    assert decision.standings == ()
    assert "too few labels to compare" in decision.summary
    assert "of the 60 texts got the right level" in decision.summary
    assert decision.notes[0] == "tfidf_linear breaks latency_ms: 1.5 measured, 1 allowed."


def test_the_score_reported_is_less_than_the_one_it_won_with(contracts, raced, measured):
    random = np.random.default_rng(0)
    even = [random.normal(0.8, 0.02, 3).tolist() for _ in raced.results]
    lucky = Raced(
        plan=raced.plan,
        results=tuple(
            replace(each, scores=tuple(scores))
            for each, scores in zip(raced.results, even, strict=True)
        ),
    )
    _, decision = conclude(
        contracts["binary"], lucky, measured, name="loans", by="tester", created=0.0
    )
    won = next(each for each in decision.standings if each.name == decision.winner)
    told = decision.reported
    assert told.optimism > 0
    assert told.score == pytest.approx(won.score - told.optimism)
    assert told.low < told.score < told.high
    assert f"its roc_auc is {told.score:.4f}" in decision.summary
    assert f"it was chosen with {won.score:.4f}" in decision.summary
    assert Decision.read(json.loads(json.dumps(decision.record()))) == decision


def test_a_decision_without_one_keeps_the_id_it_had(concluded):
    record = concluded[1].record()
    assert "reported" in record
    assert "reported" not in replace(concluded[1], reported=None).record()


def test_what_cannot_be_run_loses(contracts, raced, measured):
    dead = {**measured, "linear": Measured({}, {}, failed="it cannot be measured: killed")}
    _, decision = conclude(contracts["binary"], raced, dead, name="loans", by="tester", created=0.0)
    assert decision.winner != "linear"
    why = {each.name: each.why for each in decision.standings}
    assert why["linear"] == "breaks running: it cannot be measured: killed"


def test_what_was_not_finished_is_in_the_evidence_and_the_decision(contracts, raced, measured):
    lost = {"lightgbm": "on split 2 it ran out of memory"}
    ran = {"order": ["dummy/0"], "not_finished": lost, "splits": 3}
    less = Raced(plan=raced.plan, results=raced.results[:2], lost=lost, schedule=ran)
    evidence, decision = conclude(
        contracts["binary"], less, measured, name="loans", by="tester", created=0.0
    )
    assert evidence.schedule == ran
    assert Evidence.read(json.loads(json.dumps(evidence.record()))).id == evidence.id
    assert decision.reasons()[-1] == ("lightgbm was not finished: on split 2 it ran out of memory.")
    assert "lightgbm was not finished" in decision.summary
    assert Decision.read(json.loads(json.dumps(decision.record()))).id == decision.id
