"""A lock between processes, held by the kernel: a killed holder leaves nothing to clean up."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

POLL_SECONDS = 0.1


@contextmanager
def held(path: Path, *, waiting: Callable[[], None]) -> Iterator[None]:
    """Hold the lock of the file at `path`, which is made and stays, empty.

    Args:
        path: the file that stands for the lock.
        waiting: called every tenth of a second as long as somebody else holds it; it may raise.

    Raises:
        OSError: the file cannot be made, or the file system has no locks.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab") as handle:
        while not _take(handle.fileno()):
            waiting()
            time.sleep(POLL_SECONDS)
        yield  # closing the file lets go


def _take(descriptor: int) -> bool:
    """Try to take the lock; return whether it is ours."""
    try:
        if sys.platform == "win32":
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        else:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):  # the second is what Windows says
        return False
    return True
