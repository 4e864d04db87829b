"""A project's settings: what stands above what, and where each value comes from."""

import os
from pathlib import Path

import pytest

from plait.app.settings import cache_folder, child_environment, environment, load_project
from plait.core.errors import InvalidData, InvalidSettings, UnknownName
from plait.registry.pull import platform_cache

TEXT = """\
project: p
port: 80
contracts:
  c:
    task: tabular
    data: d.csv
    target: t
    features: [a, b]
"""


@pytest.fixture
def place(tmp_path):
    (tmp_path / "plait.yaml").write_text(TEXT)
    return tmp_path


def test_flag_stands_above_environment_above_file(place, monkeypatch):
    assert load_project(place).settings.port == 80
    monkeypatch.setenv("PLAIT_PORT", "81")
    assert load_project(place).settings.port == 81
    assert load_project(place, {"port": 82}).settings.port == 82


def test_the_store_lies_where_the_environment_says(place, monkeypatch):
    assert load_project(place).store == place / ".plait"
    monkeypatch.setenv("PLAIT_STORE", "elsewhere")
    assert load_project(place).store == place / "elsewhere"
    monkeypatch.setenv("PLAIT_STORE", str(place.parent))
    assert load_project(place).store == place.parent


def test_every_value_in_force_has_an_origin(place, monkeypatch):
    monkeypatch.setenv("PLAIT_HOST", "::1")
    found = {each.names: (each.value, each.origin) for each in load_project(place).effective()}
    assert found["project",] == ("p", "plait.yaml:1")
    assert found["host",] == ("::1", "environment PLAIT_HOST")
    assert found["store",] == (".plait", "default")
    assert found["contracts", "c", "features"] == (["a", "b"], "plait.yaml:8")
    assert found["contracts", "c", "privacy"] == ("internal", "default")
    assert ("contracts", "c", "metric") not in found
    assert ("budget", "deadline_ms") not in found


def test_a_contract_is_found_by_name(place):
    project = load_project(place)
    assert project.contract("c").target == "t"
    with pytest.raises(UnknownName, match="known: c"):
        project.contract("loan")


def test_an_error_about_a_key_gets_its_line(place):
    project = load_project(place)
    with pytest.raises(InvalidSettings) as caught, project.placing("contracts", "c"):
        raise InvalidSettings("settings_wrong_value", "no", where="features")
    assert caught.value.where == "plait.yaml:8"
    with pytest.raises(InvalidData) as caught, project.placing("contracts", "c"):
        raise InvalidData("data_missing", "no", where="d.csv:3")
    assert caught.value.where == "d.csv:3"


@pytest.mark.parametrize(
    ("key", "line"),
    [("features.a.b.expr", 11), ("features.a.expr", 10), ("features.a.c.expr", 0), ("", 0)],
)
def test_a_key_may_have_dots_in_it(place, key, line):
    made = "features:\n      a: {expr: x}\n      a.b: {expr: y}\n"
    text = TEXT.replace("features: [a, b]\n", "exclude: []\n    " + made)
    (place / "plait.yaml").write_text(text)
    project = load_project(place)
    with pytest.raises(InvalidSettings) as caught, project.placing("contracts", "c"):
        raise InvalidSettings("settings_wrong_value", "no", where=key)
    assert caught.value.where == (f"plait.yaml:{line}" if line else key)


def test_a_project_of_a_newer_plait_is_refused(place):
    (place / "plait.yaml").write_text("format: 2\nnew_key: {}\n" + TEXT)
    with pytest.raises(InvalidSettings) as caught:
        load_project(place)
    assert (caught.value.code, caught.value.where) == ("settings_newer", "plait.yaml:1")


def test_a_secret_comes_from_the_environment_or_the_file_beside(tmp_path, monkeypatch):
    assert environment(tmp_path, "PLAIT_TEST_SECRET") is None
    lines = ["# note", "export PLAIT_TEST_SECRET = 'a=b' ", "OTHER=1", "=", "no equals"]
    (tmp_path / ".env").write_text("\n".join(lines))
    assert environment(tmp_path, "PLAIT_TEST_SECRET") == "a=b"
    assert environment(tmp_path, "PLAIT_TEST_NONE") is None
    monkeypatch.setenv("PLAIT_TEST_SECRET", "first")
    assert environment(tmp_path, "PLAIT_TEST_SECRET") == "first"


def test_the_cache_lies_where_the_environment_says(monkeypatch):
    monkeypatch.delenv("PLAIT_CACHE", raising=False)
    assert cache_folder() == platform_cache()
    monkeypatch.setenv("PLAIT_CACHE", "/carried")
    assert cache_folder() == Path("/carried")


def test_a_child_has_our_environment_and_one_thread(monkeypatch):
    monkeypatch.setenv("PLAIT_TEST", "1")
    monkeypatch.setenv("OMP_NUM_THREADS", "8")
    found = child_environment()
    assert (found["PLAIT_TEST"], found["OMP_NUM_THREADS"]) == ("1", "1")
    assert set(os.environ) <= set(found)
