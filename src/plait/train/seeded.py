"""Torch as every fit of a race has it: on one thread, its dice seeded, and left as it was."""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any, TypeAlias

from plait.core.extras import missing

Torch: TypeAlias = Any  # it is optional, so its types have no name here


@contextmanager
def torch_of(seed: int) -> Iterator[Torch]:
    """Give torch on one thread, as all fits of a race, its dice seeded, and leave it as it was.

    Raises:
        MissingExtra: torch is not installed.
    """
    try:
        torch = import_module("torch")
    except ImportError:
        raise missing("torch") from None
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            yield torch
    finally:
        torch.set_num_threads(threads)
