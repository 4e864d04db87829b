"""Identifiers: time-ordered ones for what happens, content hashes for what is made."""

import hashlib
import json
import os
import time
from collections.abc import Mapping, Sequence
from random import Random
from typing import TypeAlias

Json: TypeAlias = "bool | int | float | str | Sequence[Json] | Mapping[str, Json] | None"


_chance = Random()  # asking the kernel each time would cost more than a model's answer
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_chance.seed)


def new_id(prefix: str) -> str:
    """Return a fresh id such as `req_019aad1c6b1f3c5d0f4b8a97e2d1c6b3`.

    After the prefix 128 bits in hex: 48 of milliseconds since 1970, then 80 random ones, so that
    ids sort by time.
    """
    milliseconds = time.time_ns() // 1_000_000
    return f"{prefix}_{milliseconds:012x}{_chance.getrandbits(80):020x}"


def canonical(value: Json) -> bytes:
    """Return the one UTF-8 JSON text of `value`: sorted keys, no spaces, shortest floats.

    Raises:
        ValueError: `value` holds NaN or an infinity, which JSON cannot say.
    """
    return json.dumps(
        value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    ).encode()


def content_id(prefix: str, value: Json) -> str:
    """Return `prefix_` and the first 128 bits of the SHA-256 of `canonical(value)`, in hex."""
    return f"{prefix}_{hashlib.sha256(canonical(value)).hexdigest()[:32]}"


def sha256(data: bytes) -> str:
    """Return the SHA-256 of `data`, in hex."""
    return hashlib.sha256(data).hexdigest()
