import json
from dataclasses import replace

import pytest

from plait.core.errors import EngineError
from plait.evaluate.split import repeated_stratified
from plait.train.heat import FAILED, tried
from plait.train.plan import Fold
from plait.train.race import race
from plait.train.schedule import EVERYTHING, Schedule


class Greedy:
    """Makes a candidate that fails on the split that it is told to."""

    def __init__(self, make, error, at):
        self.make, self.error, self.at, self.begun = make, error, at, 0

    def __call__(self, folder, **more):
        self.begun += 1
        if self.begun == self.at:
            raise self.error
        return self.make(folder, **more)


@pytest.fixture
def light(plan):
    return replace(plan, recipes={name: plan.recipes[name] for name in ("dummy", "linear")})


@pytest.mark.parametrize(
    ("error", "at", "why"),
    [
        (MemoryError(), 1, "on split 1 it ran out of memory"),
        (ValueError("no rows"), 3, "on split 3 it failed: ValueError: no rows"),
    ],
)
def test_a_candidate_that_fails_loses_and_the_race_goes_on(
    light, raced, run_kind, tmp_path, error, at, why
):
    greedy = Greedy(light.recipes["linear"], error, at)
    plan = replace(light, recipes={"greedy": greedy, "dummy": light.recipes["dummy"]})
    found = race(plan, run_kind(), folder=tmp_path)
    assert [each.name for each in found.results] == ["dummy"]
    assert found.results[0].scores == raced.results[0].scores
    assert found.lost == {"greedy": why}
    assert found.schedule["not_finished"] == found.lost
    assert found.schedule["splits"] == 3
    assert greedy.begun == at
    assert not (tmp_path / ".begun").exists()


def test_one_that_fails_on_all_rows_loses_too(light, run_kind, tmp_path):
    def careless(folder, **more):
        if folder.name == "careless":
            raise_later = light.recipes["linear"](folder, **more)
            return Careless(raise_later)
        return light.recipes["linear"](folder, **more)

    plan = replace(light, recipes={"careless": careless, "dummy": light.recipes["dummy"]})
    found = race(plan, run_kind(), folder=tmp_path)
    assert found.lost == {"careless": "on all rows it ran out of memory"}


class Careless:
    name, paradigm, complexity = "careless", "tree", 9

    def __init__(self, inner):
        self.inner = inner

    def configuration(self):
        return {}

    def fit(self, sample):
        raise MemoryError


def test_when_all_fail_the_race_says_why(light, run_kind, tmp_path):
    greedy = Greedy(None, MemoryError(), 1)
    with pytest.raises(EngineError, match="greedy: on split 1 it ran out of memory") as caught:
        race(replace(light, recipes={"greedy": greedy}), run_kind(), folder=tmp_path)
    assert caught.value.code == "engine_failed"


def test_a_full_disk_is_no_fault_of_a_candidate(tmp_path):
    def work():
        raise OSError("no space left")

    with pytest.raises(OSError, match="no space"):
        tried(tmp_path, "a/0", work)


def test_a_fit_that_ends_its_process_twice_is_given_up(tmp_path):
    note = tmp_path / ".begun"
    note.write_text(json.dumps(["a/0", 1]))  # as a process leaves it that was killed
    assert tried(tmp_path, "a/0", lambda: {"score": 1}) == {"score": 1}
    note.write_text(json.dumps(["a/0", 2]))
    assert tried(tmp_path, "b/0", lambda: {"score": 1}) == {"score": 1}
    note.write_text(json.dumps(["a/0", 2]))
    assert "ended 2 times" in tried(tmp_path, "a/0", lambda: {"score": 1})[FAILED]
    assert not note.exists()


def test_a_killed_process_leaves_its_note_and_a_note_that_is_damaged_says_nothing(tmp_path):
    seen = []
    note = tmp_path / ".begun"
    note.write_text("not json")
    tried(tmp_path, "a/0", lambda: seen.append(note.read_text()) or {})
    assert json.loads(seen[0]) == ["a/0", 1]


