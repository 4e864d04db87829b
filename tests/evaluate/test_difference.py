"""Two versions of a table."""

from collections import Counter

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from plait.evaluate.difference import difference

ROW = st.tuples(st.sampled_from([0.0, 1.0, float("nan")]), st.sampled_from(["a", "b", None]))


def table(rows):
    return {
        "x": np.array([row[0] for row in rows], dtype=np.float64),
        "c": np.array([row[1] for row in rows], dtype=object),
    }


@given(st.lists(ROW, max_size=20), st.lists(ROW, max_size=20))
def test_rows_are_counted_as_a_counter_would(before, after):
    found = difference(table(before), table(after))
    old, new = (Counter((str(x), c) for x, c in rows) for rows in (before, after))
    assert found.added == (new - old).total()
    assert found.removed == (old - new).total()
    assert found.same == (old & new).total()


def test_columns_come_and_go():
    before = {"a": np.zeros(2), "b": np.zeros(2)}
    found = difference(before, {"b": np.array([0.0, -0.0]), "c": np.zeros(2)})
    assert (found.columns_added, found.columns_removed) == (("c",), ("a",))
    assert (found.added, found.removed, found.same) == (0, 0, 2)


def test_the_word_none_is_not_missing():
    missing = {"c": np.array([None], dtype=object)}
    assert difference(missing, {"c": np.array(["None"], dtype=object)}).added == 1


def test_a_number_is_not_the_text_of_it():
    number, text = np.array([1.0, 2.0]), np.array(["1.0", "2.0"], dtype=object)
    assert difference({"c": number}, {"c": text}).added == 2
