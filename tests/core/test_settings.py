"""Settings: whatever is wrong is told with its file, its line and the way out."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plait.core.contract import Contract, Cost, FeatureNote, SqlSource
from plait.core.errors import InvalidSettings
from plait.core.privacy import Privacy
from plait.core.settings import Node, parse


def nodes(value, path="", line=1):
    """Return plain values as nodes; the n-th entry of anything stands n lines further down."""
    if isinstance(value, dict):
        content = {
            name: nodes(each, f"{path}.{name}" if path else name, line + index)
            for index, (name, each) in enumerate(value.items())
        }
        return Node(content, "plait.yaml", line, path)
    if isinstance(value, list):
        items = [nodes(each, f"{path}[{i}]", line + i) for i, each in enumerate(value)]
        return Node(items, "plait.yaml", line, path)
    return Node(value, "plait.yaml", line, path)


def error_of(kind, value):
    with pytest.raises(InvalidSettings) as caught:
        parse(kind, nodes(value))
    return caught.value


@dataclass(frozen=True)
class Inner:
    low: int = 0
    high: int = 9

    def __post_init__(self):
        if self.low > self.high:
            raise ValueError(f"low {self.low} is above high {self.high}")


@dataclass(frozen=True)
class Options:
    name: str
    count: int = 1
    share: float = 0.5
    quick: bool = False
    mode: Literal["fast", "slow"] = "fast"
    level: Literal[1, 2, "all"] = 1
    inner: Inner = field(default_factory=Inner)
    maybe: int | None = None
    tags: tuple[str, ...] = ()
    notes: Mapping[str, Inner] = field(default_factory=dict)
    weights: dict[str, float] = field(default_factory=dict)
    source: str | Inner = "here"
    several: str | tuple[str, ...] = ()
    privacy: Privacy = Privacy.INTERNAL


def test_defaults_stand_where_nothing_is_written():
    assert parse(Options, nodes({"name": "x"})) == Options("x")


def test_everything_that_is_written_is_taken():
    written = {
        "name": "x",
        "count": 3,
        "share": 0.25,
        "quick": True,
        "mode": "slow",
        "level": "all",
        "inner": {"low": 1},
        "maybe": 4,
        "tags": ["a", "b"],
        "notes": {"n": {"high": 5}},
        "weights": {"w": 2},
        "source": {"low": 2},
        "several": ["a"],
        "privacy": "secret",
    }
    assert parse(Options, nodes(written)) == Options(
        name="x",
        count=3,
        share=0.25,
        quick=True,
        mode="slow",
        level="all",
        inner=Inner(1),
        maybe=4,
        tags=("a", "b"),
        notes={"n": Inner(0, 5)},
        weights={"w": 2.0},
        source=Inner(2),
        several=("a",),
        privacy=Privacy.SECRET,
    )


@pytest.mark.parametrize("name", ["inner", "maybe", "tags", "notes", "weights"])
def test_a_key_with_nothing_behind_it_is_as_good_as_none(name):
    assert parse(Options, nodes({"name": "x", name: None})) == Options("x")


def test_an_empty_file_lacks_what_is_required():
    error = error_of(Options, None)
    assert error.code == "settings_missing_key"
    assert str(error) == "plait.yaml:1: the project lacks 'name' (add a line `name: ...`)"


@pytest.mark.parametrize(("value", "text"), [(1, "1"), (1.5, "1.5"), ("1", "1"), ("", "")])
def test_a_number_where_text_belongs_is_its_text(value, text):
    assert parse(Options, nodes({"name": value})).name == text


def test_a_whole_number_where_a_number_belongs_is_one():
    share = parse(Options, nodes({"name": "x", "share": 1})).share
    assert (share, type(share)) == (1.0, float)


def test_a_plain_list_of_names_is_a_mapping_without_notes():
    assert parse(Options, nodes({"name": "x", "notes": ["a", 2]})).notes == {
        "a": Inner(),
        "2": Inner(),
    }


@pytest.mark.parametrize(
    ("key", "value", "found", "hint"),
    [
        ("name", True, "True", "write text, in quotes"),
        ("name", None, "None", "write text, in quotes"),
        ("name", ["x"], "['x']", "write text, in quotes"),
        ("count", True, "True", "write a whole number"),
        ("count", 1.0, "1.0", "write a whole number"),
        ("count", "1", "'1'", "write a whole number"),
        ("count", None, "None", "write a whole number"),
        ("share", True, "True", "write a number"),
        ("share", "half", "'half'", "write a number"),
        ("quick", 1, "1", "write true or false"),
        ("quick", "yes", "'yes'", "write true or false"),
        ("inner", 3, "3", "write a mapping of keys"),
        ("inner", ["low"], "['low']", "write a mapping of keys"),
        ("maybe", "1", "'1'", "write a whole number"),
        ("tags", "a", "'a'", "write a list"),
        ("tags", {"a": 1}, "{'a': 1}", "write a list"),
        ("notes", "a", "'a'", "write a mapping of names"),
        ("source", ["a"], "['a']", "write text, in quotes"),
        ("several", {"a": 1}, "{'a': 1}", "write text, in quotes"),
    ],
)
def test_a_value_of_a_wrong_type_is_shown_with_its_place(key, value, found, hint):
    error = error_of(Options, {"name": "x", key: value})
    assert error.code == "settings_wrong_type"
    assert error.where == f"plait.yaml:{1 if key == 'name' else 2}"
    assert (error.message, error.hint) == (f"{key} is {found}", hint)


@pytest.mark.parametrize(
    ("written", "path"),
    [
        ({"tags": ["a", True]}, "tags[1]"),
        ({"notes": [{"a": 1}]}, "notes[0]"),
        ({"notes": [None]}, "notes[0]"),
        ({"notes": {"n": {"low": "1"}}}, "notes.n.low"),
        ({"weights": {"w": "1"}}, "weights.w"),
        ({"weights": ["w"]}, "weights.w"),
        ({"source": {"low": None}}, "source.low"),
    ],
)
def test_a_mistake_far_inside_is_named_by_its_path(written, path):
    error = error_of(Options, {"name": "x", **written})
    assert error.code == "settings_wrong_type"
    assert error.message.startswith(f"{path} is ")


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, 10**400], ids=str)
def test_a_number_is_finite(value):
    error = error_of(Options, {"name": "x", "share": value})
    assert (error.code, error.hint) == ("settings_wrong_value", "write a finite number")


@pytest.mark.parametrize(
    ("key", "value", "hint"),
    [
        ("mode", "fats", "did you mean 'fast'?"),
        ("mode", "turbo", "one of fast, slow"),
        ("mode", None, "one of fast, slow"),
        ("mode", ["fast"], "did you mean 'fast'?"),
        ("level", True, "one of 1, 2, all"),
        ("level", 1.0, "one of 1, 2, all"),
        ("privacy", "personel", "did you mean 'personal'?"),
        ("privacy", 2, "one of public, internal, personal, secret"),
    ],
)
def test_a_word_is_one_of_those_allowed(key, value, hint):
    error = error_of(Options, {"name": "x", key: value})
    assert error.code == "settings_wrong_value"
    assert error.where == "plait.yaml:2"
    assert (error.message, error.hint) == (f"{key} is {value!r}", hint)


def test_an_unknown_key_is_told_with_its_line_and_the_nearest():
    error = error_of(Options, {"name": "x", "inner": {"low": 1, "hihg": 2}})
    assert error.code == "settings_unknown_key"
    assert str(error) == "plait.yaml:3: unknown key 'hihg' in inner (did you mean 'high'?)"


def test_an_unknown_key_that_is_near_to_none_lists_the_known():
    error = error_of(Inner, {"zzz": 1})
    assert str(error) == "plait.yaml:1: unknown key 'zzz' (known: high, low)"


def test_a_missing_key_is_told_with_what_lacks_it():
    error = error_of(Contract, {"task": "tabular", "data": {"sql": "q.sql"}, "target": "y"})
    assert error.code == "settings_missing_key"
    assert str(error) == "plait.yaml:2: data lacks 'url_env' (add a line `url_env: ...`)"


def test_what_a_dataclass_refuses_is_an_error_of_its_place():
    error = error_of(Options, {"name": "x", "inner": {"low": 10}})
    assert error.code == "settings_wrong_value"
    assert str(error) == "plait.yaml:2: low 10 is above high 9"


def test_a_long_value_is_shown_short():
    error = error_of(Options, {"name": "x", "count": "9" * 1000})
    assert len(str(error)) < 120


def test_a_place_without_lines_is_its_origin():
    flag = Node("many", "--count", path="count")
    with pytest.raises(InvalidSettings, match=r"^--count: count is 'many'"):
        parse(
            Options, Node({"name": Node("x", "environment PLAIT_NAME"), "count": flag}, "project")
        )


def test_a_whole_file_of_the_wrong_shape_is_called_the_file():
    assert error_of(Options, [1]).message == "the file is [1]"


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        max_leaves=10,
    )
)
def test_plain_gives_back_what_the_file_holds(value):
    assert nodes(value).plain() == value


NAMES = st.sampled_from([*Options.__dataclass_fields__, "low", "high", "other"])
TREES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | NAMES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(NAMES, TREES, max_size=4))
def test_whatever_a_file_holds_is_options_or_one_clear_error(value):
    try:
        found = parse(Options, nodes({"name": "x", **value}))
    except InvalidSettings as error:
        found = error
    if isinstance(found, InvalidSettings):
        assert found.where.startswith("plait.yaml:")
        assert "\n" not in found.message
        assert len(str(found)) < 300
    else:
        assert isinstance(found, Options)
        assert math.isfinite(found.share)


def test_a_contract_is_read_as_people_write_it():
    contract = parse(
        Contract,
        nodes(
            {
                "task": "tabular",
                "data": {"sql": "query.sql", "url_env": "WAREHOUSE_URL"},
                "target": "approve",
                "positive": 1,
                "metric": "roc_auc",
                "objective": {"cost": {"false_positive": 5, "false_negative": 1}},
                "features": {"obrat": {"label": "debt-to-income ratio", "unit": "percent"}},
                "exclude": ["action", "reject"],
                "limits": {"latency_ms": 5, "size_mb": 50},
                "privacy": "personal",
            }
        ),
    )
    assert contract.data == SqlSource(sql="query.sql", url_env="WAREHOUSE_URL")
    assert contract.positive == "1"
    assert contract.objective.cost == Cost(false_positive=5.0, false_negative=1.0)
    assert contract.features == {"obrat": FeatureNote(label="debt-to-income ratio", unit="percent")}
    assert contract.exclude == ("action", "reject")
    assert contract.limits.latency_ms == 5.0
    assert contract.privacy is Privacy.PERSONAL
