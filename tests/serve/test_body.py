"""Objects of requests, read key by key."""

import pytest

from plait.core.errors import InvalidRequest
from plait.serve.body import Body

SENT = {"text": "a", "flag": True, "whole": 3, "number": 1.5, "object": {"a": {}}, "list": [{}, {}],
    "texts": ["a", "b"], "null": None, "blank": " "}  # fmt: skip


def test_what_fits_is_returned():
    body = Body(SENT)
    assert (body.text("text"), body.text("blank", "x"), body.text("none", "x")) == ("a", " ", "x")
    assert (body.flag("flag"), body.flag("null"), body.flag("none")) == (True, False, False)
    assert (body.whole("whole", 3, 3), body.whole("null")) == (3, None)
    assert (body.number("number", 1, 2), body.number("whole", 0, 3), body.number("none", 0, 1)) == (
        1.5,
        3.0,
        None,
    )
    assert body.texts("texts", 2) == ("a", "b")
    assert body.texts("text", 1) == ("a",)
    assert body.texts("null", 1) == ()


def test_a_place_within_is_named():
    body = Body(SENT)
    assert body.object("object").object("a").at("b") == "object.a.b"
    assert [each.place for each in body.objects("list")] == ["list[0]", "list[1]"]
    assert body.object("null") is None
    assert body.objects("null") == []


ODD: tuple[object, ...] = ("", 0.5, [1], {"a": 1})
UNFIT = [(read, value) for read in ("text", "flag", "whole", "objects") for value in ODD]


@pytest.mark.parametrize(("read", "value"), [*UNFIT, *(("object", value) for value in ODD[:3])])
def test_what_does_not_fit_is_named(read, value):
    with pytest.raises(InvalidRequest) as caught:
        getattr(Body({"key": value}, "at"), read)("key")
    assert caught.value.where.startswith("at.key")


def test_only_what_is_done_may_be_asked_for():
    Body({"a": 1, "b": 2, "c": 0, "d": None}).only({"a"}, ("b",), {"c": (0,), "d": ()})
    for sent, code in (
        ({"c": 1}, "request_unsupported"),
        ({"d": []}, "request_unsupported"),
        ({"e": None}, "request_shape"),
    ):
        with pytest.raises(InvalidRequest) as caught:
            Body(sent).only({"a"}, ("b",), {"c": (0,), "d": ()})
        assert caught.value.code == code


def test_a_body_is_given_back_as_it_came():
    assert Body(SENT).json() is SENT
