"""Rows answered by an artefact, one object per row."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from plait.core.artefact import FileNote
from plait.core.context import Context
from plait.core.contract import Contract
from plait.core.decision import OperatingPoint
from plait.core.errors import EngineError, InvalidRequest
from plait.core.request import PredictRequest
from plait.core.response import Prediction, Reason
from plait.core.schema import Field, Schema
from plait.engines.base import load
from plait.flow.handle import inline
from plait.tasks.tabular.task import TabularTask
from plait.train.corpus import prepare_text
from plait.train.tfidf import TfidfLinear

POINT = OperatingPoint(
    threshold=0.6,
    false_positive_rate=0.1,
    false_negative_rate=0.2,
    cost=0.3,
    cost_low=0.2,
    cost_high=0.4,
)


@pytest.fixture(scope="module")
def predictor(linear):
    return load(linear().folder)


def ask(task, *rows, reasons=0, context=None):
    request = PredictRequest(contract="loan", rows=rows, reasons=reasons)
    return inline(task.run(request, context or Context()))


def test_the_response_says_who_answered(predictor, row):
    task = TabularTask("loan", predictor, decision="dec_1", operating_point=POINT)
    context = Context()
    response = ask(task, row, context=context)
    assert response.id == context.trace.id
    assert response.contract == "loan"
    assert response.artefact == predictor.artefact.id
    assert response.decision == "dec_1"
    assert response.operating_point is POINT


def test_rows_are_answered_in_order_and_as_if_alone(predictor, row):
    task = TabularTask("loan", predictor)
    rows = [{**row, "income": income, "debt": None} for income in (0, 40_000, 90_000)]
    together = ask(task, *rows).predictions
    assert together == tuple(ask(task, each).predictions[0] for each in rows)
    assert [each.value for each in together] == ["no", "no", "yes"]
    for each in together:
        assert list(each.probabilities) == ["no", "yes"]
        assert type(each.probabilities["yes"]) is float
        assert (each.interval, each.reasons) == (None, ())


def test_reasons_are_given_when_asked_for(predictor, row):
    task = TabularTask("loan", predictor)
    (alone,) = ask(task, row, reasons=2).predictions
    assert len(alone.reasons) == 2
    assert {reason.feature for reason in alone.reasons} <= set(row)
    assert all(reason.value == row[reason.feature] for reason in alone.reasons)
    assert [each.reasons for each in ask(task, row, row, reasons=2).predictions] == [
        alone.reasons
    ] * 2


def test_a_number_has_its_interval(boosted):
    task = TabularTask("rent", load(boosted.folder))
    rows = [{"area": area, "balcony": True, "region": "north"} for area in (30, 90)]
    alone = ask(task, rows[0]).predictions[0]
    together = ask(task, *rows).predictions
    assert together[0] == alone
    assert type(alone.value) is float
    assert alone.probabilities == {}
    assert alone.interval == (alone.value - 70, alone.value + 70)
    assert together[1].value > together[0].value


def test_the_work_of_the_engine_is_a_stage_within(predictor, row):
    context = Context()
    with context.span("answer") as span:
        ask(TabularTask("loan", predictor), row, context=context.within(span))
    assert [(each.name, each.parent) for each in context.trace.spans] == [
        ("answer", -1),
        ("engine", 0),
    ]


def test_a_row_that_does_not_fit_never_reaches_the_engine(predictor, row):
    def fail(*_, **__):
        raise AssertionError

    task = TabularTask("loan", SimpleNamespace(artefact=predictor.artefact, predict=fail))
    for bad in ({}, {**row, "income": "x"}, {**row, "more": 1}):
        with pytest.raises(InvalidRequest):
            ask(task, bad)


def test_an_engine_that_fails_says_so(predictor, row):
    def fail(*_, **__):
        raise EngineError("engine_failed", "no more")

    task = TabularTask("loan", SimpleNamespace(artefact=predictor.artefact, predict=fail))
    with pytest.raises(EngineError):
        ask(task, row)


@pytest.mark.parametrize("kind", [list, tuple, np.array])
def test_columns_of_any_kind_become_plain_values(predictor, row, kind):
    answers = {
        "prediction": kind([True, False]),
        "probability_no": kind([0.25, 0.5]),
        "probability_yes": kind([0.75, 0.5]),
        "reasons": [(Reason("income", 3, 0.5),), ()],
    }
    engine = SimpleNamespace(artefact=predictor.artefact, predict=lambda *_, **__: answers)
    assert ask(TabularTask("loan", engine), row, row, reasons=1).predictions == (
        Prediction(True, {"no": 0.25, "yes": 0.75}, None, (Reason("income", 3, 0.5),)),
        Prediction(False, {"no": 0.5, "yes": 0.5}, None, ()),
    )


@pytest.fixture(scope="module")
def texts(talk, tmp_path_factory):
    prepared = prepare_text(talk(8), Contract(task="text", data="", target="intent"))
    candidate = TfidfLinear(tmp_path_factory.mktemp("made"), abstain=0.5)
    predictor = candidate.fit(prepared.sample(np.arange(24), seed=0))
    return TabularTask("intent", predictor, decision="dec_1")


def test_a_text_has_a_level_or_none_alone_and_among_others(texts):
    rows = [{"said": text} for text in ("borrow a mortgage loan", "volcano opera", "")]
    together = ask(texts, *rows, reasons=2).predictions
    assert together == tuple(ask(texts, row, reasons=2).predictions[0] for row in rows)
    assert [each.value for each in together] == ["loan", None, None]
    assert [each.abstained for each in together] == [False, True, True]
    assert together[0].confidence > 0.5 > together[1].confidence
    assert together[1].record()["abstained"] is True
    assert set(together[1].probabilities) == {"card", "hours", "loan"}
    assert {reason.feature for reason in together[0].reasons} == {"said"}


@pytest.mark.parametrize("row", [{}, {"said": None}, {"said": 3}, {"said": "a", "more": 1}])
def test_what_is_no_text_is_refused(texts, row):
    with pytest.raises(InvalidRequest):
        ask(texts, row)


def test_rows_are_quick_and_texts_are_not(texts, predictor):
    assert TabularTask("loan", predictor).quick
    assert not texts.quick
    files = {"encoder/model.onnx": FileNote("00", 1)}
    manifest = replace(predictor.artefact.manifest, files=files)
    reading = SimpleNamespace(artefact=replace(predictor.artefact, manifest=manifest))
    assert not TabularTask("loan", reading).quick
    slow = replace(
        predictor.artefact, manifest=replace(predictor.artefact.manifest, engine="tabicl")
    )
    assert not TabularTask("loan", SimpleNamespace(artefact=slow)).quick


class Doubling:
    """Looks up the income: twice the debt, at a moment that it remembers."""

    names = frozenset({"income"})
    problem = ""

    def sent(self, taken):
        fields = [each for each in taken.fields if each.name != "income"]
        return Schema((*fields, Field(name="client", kind="text")))

    def filled(self, columns, now):
        self.now = now
        found = [None if debt is None else 2.0 * debt for debt in columns["debt"]]
        return {**columns, "income": found}


@pytest.fixture
def looking(predictor):
    return TabularTask("loan", predictor, lookup=Doubling(), ignored={"income", "paid"})


def test_what_is_looked_up_goes_before_the_artefact(predictor, row, looking):
    sent = {**row, "debt": 45_000.0, "client": "ann"}
    del sent["income"]
    direct = TabularTask("loan", predictor)
    expected = ask(direct, {**row, "debt": 45_000.0, "income": 90_000.0}).predictions
    now = SimpleNamespace(now=lambda: 7.0, monotonic=lambda: 7.0)
    assert ask(looking, {**sent, "paid": 1}, context=Context(clock=now)).predictions == expected
    assert looking.lookup.now == 7.0
    assert looking.input.names == (*(name for name in row if name != "income"), "client")
    assert not looking.quick
    assert direct.quick
    assert direct.lookup is None


def test_what_was_looked_up_is_recorded_and_not_answered(row, looking):
    sent = {**row, "debt": 45_000.0, "client": "ann"}
    del sent["income"], sent["region"]
    answer = ask(looking, sent)
    assert answer.looked_up == ({"income": 90_000.0},)
    assert answer.content()["looked_up"] == answer.looked_up
    assert "looked_up" not in answer.record()


def test_what_is_looked_up_is_not_sent(row, looking):
    with pytest.raises(InvalidRequest, match="'income' is looked up") as caught:
        ask(looking, {**row, "client": "ann"})
    assert (caught.value.code, caught.value.where) == ("row_unknown_field", "rows[0]")
    with pytest.raises(InvalidRequest, match="'client' is missing"):
        ask(looking, {name: value for name, value in row.items() if name != "income"})


def test_what_is_not_found_though_it_always_was_is_an_error(row, looking):
    sent = {**row, "debt": None, "client": "ann"}
    del sent["income"]
    with pytest.raises(InvalidRequest, match="'income' is not found") as caught:
        ask(looking, {**sent, "debt": 1.0}, sent)
    assert (caught.value.code, caught.value.where) == ("row_missing_field", "rows[1]")
