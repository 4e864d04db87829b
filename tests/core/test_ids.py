"""Ids: sorted by time, or by content and nothing else."""

import json
import math
import os
import re
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plait.core import ids
from plait.core.ids import canonical, content_id, new_id, sha256

FLOATS = st.floats(allow_nan=False, allow_infinity=False)
SCALARS = st.none() | st.booleans() | st.integers() | FLOATS | st.text()
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=20
)


def reordered(value):
    """Return the value with the keys of every mapping in the opposite order."""
    if isinstance(value, dict):
        return {key: reordered(value[key]) for key in reversed(value)}
    return [reordered(each) for each in value] if isinstance(value, list) else value


def test_new_ids_have_one_form_and_never_repeat():
    made = [new_id("req") for _ in range(1000)]
    assert all(re.fullmatch(r"req_[0-9a-f]{32}", each) for each in made)
    assert len(set(made)) == 1000


@given(times=st.lists(st.integers(0, 2**48 - 1), min_size=2, max_size=2, unique=True))
def test_new_ids_sort_by_time(times):
    early, late = sorted(times)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ids.time, "time_ns", lambda: early * 1_000_000)
        first = new_id("req")
        patch.setattr(ids.time, "time_ns", lambda: late * 1_000_000)
        assert first < new_id("req")


FORK = """
import os
from plait.core.ids import new_id

child = os.fork()
os.write(1, new_id("x")[-20:].encode() + b" ")
if child:
    os.wait()
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="Windows does not fork")
def test_a_forked_process_does_not_repeat_its_parents_ids():
    told = subprocess.run([sys.executable, "-c", FORK], capture_output=True, check=True).stdout
    parent, child = told.split()
    assert parent != child


@given(VALUES)
def test_canonical_text_says_the_value_and_no_order(value):
    assert json.loads(canonical(value)) == value
    assert canonical(reordered(value)) == canonical(value)
    assert content_id("x", reordered(value)) == content_id("x", value)


def test_canonical_text_is_this():
    value = {"b": [1, 1.0, True, None], "a": "größer"}
    assert canonical(value) == '{"a":"größer","b":[1,1.0,true,null]}'.encode()


@pytest.mark.parametrize("value", [math.nan, math.inf, {"a": [-math.inf]}, "\ud800"])
def test_what_json_cannot_say_has_no_canonical_text(value):
    with pytest.raises(ValueError, match=r"JSON|encode"):
        canonical(value)


def test_content_ids_never_change():
    """Ids are stored and quoted: another id for the same content loses what is stored."""
    value = {"name": "loans", "levels": ["no", "yes"], "low": 0.1}
    assert content_id("ds", value) == "ds_2678dcac533d1869a10a6165218d51ef"


@pytest.mark.parametrize("other", [True, 1.0, "1", [1]])
def test_values_of_unlike_kinds_have_unlike_ids(other):
    assert content_id("x", {"a": other}) != content_id("x", {"a": 1})


def test_sha256_is_the_one_everybody_knows():
    assert sha256(b"abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
