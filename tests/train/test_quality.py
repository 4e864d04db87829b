"""What a decision says of the data that it rests on."""

from dataclasses import replace

import numpy as np
import pytest

from plait.core.contract import Contract, Coverage, FeatureNote, Requirements
from plait.evaluate.split import repeated_stratified
from plait.store.frame import RawColumn, objects
from plait.train.conclude import conclude
from plait.train.plan import plan_race
from plait.train.prepare import prepare
from plait.train.quality import doubts_of, drifted, held, repeated
from plait.train.race import measure_all, race

PLAIN = Contract(task="tabular", data="", target="sort", candidates=("linear",))


def made(rows=400, seed=0):
    """Return columns whose label follows from `size`, and the rows in which it is wrong."""
    random = np.random.default_rng(seed)
    size = np.round(random.normal(size=rows) * 4, 3)
    right = size > 0
    wrong = random.choice(np.flatnonzero(abs(size) > 4), 6, replace=False)
    told = np.where(right, "yes", "no").astype(object)
    told[wrong] = np.where(right[wrong], "no", "yes")
    told[random.choice(np.flatnonzero(abs(size) < 2), 5, replace=False)] = None
    columns = [
        RawColumn("size", "number", size),
        RawColumn("noise", "number", random.normal(size=rows).round(3)),
        RawColumn("sort", "string", objects(told.tolist())),
    ]
    return columns, wrong


def raced_on(columns, contract, run_kind, folder, folds=3):
    prepared = prepare(columns, contract)
    plan = plan_race(prepared, contract, seed=3)
    if not contract.time and prepared.groups is None:
        splits = repeated_stratified(prepared.target, folds=folds, repeats=2, seed=3)
        plan = replace(plan, splits=splits)
    return race(plan, run_kind(), folder=folder)


@pytest.fixture(scope="module")
def noisy(run_kind, tmp_path_factory):
    columns, wrong = made()
    return raced_on(columns, PLAIN, run_kind, tmp_path_factory.mktemp("noisy")), wrong


def test_wrong_labels_are_named_by_their_rows_in_the_data(noisy):
    raced, wrong = noisy
    found = doubts_of(raced.plan, raced.results[0])
    assert set(found.rows) >= set((wrong + 1).tolist())
    assert found.labels == len(found.rows) < 30
    assert found.by_chance > 0


def test_the_decision_says_so_and_the_evidence_does_not_change(noisy, run_kind):
    raced, _ = noisy
    measured = measure_all(raced, run_kind())
    evidence, decision = conclude(PLAIN, raced, measured, name="c", by="me", created=0.0)
    assert decision.doubts == doubts_of(raced.plan, raced.results[0])
    assert decision.doubts.said in decision.notes
    assert type(decision).read(decision.record()) == decision
    assert "doubts" not in str(evidence.record())


def test_a_model_that_may_have_seen_the_labels_doubts_none(noisy):
    raced, _ = noisy
    incumbent = replace(raced.results[0], paradigm="incumbent")
    assert doubts_of(raced.plan, incumbent) is None
    unnumbered = replace(raced.plan, prepared=replace(raced.plan.prepared, number=None))
    assert doubts_of(unnumbered, raced.results[0]) is None


def test_copies_in_both_parts_are_counted_and_said():
    columns, _ = made()
    again = np.concatenate([np.arange(400), np.arange(40)])
    twice = [RawColumn(each.name, each.kind, each.values[again]) for each in columns]
    found = prepare(twice, PLAIN)
    plan = plan_race(found, PLAIN, seed=3)
    assert plan.splits.kind == "grouped"
    (said,) = repeated(PLAIN, plan)
    assert said.startswith("Copies: 80 of 435 rows (18 %) have the same features as another")
    assert "kept in one fold" in said
    apart = repeated_stratified(found.target, folds=5, repeats=2, seed=3)
    (said,) = repeated(PLAIN, replace(plan, splits=apart))
    assert said.endswith("which may flatter every score.")
    met = float(said.split("chance. ")[1].split(" %")[0])
    assert met == pytest.approx(100 * 80 / 435 * 0.8, abs=3)  # a twin is in another fold in 4 of 5


