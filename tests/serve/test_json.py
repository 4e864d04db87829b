"""Bodies, read whole and within bounds."""

import pytest

from plait.core.errors import InvalidRequest
from plait.serve.json import parse_object, render


def test_an_object_comes_through():
    assert parse_object('{"a": [1, 2.5, null, "é"]}'.encode()) == {"a": [1, 2.5, None, "é"]}


@pytest.mark.parametrize("body", [b"[1]", b"1", b'"x"', b"null"])
def test_another_value_is_refused(body):
    with pytest.raises(InvalidRequest, match="not a JSON object") as caught:
        parse_object(body)
    assert caught.value.code == "request_shape"


def test_the_place_of_a_mistake_is_told():
    with pytest.raises(InvalidRequest, match="column 7") as caught:
        parse_object(b'{"a": NaN}')
    assert "null" in caught.value.hint


def test_what_is_rendered_reads_back():
    assert parse_object(render({"a": (1, 0.1, True, None)})) == {"a": [1, 0.1, True, None]}
