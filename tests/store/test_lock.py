from pathlib import Path

import pytest

from plait.core.errors import StoreError
from plait.store.lock import ServeLock

HOLDER = """
import sys, time
from pathlib import Path
from plait.store.lock import ServeLock
lock = ServeLock(Path(sys.argv[1]))
print("held", flush=True)
time.sleep(60)
"""


def test_a_second_server_is_told_who_holds_the_store(tmp_path: Path, start):
    process = start(HOLDER, tmp_path)
    assert process.stdout.readline() == "held\n"
    with pytest.raises(StoreError, match=f"process {process.pid} ") as caught:
        ServeLock(tmp_path)
    assert caught.value.code == "store_in_use"
    process.kill()
    process.wait()
    ServeLock(tmp_path).close()  # the lock died with the process


def test_the_lock_is_given_back(tmp_path: Path):
    with ServeLock(tmp_path), pytest.raises(StoreError):
        ServeLock(tmp_path)
    with ServeLock(tmp_path):
        pass
