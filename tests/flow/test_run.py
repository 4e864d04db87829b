"""The step that answers by what is live at that moment."""

from dataclasses import replace
from types import SimpleNamespace

import pytest

from plait.core.context import Context
from plait.core.errors import UnknownName
from plait.core.exchange import Exchange
from plait.core.privacy import Privacy
from plait.flow.handle import inline
from plait.flow.run import Run


def task(response):
    async def run(request, context):
        return replace(response, id=context.trace.id, contract=request.contract)

    return SimpleNamespace(run=run)


def test_the_exchange_gains_an_answer_and_keeps_the_rest(request_, response):
    exchange = Exchange(request=request_, row={"a": 1}, privacy=Privacy.SECRET)
    context = Context()
    found = inline(Run(lambda: task(response))(exchange, context))
    assert found.answer.id == context.trace.id
    assert replace(found, answer=None) == exchange


def test_the_contract_is_looked_up_for_each_request(request_, response):
    live = {"loan": task(response)}
    answer = Run(lambda: live["loan"])
    exchange = Exchange(request=request_)
    assert inline(answer(exchange, Context())).answer.decision == "dec_1"
    live["loan"] = task(replace(response, decision="dec_2"))
    assert inline(answer(exchange, Context())).answer.decision == "dec_2"


def test_a_contract_nobody_answers_for(request_):
    def live():
        raise UnknownName("not_trained", "loan")

    with pytest.raises(UnknownName, match="loan"):
        inline(Run(live)(Exchange(request=request_), Context()))
