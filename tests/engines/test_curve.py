import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plait.engines.curve import Curve

KNOTS = ((-2.0, -1.0), (0.0, 0.5), (1.0, 3.0))
places = st.floats(-1e6, 1e6)


def test_it_goes_through_its_knots_and_on_with_a_slope_of_one():
    curve = Curve(KNOTS)
    assert [curve.at(place) for place, _ in KNOTS] == [height for _, height in KNOTS]
    assert [curve.at(place) for place in (-5.0, -1.0, 4.0)] == [-4.0, -0.25, 6.0]
    assert curve.slopes(np.array([-3.0, -1.0, 0.5, 2.0])).tolist() == [1.0, 0.75, 2.5, 1.0]


@given(places)
def test_without_knots_nothing_changes(place):
    assert Curve(()).at(place) == Curve(()).over(np.array([place]))[0] == place


@pytest.mark.parametrize("knots", [KNOTS, KNOTS[:1]])
@given(found=st.lists(places, min_size=2, max_size=9, unique=True))
def test_it_only_rises_and_an_array_gets_the_same(knots, found):
    curve = Curve(knots)
    ascending = sorted(found)
    heights = [curve.at(place) for place in ascending]
    assert heights == sorted(heights) == curve.over(np.array(ascending)).tolist()
