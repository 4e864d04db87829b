"""YAML in and out: places, mistakes, and text that reads as what it was."""

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from plait.app.yaml_node import read_yaml, yaml_text
from plait.core.errors import InvalidSettings

SCALARS = st.none() | st.booleans() | st.integers() | st.text() | st.floats(allow_nan=False)


@given(SCALARS | st.lists(SCALARS, max_size=3))
def test_a_value_written_reads_as_itself(value):
    line = yaml_text(value)
    assert "\n" not in line
    assert yaml.safe_load(f"key: {line}") == {"key": value}
    assert yaml.safe_load(f"{{key: [{line}]}}") == {"key": [value]}


@pytest.mark.parametrize("word", ["yes", "no", "on", "null", "1", "1.0", "~", "is it: so?", "#5"])
def test_text_that_would_read_as_something_else_is_quoted(word):
    assert yaml_text(word) in (f"'{word}'", f'"{word}"')


def test_every_node_knows_its_line(tmp_path):
    file = tmp_path / "plait.yaml"
    file.write_text("a: 1\nb:\n  - x\n  - {c: 2024-01-01,\n     d: }\n")
    tree = read_yaml(file)
    assert tree.plain() == {"a": 1, "b": ["x", {"c": "2024-01-01", "d": None}]}
    inner = tree.content["b"].content[1].content
    assert [inner[name].where for name in "cd"] == ["plait.yaml:4", "plait.yaml:5"]
    assert inner["c"].path == "b[1].c"


@pytest.mark.parametrize(
    ("text", "code", "where"),
    [
        ("a: 1\n\tb: 2\n", "settings_syntax", "plait.yaml:2"),
        ("a: 1\na: 2\n", "settings_syntax", "plait.yaml:2"),
        ("a: [1\n", "settings_syntax", "plait.yaml:2"),
        ("a: &x [*x]\n", "settings_syntax", "plait.yaml"),
        ("a: " + "[" * 5_000, "settings_syntax", "plait.yaml"),
        ("a: \x07\n", "settings_syntax", "plait.yaml"),
    ],
)
def test_what_is_not_yaml_is_found(tmp_path, text, code, where):
    file = tmp_path / "plait.yaml"
    file.write_text(text)
    with pytest.raises(InvalidSettings) as caught:
        read_yaml(file)
    assert caught.value.code == code
    assert caught.value.where.startswith(where)
    assert caught.value.hint


def test_a_mark_of_encoding_is_no_content(tmp_path):
    file = tmp_path / "plait.yaml"
    file.write_text("a: 1\n", encoding="utf-8-sig")
    assert read_yaml(file).plain() == {"a": 1}


def test_a_folder_and_another_encoding_are_unreadable(tmp_path):
    (tmp_path / "latin.yaml").write_text("a: 1\nb: é\n", encoding="latin-1")
    with pytest.raises(InvalidSettings, match=r"latin.yaml:2: not UTF-8"):
        read_yaml(tmp_path / "latin.yaml")
    with pytest.raises(InvalidSettings, match="it cannot be read"):
        read_yaml(tmp_path)
    with pytest.raises(InvalidSettings, match=r"there is no none\.yaml"):
        read_yaml(tmp_path / "none.yaml")
