"""Labels that look wrong."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from plait.evaluate.noise import doubted_by_chance, doubtful_labels


def test_flipped_labels_are_found_first():
    random = np.random.default_rng(0)
    real = random.integers(0, 3, 600)
    probabilities = np.full((600, 3), 0.1)
    probabilities[np.arange(600), real] = 0.8
    probabilities += random.uniform(0, 0.005, probabilities.shape)
    probabilities /= probabilities.sum(axis=1, keepdims=True)
    flipped = random.choice(600, 20, replace=False)
    labels = real.copy()
    labels[flipped] = (labels[flipped] + 1) % 3
    found = doubtful_labels(labels, probabilities, least=0.5)
    assert {each.row for each in found} == set(flipped.tolist())
    assert all(each.likely == real[each.row] for each in found)
    assert [each.margin for each in found] == sorted((e.margin for e in found), reverse=True)


def test_a_class_without_rows_is_nobodys():
    probabilities = np.array([[0.2, 0.1, 0.7], [0.1, 0.2, 0.7]])
    assert not doubtful_labels(np.array([0, 1]), probabilities)


@given(st.lists(st.tuples(st.integers(0, 2), st.floats(0.01, 1)), min_size=1, max_size=50))
def test_no_label_is_doubted_for_itself(rows):
    labels = np.array([label for label, _ in rows])
    weight = np.array([each for _, each in rows])
    probabilities = np.column_stack([weight, 1.5 - weight, np.full(len(rows), 0.5)]) / 2
    for each in doubtful_labels(labels, probabilities, least=0.01):
        assert each.likely != each.label == labels[each.row]
        assert each.margin >= 0.01


def test_chance_brings_as_many_as_it_is_said_to():
    random = np.random.default_rng(3)
    positive = random.beta(0.3, 0.3, 20_000)
    chance = np.column_stack([1 - positive, positive])
    labels = (random.random(20_000) < positive).astype(np.int64)  # none is wrong
    expected = doubted_by_chance(labels, chance)
    assert expected > 100
    assert abs(len(doubtful_labels(labels, chance)) - expected) < 4 * np.sqrt(expected)


def test_only_what_is_far_likelier_is_told():
    positive = np.array([0.1, 0.2, 0.89, 0.8, 0.9, 0.95])
    labels = np.array([0, 0, 0, 1, 1, 1])
    chance = np.column_stack([1 - positive, positive])
    assert [each.row for each in doubtful_labels(labels, chance, least=0.6)] == [2]
    assert doubtful_labels(labels, chance) == []
