import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plait.core.errors import InvalidData
from plait.evaluate.split import (
    choose_splits,
    grouped,
    ordered_by,
    repeated_folds,
    repeated_stratified,
    time_ordered,
)

CLASSES = st.lists(st.integers(0, 3), min_size=6, max_size=60).map(np.array)


def times_tested(splits, n):
    """How often each row is tested."""
    return np.bincount(np.concatenate([split.test for split in splits]), minlength=n)


@given(classes=CLASSES, folds=st.integers(2, 5), repeats=st.integers(1, 3))
def test_stratified_splits_partition_and_stratify(classes, folds, repeats):
    splits = repeated_stratified(classes, folds=folds, repeats=repeats, seed=1)
    assert len(splits) == folds * repeats
    assert (times_tested(splits, len(classes)) == repeats).all()
    for split in splits:
        assert sorted([*split.train, *split.test]) == list(range(len(classes)))
    sizes = [len(split.test) for split in splits]
    assert max(sizes) - min(sizes) <= 1
    for c in range(4):
        of_class = [int((classes[split.test] == c).sum()) for split in splits]
        assert max(of_class) - min(of_class) <= 1


def test_the_seed_alone_decides():
    classes = np.arange(40) % 2
    one = repeated_stratified(classes, folds=5, repeats=2, seed=3)
    assert one.id == repeated_stratified(classes, folds=5, repeats=2, seed=3).id
    assert one.id != repeated_stratified(classes, folds=5, repeats=2, seed=4).id
    assert not np.array_equal(one.each[0].test, one.each[5].test)


def test_the_id_does_not_change_between_versions():
    splits = repeated_stratified(np.arange(12) % 3, folds=3, repeats=2, seed=0)
    assert splits.id == "29bc22cb12cccfc0462ecc519df7b45f59d35d600de2312e15cfc63e33d2b1fc"


def test_regression_folds_share_the_range_of_the_target():
    target = np.random.default_rng(0).exponential(1, 500)
    splits = repeated_folds(target, folds=5, repeats=2, seed=0)
    assert (times_tested(splits, 500) == 2).all()
    top = target >= np.quantile(target, 0.9)
    assert {int(top[split.test].sum()) for split in splits} == {10}


@given(sizes=st.lists(st.integers(1, 9), min_size=4, max_size=25))
def test_groups_are_never_parted(sizes):
    groups = np.repeat([f"customer {i}" for i in range(len(sizes))], sizes)
    splits = grouped(groups, folds=4, seed=2)
    assert (times_tested(splits, len(groups)) == 1).all()
    for split in splits:
        assert not set(groups[split.train]) & set(groups[split.test])
        assert len(split.test)
    rows = [len(split.test) for split in splits]
    assert max(rows) - min(rows) <= max(sizes)


def test_too_few_groups():
    with pytest.raises(InvalidData) as caught:
        grouped(np.array(["a", "a", "b"]), folds=3, seed=0)
    assert caught.value.code == "data_too_small"


@given(n=st.integers(6, 60), folds=st.integers(2, 5))
def test_time_never_runs_backwards(n, folds):
    splits = time_ordered(n, folds=folds)
    assert len(splits) == folds
    for split in splits:
        assert split.train.max() < split.test.min()
        assert split.train.tolist() == list(range(split.test.min()))
    seen = np.concatenate([split.test for split in splits])
    assert seen.tolist() == list(range(seen[0], n))


def test_too_little_time():
    with pytest.raises(InvalidData):
        time_ordered(5, folds=5)


@pytest.mark.parametrize(("n", "splits"), [(200, 20), (2_000, 10), (60_000, 5)])
@pytest.mark.parametrize("problem", ["binary", "regression"])
def test_larger_data_is_split_less_often(problem, n, splits):
    truth = np.arange(n) % 2 if problem == "binary" else np.arange(float(n))
    chosen = choose_splits(truth, problem, seed=0)
    assert (chosen.folds, len(chosen)) == (5, splits)
    assert chosen.test_to_train == pytest.approx(0.25)


def test_a_rare_class_makes_fewer_folds():
    truth = np.repeat([0, 1, 2], [50, 40, 3])
    chosen = choose_splits(truth, "multiclass", seed=0)
    assert chosen.folds == 3
    assert all((truth[split.test] == 2).sum() == 1 for split in chosen)


@pytest.mark.parametrize(
    ("truth", "problem", "code"),
    [
        (np.arange(5.0), "regression", "data_too_small"),
        (np.array([0, 1] * 5), "binary", "data_too_small"),
        (np.repeat([0, 1], [50, 1]), "binary", "data_too_small"),
        (np.zeros(50, dtype=int), "binary", "data_target_constant"),
        (np.ones(50), "regression", "data_target_constant"),
    ],
)
def test_what_cannot_be_split(truth, problem, code):
    with pytest.raises(InvalidData) as caught:
        choose_splits(truth, problem, seed=0)
    assert caught.value.code == code
    assert caught.value.hint


