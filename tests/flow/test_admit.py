"""Who may be answered, and how much at once."""

import pytest

from plait.core.context import Context, Principal
from plait.core.errors import InvalidRequest, NotAllowed
from plait.core.exchange import Exchange
from plait.core.request import ForecastRequest, PredictRequest
from plait.flow.admit import MAX_ROWS, MAX_STEPS, admit
from plait.flow.handle import inline


def exchange(count):
    return Exchange(request=PredictRequest(contract="loan", rows=({},) * count))


@pytest.mark.parametrize("scope", ["predict", "admin"])
@pytest.mark.parametrize("count", [1, MAX_ROWS])
def test_what_is_admitted_goes_on_unchanged(scope, count):
    context = Context(principal=Principal(scopes=frozenset({scope})))
    assert inline(admit(asked := exchange(count), context)) is asked


def test_a_key_that_may_not_predict():
    context = Context(principal=Principal(scopes=frozenset({"read"})))
    with pytest.raises(NotAllowed) as caught:
        inline(admit(exchange(1), context))
    assert caught.value.code == "key_scope"


@pytest.mark.parametrize(
    ("count", "code"), [(0, "request_shape"), (MAX_ROWS + 1, "request_too_large")]
)
def test_too_few_or_too_many_rows(count, code):
    with pytest.raises(InvalidRequest) as caught:
        inline(admit(exchange(count), Context()))
    assert (caught.value.code, caught.value.where) == (code, "rows")


@pytest.mark.parametrize("steps", [0, MAX_STEPS, MAX_STEPS + 1])
def test_a_history_may_not_be_too_long(steps):
    request = ForecastRequest(contract="load", history=[1.0] * steps)
    context = Context(principal=Principal(scopes=frozenset({"predict"})))
    if steps <= MAX_STEPS:  # that it is empty is for whoever reads it to say
        assert inline(admit(Exchange(request=request), context)).request is request
        return
    with pytest.raises(InvalidRequest) as raised:
        inline(admit(Exchange(request=request), context))
    assert raised.value.code == "request_too_large"