def timed(seconds):
    """Return a judge whose fits take as long as they are said to."""

    def judge(plan, make, split):
        name = next(name for name, each in plan.recipes.items() if each is make)
        score = {"dummy": 0.5, "linear": 0.7}[name] + 0.001 * split.test[0]
        positive = [0.4] * len(split.test)
        return Fold(score, positive, seconds[name], spent=seconds[name])

    return judge


@pytest.fixture
def clock(monkeypatch):
    """Let each fit take what it says."""

    def keep(heats, name, index):
        plan = heats._plan
        fold = heats._judge(plan, plan.recipes[name], plan.splits.each[index])
        from dataclasses import asdict

        return asdict(fold)

    monkeypatch.setattr("plait.train.heat.Heats._judged", keep)


def test_a_time_that_is_too_short_leaves_out_the_dearest_and_says_so(
    light, run_kind, tmp_path, clock
):
    plan = replace(light, judge=timed({"dummy": 1.0, "linear": 100.0}))
    run = run_kind()
    found = race(plan, run, folder=tmp_path, schedule=Schedule(seconds=120))
    assert [each.name for each in found.results] == ["dummy"]
    assert found.lost == {"linear": "1 of 3 splits done when there was no time for more"}
    assert found.schedule == {
        "order": ["dummy/0", "linear/0", "dummy/1", "dummy/2"],
        "not_finished": found.lost,
        "splits": 3,
    }
    resumed = race(plan, run_kind(kept=run.kept), folder=tmp_path, schedule=Schedule(seconds=120))
    assert (resumed.schedule, resumed.results) == (found.schedule, found.results)
    again = race(
        plan, run_kind(), folder=tmp_path / "again", schedule=Schedule.read(found.schedule)
    )
    assert (again.schedule, again.lost, again.results) == (
        found.schedule,
        found.lost,
        found.results,
    )


def test_as_many_repeats_are_run_as_there_is_time_for(plan_of, run_kind, tmp_path, clock):
    plan = plan_of("binary", candidates=("dummy", "linear"))
    splits = repeated_stratified(plan.prepared.target, folds=3, repeats=4, seed=3)
    plan = replace(plan, splits=splits, judge=timed({"dummy": 1.0, "linear": 2.0}))
    found = race(plan, run_kind(), folder=tmp_path, schedule=Schedule(seconds=37))
    assert found.lost == {}
    assert (found.plan.splits.repeats, len(found.results[0].scores)) == (2, 6)
    assert found.schedule["splits"] == 6
    again = race(
        plan, run_kind(), folder=tmp_path / "again", schedule=Schedule.read(found.schedule)
    )
    assert (again.schedule, again.results) == (found.schedule, found.results)
    assert race(plan, run_kind(), folder=tmp_path / "whole").schedule is None


def test_three_of_five_splits_count_when_there_is_no_time_for_more(
    plan_of, run_kind, tmp_path, clock
):
    plan = plan_of("binary", candidates=("dummy", "linear"))
    splits = repeated_stratified(plan.prepared.target, folds=5, repeats=2, seed=3)
    plan = replace(plan, splits=splits, judge=timed({"dummy": 1.0, "linear": 2.0}))
    found = race(plan, run_kind(), folder=tmp_path, schedule=Schedule(seconds=25))
    assert found.lost == {}
    assert (found.plan.splits.folds, found.plan.splits.repeats) == (3, 1)
    assert len(found.results[0].scores) == found.schedule["splits"] == 3
    again = race(
        plan, run_kind(), folder=tmp_path / "again", schedule=Schedule.read(found.schedule)
    )
    assert (again.schedule, again.results) == (found.schedule, found.results)


def test_more_time_than_it_takes_leaves_no_trace(light, run_kind, tmp_path, clock):
    plan = replace(light, judge=timed({"dummy": 1.0, "linear": 2.0}))
    found, free = (
        race(plan, run_kind(), folder=tmp_path / name, schedule=schedule)
        for name, schedule in (("timed", Schedule(seconds=1_000)), ("free", EVERYTHING))
    )
    assert found.schedule is None
    assert found.results == free.results
