"""Copies, rows that are alike by right, and rows that contradict each other."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from plait.evaluate.repeat import alike, copies, most_right
from plait.store.frame import objects

values = st.sampled_from([1.0, 2.0, float("nan")]), st.sampled_from(["a", "b", None])


@given(st.lists(st.tuples(*values), min_size=1, max_size=30))
def test_rows_are_alike_exactly_when_they_say_the_same(rows):
    numbers, texts = zip(*rows, strict=True)
    found = alike({"x": np.array(numbers), "y": objects(texts)})
    said = [(None if number != number else number, text) for number, text in rows]
    for one, first in enumerate(said):
        for other, second in enumerate(said):
            assert (found[one] == found[other]) == (first == second)


def test_the_order_of_columns_counts():
    x, y = np.array([1.0, 2.0]), np.array([2.0, 1.0])
    assert len(set(alike({"x": x, "y": y}).tolist())) == 2


def test_copies_of_rich_rows_are_found_and_coincidences_are_not():
    random = np.random.default_rng(0)
    rich = {f"x{at}": random.normal(size=300) for at in range(3)}
    doubled = {name: np.concatenate([each, each[:50]]) for name, each in rich.items()}
    found = copies(doubled, alike(doubled))
    assert np.flatnonzero(found).tolist() == [*range(50), *range(300, 350)]
    poor = {"x": random.integers(0, 3, 300).astype(float), "y": objects(["a", "b"] * 150)}
    assert not copies(poor, alike(poor)).any()


def test_a_number_and_its_name_are_one_answer():
    random = np.random.default_rng(2)
    plain = {f"q{at}": random.integers(0, 6, 3_000).astype(float) for at in range(4)}
    named = {f"{name} named": objects([f"is {v}" for v in each]) for name, each in plain.items()}
    coarse = {f"{name} half": each // 2 for name, each in plain.items()}
    every = {**coarse, **plain, **named}
    assert not copies(plain, alike(plain)).any()
    assert not copies(every, alike(every)).any()
    rich = {"x": random.normal(size=3_000), "y": random.normal(size=3_000)}
    doubled = {name: np.tile(each, 2) for name, each in {**every, **rich}.items()}
    assert copies(doubled, alike(doubled)).all()


def test_a_rare_answer_given_twice_is_chance_where_all_others_agree():
    """Of 20 questions nearly all are answered no: two rows of nothing but no are no copies."""
    random = np.random.default_rng(1)
    asked = {f"q{at}": (random.random(500) < 0.03).astype(float) for at in range(20)}
    same = alike(asked)
    plain = sum(asked.values()) == 0
    assert plain.sum() > 100
    assert not copies(asked, same)[plain].any()


def test_what_contradicts_bounds_what_can_be_right():
    same = np.array([0, 0, 0, 1, 1, 2])
    assert most_right(same, np.array([1, 1, 0, 2, 0, 1])) == (5, 4 / 6)
    assert most_right(same, np.array([1, 1, 1, 0, 0, 1])) == (0, 1.0)
