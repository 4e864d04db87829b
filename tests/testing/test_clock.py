"""Time under a test's control."""

from plait.core.trace import Trace
from plait.testing.clock import FakeClock


def test_both_clocks_move_by_advance_alone():
    clock = FakeClock(now=1000.0)
    assert (clock.now(), clock.monotonic()) == (1000.0, 0.0)
    clock.advance(2.5)
    assert (clock.now(), clock.monotonic()) == (1002.5, 2.5)


def test_it_serves_as_the_kernels_clock():
    clock = FakeClock(now=1000.0)
    trace = Trace(clock=clock)
    clock.advance(0.25)
    assert (trace.started, trace.elapsed()) == (1000.0, 0.25)
