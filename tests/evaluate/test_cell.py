import numpy as np
import pytest

from plait.evaluate.cell import MOST_CELLS, cells_of


def mask(cells, *chosen):
    return np.isin(np.arange(len(cells)), chosen)


def test_text_is_read_as_levels():
    cells = cells_of(np.array(["b", None, "a", "b", float("nan")], dtype=object))
    assert list(cells.first) == ["a", "b", "missing"]
    assert cells.codes.tolist() == [1, 2, 0, 1, 2]
    assert (cells.numeric, cells.ranges, cells.missing) == (False, False, True)


@pytest.mark.parametrize("kind", [np.int64, np.float32, np.bool_])
def test_a_number_of_few_values_is_read_as_levels(kind):
    cells = cells_of(np.array([1, 0, 1, 1]).astype(kind))
    assert list(cells.first) == ["0", "1"]
    assert cells.codes.tolist() == [1, 0, 1, 1]
    assert (cells.numeric, cells.ranges) == (True, False)


def test_a_number_of_many_values_is_read_as_ranges():
    values = np.append(np.random.default_rng(0).permutation(5_000) / 4, np.nan)
    cells = cells_of(values)
    assert cells.ranges
    assert len(cells) == MOST_CELLS + 1
    assert cells.codes[-1] == MOST_CELLS
    assert (cells.first[0], cells.last[MOST_CELLS - 1]) == ("0", "1249.75")
    order = np.argsort(values[:-1])
    assert (np.diff(cells.codes[:-1][order]) >= 0).all()


def test_only_the_commonest_texts_are_kept():
    texts = [f"id {i}" for i in range(MOST_CELLS + 500)] + ["common"] * 3
    cells = cells_of(np.array(texts, dtype=object))
    assert len(cells) == MOST_CELLS + 1
    assert cells.first[-1] == "any other"
    assert "common" in cells.first


@pytest.mark.parametrize(
    ("chosen", "phrase"),
    [
        ((0,), "is a"),
        ((1, 2, 3), "is b, c or d"),
        ((1, 2, 3, 4), "is not a"),
        ((0, 1, 2, 3), "is not e"),
    ],
)
def test_levels_in_words(chosen, phrase):
    cells = cells_of(np.array(list("abcde"), dtype=object))
    assert cells.describe(mask(cells, *chosen)) == phrase


def test_many_levels_in_words():
    cells = cells_of(np.array(list("abcdefghij"), dtype=object))
    assert cells.describe(mask(cells, 0, 2, 4, 6, 8)) == "is one of 5 values (a, c, e, ...)"


@pytest.mark.parametrize(
    ("chosen", "phrase"),
    [
        (range(10), "is at most 9"),
        (range(90, 100), "is at least 90"),
        (range(10, 20), "is 10 to 19"),
        ([*range(90, 101)], "is at least 90 or missing"),
        ([100], "is missing"),
        (range(100), "is not missing"),
    ],
)
def test_ranges_in_words(chosen, phrase):
    cells = cells_of(np.append(np.arange(100.0), np.nan))
    assert cells.describe(mask(cells, *chosen)) == phrase
