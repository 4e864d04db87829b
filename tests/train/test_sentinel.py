import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plait.train.sentinel import sentinels_of


def column(*parts):
    """Return a column of (number, rows) parts."""
    return np.concatenate([np.full(rows, float(number)) for number, rows in parts])


COUNTS = np.arange(16.0).repeat(5)
INCOMES = np.random.default_rng(0).lognormal(4.2, 0.5, 2000).round()


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (np.append(COUNTS, [999.0] * 20), (999.0,)),
        (np.append(COUNTS, [888.0, 888.0, 999.0]), (888.0, 999.0)),
        (np.append(COUNTS, [99.0] * 3), (99.0,)),
        (np.append(COUNTS, 999999.375), (999999.375,)),
        (np.append(COUNTS, [-999.0] * 2), (-999.0,)),
        (np.append(INCOMES, [-99.0] * 3), (-99.0,)),
        (np.append(INCOMES + 100, [-9999.0]), (-9999.0,)),
        (column((0, 300), (1, 700), (666, 2)), (666.0,)),
        (np.append(INCOMES, [666.0] * 21), (666.0,)),
        (np.append(np.linspace(0, 8650, 500), [1_000_000.0] * 9), (1_000_000.0,)),
        (np.append(np.arange(1.0, 400), [-1.0] * 4000), (-1.0,)),
        (np.append(np.arange(1950.0, 2020).repeat(3), [9999.0] * 5), (9999.0,)),
    ],
)
def test_what_stands_for_missing_is_found(values, expected):
    assert sentinels_of(values) == expected


@pytest.mark.parametrize(
    "values",
    [
        np.array([]),
        np.full(30, np.nan),
        column((0, 50), (1, 50)),
        column((-1, 50), (0, 20), (1, 50)),
        column((-1, 40), (1, 40)),
        column((99, 40), (999, 40)),
        column((0, 1900), (1, 80), (99, 1), (45, 1)),
        np.arange(18.0, 100),
        np.append(np.arange(0.0, 31), [-1.0, -1.0]),
        np.append(np.zeros(1900), np.linspace(1, 1020, 57)),
        np.append(np.linspace(25, 1396, 900), 4316.0),
        np.append(np.linspace(-4000, 28000, 900), [-999.0, -999.0]),
        np.append(np.linspace(1, 8, 400), [0.0] * 400),
        np.repeat([199.0, 299.0, 499.0, 599.0, 799.0, 999.0, 1299.0], [9, 30, 40, 20, 60, 300, 5]),
        np.arange(1950.0, 2025).repeat(4),
    ],
    ids=lambda values: f"{len(values)} rows",
)
def test_an_honest_column_is_left_alone(values):
    assert sentinels_of(values) == ()


@given(st.integers(0, 2**32 - 1), st.sampled_from(["normal", "lognormal", "counts", "levels"]))
def test_random_columns_are_left_alone(seed, kind):
    random = np.random.default_rng(seed)
    values = {
        "normal": lambda: random.normal(0, 50, 500),
        "lognormal": lambda: random.lognormal(3, 1, 500),
        "counts": lambda: random.poisson(random.uniform(0.5, 40), 500).astype(float),
        "levels": lambda: random.integers(0, random.integers(2, 60), 500).astype(float),
    }[kind]()
    assert sentinels_of(values) == ()


@given(st.permutations(list(np.append(np.arange(16.0), [999.0, 999.0, np.nan]))))
def test_the_order_of_the_rows_does_not_matter(values):
    assert sentinels_of(np.array(values)) == (999.0,)
