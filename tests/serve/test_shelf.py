"""Attributes as they are kept, and whose collections are whose."""

import pytest

from plait.core.context import Principal
from plait.core.errors import InvalidRequest, UnknownName
from plait.serve.body import Body
from plait.serve.shelf import Shelf, attribute, attributes


def test_attributes_are_kept_as_texts():
    said = {"a": "x", "b": 3, "c": 3.0, "d": 0.25, "e": True, "f": False, "g": -0.0}
    kept = {"a": "x", "b": "3", "c": "3", "d": "0.25", "e": "true", "f": "false", "g": "-0"}
    assert attributes(Body({"said": said}), "said") == kept
    assert attributes(Body({}), "said") == {}


@pytest.mark.parametrize("value", [None, [], {}, "x" * 513])
def test_what_is_no_attribute(value):
    with pytest.raises(InvalidRequest, match="512"):
        attribute(Body({"value": value}), "value")


def test_a_collection_is_its_tenants(app):
    shelf, mine, other = Shelf(app), Principal(tenant="mine"), Principal(tenant="other")
    name = shelf.create("a title", {"k": "v"}, mine)["id"]
    assert shelf.record(name, mine)["name"] == "a title"
    assert [each["id"] for each in shelf.records(mine)] == [name]
    assert shelf.records(other) == []
    for ask in (shelf.owned, shelf.record, shelf.remove, shelf.documents):
        with pytest.raises(UnknownName):
            ask(name, other)
    shelf.remove(name, mine)
    assert shelf.records(mine) == []
