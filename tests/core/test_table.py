"""Component tables: plait's own rows, and those of plug-ins."""

import sys
from importlib.metadata import EntryPoint
from types import ModuleType

import pytest

from plait.core import table as module
from plait.core.cancel import Cancel
from plait.core.errors import EngineError, UnknownName
from plait.core.table import API, Table

ROWS = {"cancel": "plait.core.cancel:Cancel", "api": "plait.core.table:API"}


@pytest.fixture
def plug_in(monkeypatch):
    """Install plug-ins for the length of a test: (name, "module:attribute") rows."""

    def install(*rows, **attributes):
        other = ModuleType("other")
        vars(other).update(attributes)
        monkeypatch.setitem(sys.modules, "other", other)
        points = {"plait.engines": [EntryPoint(*row, "plait.engines") for row in rows]}
        monkeypatch.setattr(module, "entry_points", lambda group: points.get(group, []))
        return Table("engines", ROWS)

    return install


class Fine:
    api = API


class Outer:
    inner = Fine


class Old:
    api = API - 1


def test_a_component_is_imported_and_kept():
    table = Table("engines", ROWS)
    assert table.names() == table.names() == ["cancel", "api"]
    assert table.load("cancel") is Cancel
    assert table.load("cancel") is Cancel
    assert table.load("api") == API


def test_a_row_is_imported_only_when_it_is_asked_for():
    table = Table("engines", {**ROWS, "broken": "plait.core.nowhere:Nothing"})
    assert table.load("cancel") is Cancel
    with pytest.raises(ModuleNotFoundError):  # a fault of ours, not of a plug-in
        table.load("broken")


def test_an_unknown_name_gets_the_nearest_of_all(plug_in):
    table = plug_in(("tensor", "other:Fine"), Fine=Fine)
    with pytest.raises(UnknownName) as caught:
        table.load("tensro")
    assert caught.value.code == "unknown_component"
    assert str(caught.value) == "no component of engines named 'tensro' (did you mean 'tensor'?)"


def test_a_plug_in_adds_a_row(plug_in):
    table = plug_in(("fine", "other:Fine"), ("deep", "other:Outer.inner"), Fine=Fine, Outer=Outer)
    assert table.names() == ["cancel", "api", "fine", "deep"]
    assert table.load("fine") is Fine
    assert table.load("deep") is Fine


def test_a_plug_in_of_another_kind_adds_none(plug_in):
    plug_in(("fine", "other:Fine"), Fine=Fine)
    assert Table("guards", {}).names() == []


def test_a_plug_in_may_not_replace_a_row_of_ours(plug_in):
    assert plug_in(("cancel", "other:Fine"), Fine=Fine).load("cancel") is Cancel


@pytest.mark.parametrize("kind", [Old, object])
def test_a_plug_in_for_another_api_is_refused(plug_in, kind):
    table = plug_in(("old", "other:Old"), Old=kind)
    with pytest.raises(EngineError) as caught:
        table.load("old")
    assert caught.value.code == "component_api"
    assert caught.value.where == "plait.engines 'old'"
    assert caught.value.message == "plug-in other:Old is not written for api 1"


@pytest.mark.parametrize("value", ["other:Missing", "nowhere.at.all:Thing", "plaits.thing:Thing"])
def test_a_plug_in_that_cannot_be_imported_is_named(plug_in, value):
    table = plug_in(("broken", value))
    with pytest.raises(EngineError) as caught:
        table.load("broken")
    assert caught.value.code == "component_broken"
    assert caught.value.message.startswith(f"plug-in {value} cannot be imported: ")
    assert caught.value.hint == "upgrade the plug-in, or uninstall it"


@pytest.mark.parametrize(
    ("name", "text"), [("torn", "def ("), ("angry", "raise RuntimeError('no')")]
)
def test_a_plug_in_that_raises_as_it_is_imported_is_named(
    plug_in, tmp_path, monkeypatch, name, text
):
    (tmp_path / f"{name}.py").write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(EngineError, match=f"plug-in {name}:Thing cannot be imported") as caught:
        plug_in(("broken", f"{name}:Thing")).load("broken")
    assert caught.value.code == "component_broken"
