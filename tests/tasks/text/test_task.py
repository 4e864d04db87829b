"""Texts answered by an artefact, one object per text."""

import numpy as np
import pytest

from plait.core.context import Context
from plait.core.contract import Contract
from plait.core.errors import InvalidRequest
from plait.core.request import PredictRequest
from plait.flow.handle import inline
from plait.tasks.tabular.task import TabularTask
from plait.tasks.text.task import TextTask
from plait.train.corpus import prepare_text
from plait.train.tfidf import TfidfLinear


@pytest.fixture(scope="module")
def task(talk, tmp_path_factory):
    prepared = prepare_text(talk(8), Contract(task="text", data="", target="intent"))
    candidate = TfidfLinear(tmp_path_factory.mktemp("made"), abstain=0.5)
    predictor = candidate.fit(prepared.sample(np.arange(24), seed=0))
    return TextTask("intent", predictor, decision="dec_1")


def ask(task, *rows, reasons=0, context=None):
    request = PredictRequest(contract="intent", rows=rows, reasons=reasons)
    return inline(task.run(request, context or Context()))


def test_the_response_says_who_answered(task):
    context = Context()
    response = ask(task, {"said": "my card"}, context=context)
    assert (response.id, response.contract, response.decision) == (
        context.trace.id,
        "intent",
        "dec_1",
    )
    assert response.artefact == task.predictor.artefact.id


def test_a_text_has_a_level_or_none_alone_and_among_others(task):
    rows = [{"said": text} for text in ("borrow a mortgage loan", "volcano opera", "")]
    together = ask(task, *rows, reasons=2).predictions
    assert together == tuple(ask(task, row, reasons=2).predictions[0] for row in rows)
    assert [each.value for each in together] == ["loan", None, None]
    assert [each.abstained for each in together] == [False, True, True]
    assert together[0].confidence > 0.5 > together[1].confidence
    assert together[1].record()["abstained"] is True
    assert set(together[1].probabilities) == {"card", "hours", "loan"}
    assert {reason.feature for reason in together[0].reasons} == {"said"}


@pytest.mark.parametrize("row", [{}, {"said": None}, {"said": 3}, {"said": "a", "more": 1}])
def test_what_is_no_text_is_refused(task, row):
    with pytest.raises(InvalidRequest):
        ask(task, row)


def test_only_rows_are_quick(task):
    assert TabularTask.quick
    assert not task.quick
