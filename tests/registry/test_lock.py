"""One holder at a time, and none after its death."""

import subprocess
import sys

import pytest

from plait.registry.lock import held

HOLD = """
import sys, time
from pathlib import Path
from plait.registry.lock import held
with held(Path(sys.argv[1]), waiting=lambda: None):
    print("held", flush=True)
    time.sleep(60)
"""


class Enough(Exception):
    """Waited long enough for the test."""


def give_up():
    raise Enough


def test_a_second_holder_waits_and_the_kernel_frees_a_dead_ones_lock(tmp_path):
    path = tmp_path / "deep" / "row.lock"
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path)], stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(Enough), held(path, waiting=give_up):
            pass
        holder.kill()
        holder.wait()
    with held(path, waiting=give_up):
        pass


def test_the_lock_is_free_again_after_an_error(tmp_path):
    path = tmp_path / "row.lock"
    with pytest.raises(Enough), held(path, waiting=give_up):
        give_up()
    with held(path, waiting=give_up):
        pass
