"""The step that answers by what is live at that moment."""

from dataclasses import fields, replace
from types import SimpleNamespace

import pytest

from plait.core.context import Context
from plait.core.errors import UnknownName
from plait.core.exchange import Exchange
from plait.core.privacy import Privacy
from plait.flow.answer import Answer
from plait.flow.handle import inline


def task(response, privacy):
    async def run(request, context):
        return replace(response, id=context.trace.id, contract=request.contract)

    return SimpleNamespace(run=run, privacy=privacy)


@pytest.mark.parametrize("before", Privacy)
@pytest.mark.parametrize("of_task", Privacy)
def test_the_exchange_gains_an_answer_and_the_higher_privacy(request_, response, before, of_task):
    exchange = Exchange(request=request_, row={"a": 1}, privacy=before)
    context = Context()
    found = inline(Answer(lambda _: task(response, of_task))(exchange, context))
    assert found.answer.id == context.trace.id
    assert found.privacy == max(before, of_task)
    for field in fields(Exchange):
        if field.name not in ("answer", "privacy"):
            assert getattr(found, field.name) == getattr(exchange, field.name)


def test_the_contract_is_looked_up_for_each_request(request_, response):
    live = {"loan": task(response, Privacy.PUBLIC)}
    answer = Answer(live.__getitem__)
    exchange = Exchange(request=request_)
    assert inline(answer(exchange, Context())).answer.decision == "dec_1"
    live["loan"] = task(replace(response, decision="dec_2"), Privacy.PUBLIC)
    assert inline(answer(exchange, Context())).answer.decision == "dec_2"


def test_a_contract_nobody_answers_for(request_):
    def live(name):
        raise UnknownName("not_trained", name)

    with pytest.raises(UnknownName, match="loan"):
        inline(Answer(live)(Exchange(request=request_), Context()))
