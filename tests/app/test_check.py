"""What plait.yaml may not say though its types allow it."""

import pytest

from plait.app.check import find_node
from plait.app.settings import load_project
from plait.app.yaml_node import read_yaml
from plait.core.errors import InvalidSettings, UnknownName

CONTRACT = "project: p\ncontracts:\n  NAME: {task: tabular, data: d.csv, target: t}\n"


def load(folder, text):
    (folder / "plait.yaml").write_text(text)
    return load_project(folder)


@pytest.mark.parametrize("name", ["c", "loan-approval", "v1.2", "été", "c_1"])
def test_names_that_stand_in_an_address(tmp_path, name):
    assert name in load(tmp_path, CONTRACT.replace("NAME", name)).settings.contracts


@pytest.mark.parametrize("name", ["../c", "a b", "-c", ".c", "a/b", "''", "a?b", "'a#b'"])
def test_names_that_do_not(tmp_path, name):
    with pytest.raises(InvalidSettings, match="cannot name a contract") as caught:
        load(tmp_path, CONTRACT.replace("NAME", name))
    assert caught.value.where == "plait.yaml:3"


@pytest.mark.parametrize(
    "more",
    [
        "limits: {latency_ms: 0}",
        "limits: {size_mb: -1.5}",
        "objective: {cost: {false_positive: 0}}",
        "task: speech",
    ],
)
def test_values_that_make_no_sense(tmp_path, more):
    text = CONTRACT.replace("NAME", "c").replace("task: tabular", more)
    text = text if "task" in more else text.replace("data:", "task: tabular, data:")
    with pytest.raises(InvalidSettings) as caught:
        load(tmp_path, text)
    assert (caught.value.code, caught.value.where) == ("settings_wrong_value", "plait.yaml:3")


@pytest.mark.parametrize(
    ("more", "code"),
    [("metric: rocauc", "unknown_metric"), ("candidates: [linear, tree]", "unknown_component")],
)
def test_names_that_nothing_bears(tmp_path, more, code):
    text = CONTRACT.replace("NAME", "c").replace("data:", f"{more}, data:")
    with pytest.raises(UnknownName) as caught:
        load(tmp_path, text)
    assert (caught.value.code, caught.value.where) == (code, "plait.yaml:3")


def test_a_node_is_found_by_its_names(tmp_path):
    (tmp_path / "a.yaml").write_text("a: {b: 1}\n")
    tree = read_yaml(tmp_path / "a.yaml")
    assert find_node(tree, "a", "b").content == 1
    assert find_node(tree, "a", "c") is None
    assert find_node(tree, "a", "b", "c") is None
    assert find_node(tree) is tree


TEXTS = """\
project: p
contracts:
  c: {task: text, data: d.csv, target: t, MORE}
"""


@pytest.mark.parametrize(
    "more",
    [
        "text: said",
        "out_of_scope: {level: oos, max_loss: 0.1}",
        "out_of_scope: null",
        "candidates: [majority, tfidf_linear, minilm_linear, minilm_neighbours]",
    ],
)
def test_what_a_contract_of_texts_may_say(tmp_path, more):
    assert "c" in load(tmp_path, TEXTS.replace("MORE", more)).settings.contracts


@pytest.mark.parametrize(
    "more",
    [
        "features: [said]",
        "out_of_scope: {max_loss: 0}",
        "out_of_scope: {max_loss: 1}",
        "out_of_scope: {max_loss: -0.5}",
    ],
)
def test_what_it_may_not(tmp_path, more):
    with pytest.raises(InvalidSettings) as caught:
        load(tmp_path, TEXTS.replace("MORE", more))
    assert (caught.value.code, caught.value.where) == ("settings_wrong_value", "plait.yaml:3")


def test_candidates_are_those_of_the_task(tmp_path):
    with pytest.raises(UnknownName, match="lightgbm"):
        load(tmp_path, TEXTS.replace("MORE", "candidates: [lightgbm]"))


@pytest.mark.parametrize("more", ["text: said", "out_of_scope: {level: oos}"])
def test_rows_have_no_keys_of_texts(tmp_path, more):
    text = TEXTS.replace("task: text", "task: tabular").replace("MORE", more)
    with pytest.raises(InvalidSettings, match="task: text"):
        load(tmp_path, text)
