import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from plait.core.contract import Contract
from plait.core.errors import Cancelled
from plait.engines.base import read_artefact
from plait.evaluate.metric import score
from plait.train.plan import plan_race
from plait.train.prepare import prepare
from plait.train.race import measure_all, race

AGAIN = """
import json, runpy, sys
from pathlib import Path
from plait.train.race import race
here = runpy.run_path(sys.argv[1])
found = race(here["make_plan"]("binary"), here["MemoryRun"](), folder=Path(sys.argv[2]))
print(json.dumps([[r.name, r.artefact, r.scores, r.point.record()] for r in found.results]))
"""


TEXTS_AGAIN = """
import json, runpy, sys
from dataclasses import replace
from pathlib import Path
from plait.engines.base import read_artefact
from plait.evaluate.split import repeated_stratified
from plait.store.frame import RawColumn, objects
from plait.train.corpus import prepare_text
from plait.train.encoder import Encoder
from plait.train.plan import plan_race
from plait.train.race import race
here = runpy.run_path(sys.argv[1])
texts, levels = json.loads(Path(sys.argv[2]).read_text())
contract = here["TEXT_CONTRACT_SCOPED"]
columns = (RawColumn("said", "string", objects(texts)),
           RawColumn("intent", "string", objects(levels)))
prepared = prepare_text(columns, contract)
encoder = Encoder(read_artefact(Path(sys.argv[3])))
plan = plan_race(prepared, contract, seed=3, encoder=encoder)
plan = replace(plan, splits=repeated_stratified(prepared.target, folds=3, repeats=1, seed=3))
found = race(plan, here["MemoryRun"](), folder=Path(sys.argv[4]))
print(json.dumps([[r.name, r.artefact, r.scores, r.abstention.record()] for r in found.results]))
"""


def told(raced):
    return json.loads(
        json.dumps([[r.name, r.artefact, r.scores, r.point.record()] for r in raced.results])
    )


def test_every_candidate_is_scored_on_every_split(raced, plan):
    assert [result.name for result in raced.results] == ["dummy", "linear", "lightgbm"]
    means = {result.name: np.mean(result.scores) for result in raced.results}
    assert all(len(result.scores) == len(plan.splits) for result in raced.results)
    assert means["dummy"] == 0.5
    assert means["linear"] > 0.7
    assert means["lightgbm"] > 0.65


def test_scores_are_those_of_the_exported_artefact(raced, plan, tmp_path):
    split = plan.splits.each[0]
    candidate = plan.recipes["linear"](tmp_path)
    answer = candidate.fit(plan.prepared.sample(split.train, seed=plan.seed)).predict(
        plan.prepared.take(split.test)
    )
    chances = np.column_stack([answer["probability_no"], answer["probability_yes"]])
    linear = next(result for result in raced.results if result.name == "linear")
    assert score(plan.metric, plan.prepared.target[split.test], chances) == linear.scores[0]


def test_the_artefacts_lie_in_the_folder_with_their_threshold(raced):
    for result in raced.results:
        assert read_artefact(result.folder).id == result.artefact
        pipeline = json.loads((result.folder / "pipeline.json").read_text())
        assert pipeline["threshold"] == result.point.threshold


def test_the_errors_expected_fit_their_cost(raced, plan):
    positive = plan.prepared.target.mean()
    for result in raced.results:
        point = result.point
        by_hand = 5 * point.false_positive_rate * (1 - positive)
        by_hand += 1 * point.false_negative_rate * positive
        assert point.cost == pytest.approx(by_hand)
        assert point.cost_low <= point.cost <= point.cost_high


def test_progress_is_told_to_the_end(plan, run_kind, tmp_path):
    light = replace(plan, recipes={"dummy": plan.recipes["dummy"]})
    run = run_kind()
    measure_all(race(light, run, folder=tmp_path), run)
    done = [each.done for each in run.told]
    assert done == list(range(light.units + 1)) == [0, 1, 2, 3, 4, 5]
    assert {each.total for each in run.told} == {light.units}
    assert run.told[0].step == "dummy, fold 1 of 3"


