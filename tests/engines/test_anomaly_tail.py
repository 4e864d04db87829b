"""The tail: ordered shares, an inverse, and no end."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plait.engines.anomaly_tail import Tail

TAIL = Tail((1.0, 2.0, 4.0), (1.0, 0.5, 0.05), 0.2, 1.5)


@given(st.floats(1e-12, 1.0))
def test_raw_is_the_inverse_of_share(share):
    assert TAIL.share([TAIL.raw(share)])[0] == pytest.approx(share, rel=1e-6)


@given(st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=9))
def test_stranger_is_never_more_usual(scores):
    shares = TAIL.share(sorted(scores))
    assert (np.diff(shares) <= 0).all()
    assert (shares > 0).all()


@pytest.mark.parametrize("shape", [0.0, 0.3])
@given(score=st.floats(-10, 1e3))
def test_one_at_a_time_is_as_all_together(shape, score):
    tail = Tail(TAIL.scores, TAIL.shares, shape, 1.5)
    assert tail.at(score) == pytest.approx(float(tail.share([score])[0]), rel=1e-9)


def test_a_record_is_read_back():
    assert Tail.read(TAIL.record()) == TAIL


@pytest.mark.parametrize(
    "parts",
    [
        ((), (), 0.0, 1.0),
        ((2.0, 1.0), (1.0, 0.5), 0.0, 1.0),
        ((1.0, 2.0), (0.5, 0.5), 0.0, 1.0),
        ((1.0,), (1.0, 0.5), 0.0, 1.0),
        ((1.0,), (1.5,), 0.0, 1.0),
        ((1.0,), (1.0,), -0.1, 1.0),
        ((1.0,), (1.0,), 0.0, 0.0),
    ],
)
def test_what_is_no_tail_is_refused(parts):
    with pytest.raises(ValueError, match="tail"):
        Tail(*parts)
