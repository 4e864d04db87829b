import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plait.core.errors import InvalidData
from plait.evaluate.split import (
    choose_splits,
    grouped,
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
