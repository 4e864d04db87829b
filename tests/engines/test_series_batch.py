"""Series of unequal length stand side by side and stay what they are."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from plait.engines.series_batch import batch_of, cut

NAN = np.nan
histories = st.lists(
    st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=12), min_size=1, max_size=5
)


def rows(batch):
    """Return the series as lists."""
    return [
        row[batch.width - length :].tolist()
        for row, length in zip(batch.values, batch.lengths, strict=True)
    ]


@given(histories)
def test_what_is_put_in_comes_out(given_):
    batch = batch_of(given_)
    assert rows(batch) == given_
    assert rows(batch.take(np.arange(len(given_))[::-1])) == given_[::-1]
    assert rows(batch.last(3)) == [each[-3:] for each in given_]


@given(histories, st.integers(0, 14))
def test_a_cut_goes_back_in_time(given_, steps):
    expected = [each[: len(each) - steps] for each in given_ if len(each) > steps]
    assert rows(cut(batch_of(given_), steps)) == expected


def test_gaps_are_filled_from_their_neighbours():
    batch = batch_of([[NAN, 1.0, NAN, 3.0, NAN], [5.0]])
    assert rows(batch) == [[1.0, 2.0, 3.0, 3.0], [5.0]]


@given(histories, st.integers(1, 4))
def test_differences_are_those_of_each_series(given_, season):
    batch = batch_of(given_)
    for found, each in zip(batch.differences(season), given_, strict=True):
        values = np.array(each)
        changes = np.abs(values[season:] - values[:-season])
        np.testing.assert_allclose(found, changes.mean() if len(changes) else 0.0, rtol=1e-9)