@pytest.mark.parametrize("steps", [0, 1, 5, 9, 11])
def test_a_race_that_was_killed_goes_on_and_ends_alike(plan, raced, run_kind, tmp_path, steps):
    light = replace(plan, recipes={n: plan.recipes[n] for n in ("dummy", "linear")})
    run = run_kind(steps=steps if steps < 8 else 7)
    with pytest.raises(KeyboardInterrupt):
        race(light, run, folder=tmp_path)
    if steps > 8:  # the machine was lost, and the job goes on elsewhere
        shutil.rmtree(tmp_path)
    again = race(light, run_kind(kept=run.kept), folder=tmp_path)
    assert told(again) == told(raced)[:2]
    for result in again.results:
        assert read_artefact(result.folder).id == result.artefact


def test_a_damaged_folder_is_made_again(plan, raced, run_kind, tmp_path):
    light = replace(plan, recipes={"linear": plan.recipes["linear"]})
    run = run_kind()
    race(light, run, folder=tmp_path)
    (tmp_path / "linear" / "model.json").write_text("{}")
    race(light, run, folder=tmp_path)
    assert read_artefact(tmp_path / "linear").id == raced.results[1].artefact


def test_a_cancelled_race_stops(plan, run_kind, tmp_path):
    run = run_kind()
    run.cancel.request("nobody waits")
    with pytest.raises(Cancelled):
        race(plan, run, folder=tmp_path)
    assert run.kept == {}


@pytest.mark.parametrize("problem", ["multiclass", "regression"])
def test_only_two_classes_have_a_threshold(plan_of, run_kind, tmp_path, problem):
    plan = plan_of(problem, candidates=("dummy", "linear"))
    dummy, linear = race(plan, run_kind(), folder=tmp_path).results
    assert dummy.point is linear.point is None
    sign = plan.metric.sign
    assert sign * np.mean(linear.scores) > sign * np.mean(dummy.scores)


def test_another_process_with_other_threads_gives_the_same_bits(raced, tmp_path):
    conftest = str(Path(__file__).with_name("conftest.py"))
    environment = {**os.environ, "OMP_NUM_THREADS": "2", "PYTHONHASHSEED": "7"}
    found = subprocess.run(
        [sys.executable, "-c", AGAIN, conftest, str(tmp_path)],
        capture_output=True,
        text=True,
        check=True,
        env=environment,
    )
    assert json.loads(found.stdout) == told(raced)


def test_a_race_of_rows_with_few_of_a_class_ends(loans, run_kind, tmp_path):
    kept = [row for row, value in enumerate(loans[-1].values) if value == "yes"][:38]
    kept += [row for row, value in enumerate(loans[-1].values) if value == "no"][:2]
    few = [replace(column, values=column.values[kept]) for column in loans]
    three = ("dummy", "linear", "lightgbm")
    contract = Contract(
        task="tabular", data="", target="approved", exclude=("score", "grade"), candidates=three
    )
    plan = plan_race(prepare(few, contract), contract)
    results = race(plan, run_kind(), folder=tmp_path).results
    assert [len(result.scores) for result in results] == [8, 8, 8]


def test_texts_are_raced_with_the_confidence_to_answer_from(text_raced):
    names = ["majority", "tfidf_linear", "minilm_linear", "minilm_neighbours"]
    assert [result.name for result in text_raced.results] == names
    for result in text_raced.results:
        found = result.abstention
        pipeline = json.loads((result.folder / "pipeline.json").read_text())
        assert pipeline["abstain"] == found.threshold
        assert found.max_loss == 0.1
        assert found.loss_low <= found.loss <= found.loss_high
        assert found.recall_low <= found.recall <= found.recall_high
    majority, tfidf = text_raced.results[:2]
    assert np.mean(majority.scores) > 3 * np.mean(tfidf.scores)  # log loss
    assert majority.abstention.recall == 0
    assert tfidf.abstention.recall > 0.7
    assert tfidf.abstention.loss < 0.2


def test_another_process_races_texts_to_the_same_end(text_raced, talk, tiny_encoder, tmp_path):
    texts, levels = talk(20, outside=8)
    (tmp_path / "talk.json").write_text(json.dumps([texts.values.tolist(), levels.values.tolist()]))
    here = Path(__file__).with_name("conftest.py")
    told = [str(each) for each in (here, tmp_path / "talk.json", tiny_encoder.folder, tmp_path)]
    done = subprocess.run(
        [sys.executable, "-c", TEXTS_AGAIN, *told], capture_output=True, text=True, check=True
    )
    expected = [[r.name, r.artefact, r.scores, r.abstention.record()] for r in text_raced.results]
    assert json.loads(done.stdout) == json.loads(json.dumps(expected))
