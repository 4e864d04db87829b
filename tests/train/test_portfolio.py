from dataclasses import replace

import numpy as np
import pytest

from plait.core.protocol import Sample
from plait.core.schema import Field, Schema
from plait.train.base import inner_folds
from plait.train.boosting import Boosting
from plait.train.portfolio import FEW, MANY, attempt, choose, folds_of
from plait.train.race import judge_rows, race


def steep(rows, seed=0):
    """Return a sample of a regression that is a sum of two steps, one of each sign."""
    random = np.random.default_rng(seed)
    x, y = random.random(rows), random.random(rows)
    target = np.where(x > 0.3, 2.0, 0.0) - np.where(y > 0.6, 1.0, 0.0) + random.normal(0, 0.1, rows)
    return Sample(
        input=Schema(tuple(Field(name=name, kind="number") for name in "xy")),
        columns={"x": x, "y": y},
        target=target.tolist(),
        classes=(),
        problem="regression",
        seed=1,
    )


def within(sample):
    return folds_of(sample, np.asarray(sample.target), inner_folds(sample))


def test_the_settings_chosen_lose_the_least_on_rows_held_out(samples):
    sample = samples["binary"]
    folds = within(sample)
    tried = [attempt(folds, settings, sample) for settings in FEW]
    chosen = choose(folds, sample)
    assert chosen.loss == min(each.loss for each in tried)
    assert len({each.loss for each in tried}) == len(FEW)


def test_the_loss_is_that_of_rows_that_a_booster_did_not_see(samples):
    sample = samples["regression"]
    chosen = choose(within(sample), sample)
    error = np.mean((chosen.scores - np.asarray(sample.target)) ** 2)
    assert chosen.loss == pytest.approx(error, rel=1e-6)


def test_of_many_rows_another_portfolio_is_judged(monkeypatch):
    sample = steep(600)
    folds = within(sample)
    assert choose(folds, sample).settings in FEW
    monkeypatch.setattr("plait.train.portfolio.MANY_ROWS", 500)
    monkeypatch.setattr("plait.train.portfolio.MOST_ROUNDS", 20)
    chosen = choose(folds, sample)
    assert chosen.settings in MANY
    assert len(chosen.scores) == 600  # all folds, though one of them chose


@pytest.mark.parametrize("problem", ["binary", "regression"])
def test_rows_to_be_tested_on_say_nothing_of_the_settings(plan_of, tmp_path, problem):
    plan = plan_of(problem, candidates=("lightgbm",))
    prepared, split = plan.prepared, plan.splits.each[0]
    target = prepared.target.copy()
    target[split.test] = target[split.test][::-1]
    columns = {name: values.copy() for name, values in prepared.columns.items()}
    for values in columns.values():
        values[split.test] = values[split.test][::-1]
    other = replace(prepared, target=target, columns=columns)
    one, same = (
        Boosting(tmp_path / name).fit(rows.sample(split.train, seed=plan.seed))
        for name, rows in (("one", prepared), ("same", other))
    )
    assert one.artefact.id == same.artefact.id


def test_where_there_is_nothing_to_learn_choosing_does_not_flatter(plan_of, run_kind, tmp_path):
    plan = plan_of("binary", candidates=("dummy", "lightgbm"))
    random = np.random.Generator(np.random.PCG64(4))
    prepared = replace(plan.prepared, target=random.permutation(plan.prepared.target))
    plan = replace(plan, prepared=prepared)
    found = race(plan, run_kind(), folder=tmp_path)
    scores = {each.name: each.scores for each in found.results}
    assert np.mean(scores["lightgbm"]) == pytest.approx(0.5, abs=0.08)
    again = judge_rows(plan, plan.recipes["lightgbm"], plan.splits.each[0])
    assert again.score == scores["lightgbm"][0]
