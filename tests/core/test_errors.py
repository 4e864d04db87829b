"""The error tree: what an error says, what it may carry, and that it survives a journey."""

import copy
import pickle
import re
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import pytest

from plait.core import errors
from plait.core.context import Principal
from plait.core.errors import (
    InvalidRequest,
    NotAllowed,
    OriginError,
    PlaitError,
    StoreError,
    UnknownName,
    UserError,
    every_error,
    nearest_of,
    shown,
    suggestion,
)
from plait.core.table import Table


def test_the_tree_is_the_one_that_the_module_draws():
    drawn = {}
    branch = []
    for indent, name in re.findall(r"^( *)- (\w+)", errors.__doc__, re.MULTILINE):
        depth = len(indent) // 2
        branch[depth:] = [name]
        drawn[name] = branch[depth - 1] if depth else "Exception"
    kinds = [PlaitError, UserError, *every_error()]
    assert drawn == {kind.__name__: kind.__base__.__name__ for kind in kinds}


def test_every_error_is_listed_in_the_order_of_the_file():
    lines = [errors.__doc__.index(f"- {kind.__name__}") for kind in every_error()]
    assert lines == sorted(lines)


def test_transient_codes_are_declared_codes():
    for kind in every_error():
        assert kind.transient <= set(kind.codes), kind


def test_a_code_that_the_class_does_not_declare_is_a_mistake_of_ours():
    with pytest.raises(KeyError, match="InvalidRequest declares no code 'store_full'"):
        InvalidRequest("store_full", "what")
    with pytest.raises(KeyError):
        UserError("request_shape", "a class without codes is never raised itself")


@pytest.mark.parametrize(
    ("where", "hint", "text"),
    [
        ("", "", "what"),
        ("rows[0]", "", "rows[0]: what"),
        ("", "do this", "what (do this)"),
        ("rows[0]", "do this", "rows[0]: what (do this)"),
    ],
)
def test_an_error_says_where_what_and_the_way_out(where, hint, text):
    error = InvalidRequest("request_shape", "what", where=where, hint=hint)
    assert str(error) == text
    assert (error.code, error.message) == ("request_shape", "what")


def test_retryable_depends_on_the_code():
    assert StoreError("store_busy", "what").retryable
    assert not StoreError("store_full", "what").retryable
    assert OriginError("origin_unreachable", "what").retryable
    assert not OriginError("origin_changed", "what").retryable


@pytest.mark.parametrize(
    "travel", [copy.copy, copy.deepcopy, lambda e: pickle.loads(pickle.dumps(e))]
)
@pytest.mark.parametrize("kind", every_error())
def test_an_error_keeps_everything_on_a_journey(kind, travel):
    error = kind(list(kind.codes)[-1], "what", where="here", hint="do this")
    error.add_note("a note")
    again = travel(error)
    assert type(again) is kind
    assert vars(again) == vars(error)
    assert str(again) == str(error)


def test_errors_cross_the_border_of_a_process():
    table = Table("engines", {"linear": "plait.engines.linear:LinearPredictor"})
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        with pytest.raises(UnknownName) as unknown:
            pool.submit(table.load, "linaer").result()
        with pytest.raises(NotAllowed) as not_allowed:
            pool.submit(Principal(key="k").require, "train").result()
    assert unknown.value.nearest == "linear"
    assert unknown.value.hint == "did you mean 'linear'?"
    assert not_allowed.value.code == "key_scope"


def test_an_unknown_name_names_the_nearest():
    error = UnknownName.of(
        "unknown_contract", "contract", "smal", ["large", "small"], where="plait.yaml:3"
    )
    assert error.nearest == "small"
    assert str(error) == "plait.yaml:3: no contract named 'smal' (did you mean 'small'?)"


def test_an_unknown_name_lists_a_few_when_none_is_near():
    error = UnknownName.of(
        "unknown_contract", "contract", "zzz", [f"m{i}" for i in range(9, 0, -1)]
    )
    assert error.nearest is None
    assert error.hint == "known: m1, m2, m3, m4, m5, m6, m7, m8 ..."


def test_an_unknown_name_among_none_says_so():
    error = UnknownName.of("unknown_contract", "contract", "small", [])
    assert (error.nearest, error.hint) == (None, "there is no contract yet")


def test_nearest_and_suggestion_take_any_collection():
    known = {"target": 1, "metric": 2}
    assert nearest_of("tarjet", known) == "target"
    assert nearest_of("qqq", known) is None
    assert suggestion("metrics", known) == "did you mean 'metric'?"
    assert suggestion("qqq", known) == "known: metric, target"
    assert suggestion("qqq", ()) == ""


def nested(depth):
    value = []
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("short", "'short'"),
        (None, "None"),
        (float("inf"), "inf"),
        ({"b": 1, "a": [1, 2]}, "{'a': [1, 2], 'b': 1}"),
        (nested(100_000), "[[[...]]]"),
        (10**5000, "a very large number"),
    ],
    ids=["text", "null", "infinity", "mapping", "deep", "huge"],
)
def test_shown_is_what_a_message_shows(value, text):
    assert shown(value) == text


@pytest.mark.parametrize(
    "value",
    ["x" * 10_000, 10**1000, list(range(10_000)), {"k" * 99: "v" * 99}],
    ids=["text", "number", "list", "mapping"],
)
def test_shown_is_never_long(value):
    assert len(shown(value)) <= 60
    assert "..." in shown(value)
