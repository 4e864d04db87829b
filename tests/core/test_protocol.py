"""The protocols, by classes that fit them without inheriting anything, working together."""

import asyncio
from dataclasses import dataclass, replace

import pytest

from plait.core.budget import Budget, Limits, Usage
from plait.core.context import Context
from plait.core.errors import BudgetExceeded, Cancelled
from plait.core.exchange import Exchange
from plait.core.privacy import Privacy
from plait.core.prompt import Chunk
from plait.core.protocol import Sample, View
from plait.core.request import PredictRequest
from plait.core.schema import Field, Schema
from plait.core.verdict import Mark, Verdict

EXCHANGE = Exchange(request=PredictRequest(contract="loans", rows=({"income": 1},)))


@dataclass(frozen=True)
class Letters:
    """A `Generator` that says its prompt backwards, letter by letter."""

    async def stream(self, prompt, context):
        for letter in reversed(prompt):
            context.check()
            with context.budget.reserve(Usage(tokens=1)) as held:
                await asyncio.sleep(0)
                held.settle(Usage(tokens=1))
            yield Chunk(text=letter, tokens=1)
        yield Chunk(text="", finish="stop")


@dataclass(frozen=True)
class NoDigits:
    """A `Guard` that masks digits."""

    lookahead_chars: int | None = 0

    def check(self, view, context):
        spans = tuple(Mark(i, i + 1, "digit") for i, c in enumerate(view.text) if c.isdigit())
        masked = "".join("#" if c.isdigit() else c for c in view.text)
        return Verdict(
            guard="digits", action="alter" if spans else "allow", spans=spans, text=masked
        )


@dataclass(frozen=True)
class Speak:
    """A `Step` that runs a generator under a guard and records the verdict."""

    generator: Letters
    guard: NoDigits
    prompt: str

    async def __call__(self, exchange, context):
        with context.trace.span("speak") as span:
            text = ""
            async for chunk in self.generator.stream(self.prompt, context):
                text += chunk.text
            verdict = self.guard.check(View(text=text, final=True, exchange=exchange), context)
            span.tag(tokens=context.budget.spent.tokens, action=verdict.action)
            span.hold(text=verdict.text)
        return replace(
            exchange,
            verdicts=(*exchange.verdicts, verdict),
            privacy=max(exchange.privacy, Privacy.PERSONAL),
        )


def test_a_step_runs_an_engine_and_a_guard():
    context = Context(budget=Budget(Limits(tokens=3)))
    after = asyncio.run(Speak(Letters(), NoDigits(), "a1b")(EXCHANGE, context))
    (verdict,) = after.verdicts
    assert (verdict.action, verdict.text, verdict.spans) == (
        "alter",
        "b#a",
        (Mark(1, 2, "digit"),),
    )
    assert after.privacy is Privacy.PERSONAL
    (span,) = context.trace.spans
    assert span.tags == {"tokens": 3, "action": "alter"}
    assert EXCHANGE.verdicts == ()


def test_an_engine_stops_at_the_limit_and_has_spent_no_more():
    context = Context(budget=Budget(Limits(tokens=2)))
    with pytest.raises(BudgetExceeded):
        asyncio.run(Speak(Letters(), NoDigits(), "a1b")(EXCHANGE, context))
    assert (context.budget.spent, context.budget.reserved) == (Usage(tokens=2), Usage())
    assert context.trace.spans[0].error == "tokens_exceeded"


def test_an_engine_stops_when_nobody_waits():
    async def leave_after_one():
        context = Context()
        chunks = Letters().stream("abc", context)
        first = await anext(chunks)
        context.cancel.request("the client left")
        with pytest.raises(Cancelled):
            await anext(chunks)
        return first

    assert asyncio.run(leave_after_one()) == Chunk(text="c", tokens=1)


def test_a_candidate_is_fitted_on_a_sample_and_what_comes_of_it_answers():
    @dataclass(frozen=True)
    class Mean:
        value: float

        def predict(self, columns, *, reasons=0):
            return {"prediction": [self.value] * len(columns["income"])}

    @dataclass(frozen=True)
    class Dummy:
        name: str = "dummy"
        paradigm: str = "rule"
        complexity: int = 0

        def configuration(self):
            return {}

        def fit(self, sample):
            return Mean(sum(sample.target) / len(sample.target))

    sample = Sample(
        input=Schema((Field(name="income", kind="number"),)),
        columns={"income": [1, 2, 3]},
        target=[2.0, 4.0, 6.0],
        classes=(),
        problem="regression",
        seed=0,
    )
    assert Dummy().fit(sample).predict({"income": [1, 1]}) == {"prediction": [4.0, 4.0]}
