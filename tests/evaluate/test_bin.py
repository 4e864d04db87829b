import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from plait.evaluate.bin import equal_mass_bins

VALUES = hnp.arrays(np.float64, st.integers(1, 60), elements=st.sampled_from(np.linspace(-3, 3, 9)))


@given(values=VALUES, bins=st.integers(1, 12))
def test_bins_follow_the_values(values, bins):
    cell = equal_mass_bins(values, bins)
    for a, b in zip(values, values[::-1], strict=True):
        assert (a != b) or (cell[values == a] == cell[values == b][0]).all()
    order = np.argsort(values, kind="stable")
    assert (np.diff(cell[order]) >= 0).all()
    assert set(cell) == set(range(cell.max() + 1))
    assert cell.max() < bins


@pytest.mark.parametrize("bins", [2, 5, 10])
def test_distinct_values_give_equal_bins(bins):
    rows = np.bincount(equal_mass_bins(np.random.default_rng(0).permutation(100) / 7, bins))
    assert rows.tolist() == [100 // bins] * bins


def test_a_constant_gives_one_bin():
    assert set(equal_mass_bins(np.full(9, 2.5), 4)) == {0}
