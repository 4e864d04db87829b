"""The machine's clocks."""

import time

from plait.core.clock import SYSTEM_CLOCK


def test_the_clock_tells_the_machines_time():
    assert abs(SYSTEM_CLOCK.now() - time.time()) < 5.0


def test_the_monotonic_clock_never_goes_back():
    moments = [SYSTEM_CLOCK.monotonic() for _ in range(1000)]
    assert moments == sorted(moments)