def test_rows_that_contradict_each_other_bound_the_score():
    columns, _ = made()
    twice = [RawColumn(each.name, each.kind, np.tile(each.values, 2)) for each in columns]
    there = np.flatnonzero([each is not None for each in columns[-1].values])[:10]
    for at in there:
        twice[-1].values[at + 400] = {"yes": "no", "no": "yes"}[twice[-1].values[at]]
    plan = plan_race(prepare(twice, PLAIN), PLAIN, seed=3)
    assert repeated(PLAIN, plan)[1] == (
        "Contradictions: 20 rows have the same features as another and another sort. By these "
        "features no model can be right in more than 98.73 % of the rows."
    )


def test_distinct_rows_say_nothing(noisy):
    raced, _ = noisy
    assert repeated(PLAIN, raced.plan) == []


def test_the_coverage_is_told_over_all_and_within_large_groups(run_kind, tmp_path):
    columns, _ = made(900)
    area = RawColumn("area", "string", objects(["east"] * 450 + ["west"] * 400 + ["far"] * 50))
    asked = Requirements(interval=Coverage(coverage=0.9, by="area"))
    contract = replace(PLAIN, require=asked)
    raced = raced_on([*columns, area], contract, run_kind, tmp_path)
    (said,) = held(contract, raced.plan, raced.results[0])
    assert said.startswith("Coverage: its sets hold 9")
    assert "and 90 % is asked for. By area: " in said
    assert said.endswith("rows) of west.")
    assert " of east" in said
    assert "far" not in said
    assert held(PLAIN, raced.plan, raced.results[0]) == []


def test_what_drifts_in_order_of_time_is_named():
    columns, _ = made()
    late = np.arange(400) > 320
    moved = RawColumn("moved", "number", np.where(late, 9.0, 0.0) + columns[1].values)
    when = RawColumn("when", "number", np.arange(400.0))
    contract = replace(PLAIN, time="when")
    plan = plan_race(prepare([*columns, moved, when], contract), contract)
    (said,) = drifted(contract, plan)
    assert said.startswith("Drift: the 66 rows on which the last split tests are ")
    assert "unlike those before by when in moved: median " in said
    assert "noise" not in said
    steady = plan_race(prepare([*columns, when], contract), contract)
    assert drifted(contract, steady) == []
    shuffled = plan_race(prepare([*columns, moved], PLAIN), PLAIN)
    assert drifted(PLAIN, shuffled) == []


def test_drift_quotes_no_text_and_takes_no_time_for_a_feature():
    columns, _ = made()
    late = np.arange(400) > 320
    memo = [None if each and row % 3 == 0 else f"memo {row}" for row, each in enumerate(late)]
    texts = RawColumn("memo", "string", objects(memo))
    when = RawColumn("when", "number", np.arange(400.0))
    features = {"memo": FeatureNote(embed=True), "when": FeatureNote(), "noise": FeatureNote()}
    contract = replace(PLAIN, time="when", features=features)
    plan = plan_race(prepare([*columns, texts, when], contract), contract)
    assert {"memo", "when"} <= set(plan.prepared.columns)
    assert drifted(contract, plan) == []


def test_a_target_that_drifts_is_named_too():
    columns, _ = made()
    size = np.where(np.arange(400) > 320, abs(columns[0].values), columns[0].values)
    grown = [RawColumn("size", "number", columns[1].values), columns[1]]
    sort = RawColumn("sort", "string", objects(["yes" if each > 0 else "no" for each in size]))
    when = RawColumn("when", "number", np.arange(400.0))
    contract = replace(PLAIN, time="when")
    plan = plan_race(prepare([*grown, sort, when], contract), contract)
    (said,) = drifted(contract, plan)
    assert "in sort: no " in said


def test_rows_left_out_do_not_shift_the_numbers():
    columns, _ = made(60)
    when = RawColumn("when", "number", np.where(np.arange(60) < 4, np.nan, np.arange(60.0)))
    columns[-1].values[10] = None
    prepared = prepare([*columns, when], replace(PLAIN, time="when"))
    there = [at for at in range(4, 60) if columns[-1].values[at] is not None]
    assert prepared.number.tolist() == [at + 1 for at in there]