GROUPED = np.arange(240) // 4


def test_groups_are_dealt_so_that_classes_are_even_and_repeated():
    truth = (np.arange(240) % 60 < 6).astype(int)
    chosen = choose_splits(truth, "binary", seed=1, groups=GROUPED)
    assert (chosen.kind, chosen.folds, chosen.repeats) == ("grouped", 5, 4)
    assert (times_tested(chosen, 240) == 4).all()
    for split in chosen:
        assert not set(GROUPED[split.train]) & set(GROUPED[split.test])
        assert 4 <= truth[split.test].sum() <= 6
    assert not np.array_equal(chosen.each[0].test, chosen.each[5].test)


@pytest.mark.parametrize(("groups", "folds"), [(2, 2), (3, 3), (49, 5)])
def test_few_groups_are_dealt_once(groups, folds):
    chosen = choose_splits(np.arange(240.0), "regression", seed=0, groups=np.arange(240) % groups)
    assert (chosen.folds, chosen.repeats) == (folds, 1)


@pytest.mark.parametrize(
    ("groups", "says"),
    [(np.zeros(40), "one group"), (np.repeat([0, 1], 20), "no way to part the groups")],
)
def test_groups_that_cannot_be_parted(groups, says):
    with pytest.raises(InvalidData, match=says) as caught:
        choose_splits(np.repeat([0, 1], 20), "binary", seed=0, groups=groups)
    assert caught.value.code == "data_too_small"


@given(times=st.lists(st.integers(0, 12), min_size=30, max_size=80))
def test_rows_of_one_time_stay_together_and_the_past_trains(times):
    moments = np.array(times, dtype=float)
    if len(set(times)) < 7:
        return
    try:
        splits = ordered_by(moments, folds=2)
    except InvalidData:  # one time has nearly all rows
        return
    assert len(splits) == 2
    tested = np.zeros(len(moments), dtype=int)
    for split in splits:
        assert moments[split.train].max() < moments[split.test].min()
        assert set(np.flatnonzero(moments < moments[split.test].min())) == set(split.train)
        tested[split.test] += 1
    assert (tested == (moments >= moments[splits.each[0].test].min())).all()


def test_a_time_is_kept_whatever_order_the_rows_have():
    random = np.random.default_rng(0)
    times = random.permutation(200).astype(float)
    chosen = choose_splits(random.integers(0, 2, 200), "binary", seed=9, times=times)
    assert (chosen.kind, chosen.folds, chosen.repeats) == ("time_ordered", 5, 1)
    for split in chosen:
        assert times[split.train].max() < times[split.test].min()
        assert (np.diff(split.test) > 0).all()


def test_later_rows_of_a_group_that_was_trained_on_are_not_tested():
    times, truth = np.arange(200.0), np.arange(200) % 2
    groups = np.array([f"p{i // 5}" if i % 7 else "returns" for i in range(200)])
    chosen = choose_splits(truth, "binary", seed=0, groups=groups, times=times)
    for split in chosen:
        assert not set(groups[split.train]) & set(groups[split.test])
        assert split.train.max() < split.test.min()
    assert "returns" not in set(np.concatenate([groups[split.test] for split in chosen]))


def test_the_past_is_long_enough_to_have_met_each_class():
    truth = np.arange(200) % 2
    truth[:80] = 0
    chosen = choose_splits(truth, "binary", seed=0, times=np.arange(200.0))
    assert len(chosen) == 5
    assert [len(split.test) for split in chosen] == pytest.approx([24] * 5, abs=1)
    assert all(set(truth[split.train]) == {0, 1} for split in chosen)
    truth[:199] = 0
    truth[[197, 199]] = 1
    with pytest.raises(InvalidData, match="in order of time"):
        choose_splits(truth, "binary", seed=0, times=np.arange(200.0))


def test_gaps_in_time_do_not_matter():
    truth = np.arange(120) % 2
    near = choose_splits(truth, "binary", seed=0, times=np.arange(120.0))
    far = choose_splits(truth, "binary", seed=0, times=np.arange(120.0) ** 3)
    assert near.id == far.id


def test_the_first_splits_are_whole_repeats_or_a_part_of_one():
    splits = repeated_stratified(np.arange(30) % 2, folds=5, repeats=2, seed=1)
    one, part = splits.first(5), splits.first(3)
    assert (one.folds, one.repeats, one.each) == (5, 1, splits.each[:5])
    assert (part.folds, part.repeats, part.each) == (3, 1, splits.each[:3])
    assert (splits.drawn, one.drawn, part.drawn, part.first(3).drawn) == (0, 0, 5, 5)
