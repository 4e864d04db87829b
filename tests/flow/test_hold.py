"""The stream buffer: what leaves when, under which guards."""

import asyncio
import re
from dataclasses import dataclass, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plait.core.context import Context
from plait.core.errors import Refused
from plait.core.exchange import Exchange
from plait.core.passage import Citation
from plait.core.prompt import Chunk, Message, Prompt, ToolCall
from plait.core.request import ChatRequest
from plait.core.response import ChatResponse
from plait.core.verdict import Mark, Verdict
from plait.flow.hold import NOTHING_LEFT, Hold, stream_mode

REQUEST = ChatRequest(model="m", prompt=Prompt(messages=(Message(role="user", content="q"),)))


DIGITS = re.compile(r"\d\d ?\d\d")


async def work(function, *args):
    return function(*args)


@dataclass(frozen=True)
class Digits:
    """Masks four digits, in two pairs or in a row."""

    name: str = "digits"
    lookahead_chars: int | None = 8

    def check(self, view, context):
        spans = tuple(Mark(*m.span(), "digits") for m in DIGITS.finditer(view.text))
        text = DIGITS.sub("####", view.text)
        return Verdict(
            guard=self.name, action="alter" if spans else "allow", spans=spans, text=text
        )


@dataclass(frozen=True)
class NoLies:
    """Drops sentences that say `lie`."""

    name: str = "lies"
    lookahead_chars: int | None = None

    def check(self, view, context):
        bad = "lie" in view.text
        return Verdict(guard=self.name, action="alter" if bad else "allow", text="")


@dataclass(frozen=True)
class Never:
    """Refuses everything."""

    name: str = "never"
    lookahead_chars: int | None = 0

    def check(self, view, context):
        return Verdict(guard=self.name, action="refuse", reason="not this")


def exchange(text, manner="generated", **parts):
    answer = ChatResponse(id="r", model="m", text=text, manner=manner, **parts)
    return Exchange(request=REQUEST, answer=answer)


def passed(guards, pieces, **answer):
    """Return the texts that left, in order, and the exchange at the end."""

    async def events():
        for piece in pieces:
            yield piece if isinstance(piece, Chunk) else Chunk(text=piece)
        text = "".join(p.text if isinstance(p, Chunk) else p for p in pieces)
        yield exchange(text, **answer)

    async def run():
        hold = Hold(guards, exchange(""), work, Context())
        found = [event async for event in hold.pass_on(events())]
        return [event.text for event in found[:-1]], found[-1]

    return asyncio.run(run())


def judged(guards, text, **answer):
    return asyncio.run(Hold(guards, exchange(text, **answer), work, Context()).judge())


@pytest.mark.parametrize(
    ("guards", "mode"),
    [((), "bare"), ((Digits(),), "spans"), ((Digits(), NoLies()), "sentences")],
)
def test_the_mode_is_fixed_by_the_guards(guards, mode):
    assert stream_mode(guards) == mode


def test_a_span_is_altered_even_where_pieces_cut_it():
    said, last = passed((Digits(),), list("my number is 1234 and that is all there is to say"))
    assert "".join(said) == "my number is #### and that is all there is to say"
    assert last.answer.text == "".join(said)
    assert len(said) > 1  # it did not wait for the end
    assert {verdict.action for verdict in last.verdicts} == {"alter"}


def test_no_span_is_cut_in_two():
    said, last = passed((Digits(),), [*"a word, 12", " ", *"34 and more words that push it out"])
    assert last.answer.text == "".join(said) == "a word, #### and more words that push it out"


def test_a_sentence_leaves_after_its_verdict_and_not_before():
    said, last = passed((NoLies(),), ["One is true. Two is a li", "e. Three", " is true."])
    assert said == ["One is true. ", "Three is true."]
    assert last.answer.text == "One is true. Three is true."


def test_citations_follow_their_sentences():
    def cited(number):
        return Citation(
            sentence=number, collection="c", document="d", name="n", start=0, end=1, text="x"
        )

    citations = (cited(0), cited(1), cited(2))
    text = "One is true. Two is a lie. Three is true."
    _, last = passed((NoLies(),), [text], citations=citations)
    assert [each.sentence for each in last.answer.citations] == [0, 1]
    assert judged((NoLies(),), text, citations=citations).answer == last.answer


def test_nothing_left_is_a_refusal():
    last = judged((NoLies(),), "All of it is a lie.")
    assert (last.answer.manner, last.answer.text) == ("refused", NOTHING_LEFT)
    assert last.answer.citations == ()


def test_a_guard_that_refuses_ends_the_stream():
    with pytest.raises(Refused, match="not this") as caught:
        passed((Never(),), ["some text that is said"])
    assert caught.value.code == "guard_refused"


def test_plaits_own_words_need_no_support():
    said, last = passed((NoLies(),), [Chunk(text="I found no lie.", own=True)], manner="refused")
    assert said == ["I found no lie."]
    assert last.answer.text == "I found no lie."


def test_counts_pass_at_once():
    said, _ = passed((NoLies(),), [Chunk(tokens=3), "One is true. "])
    assert said == ["", "One is true. "]


def test_what_stands_beside_the_answer_is_judged_too():
    call = ToolCall(id="c", name="f", arguments='{"card": "1234"}')
    cited = Citation(
        sentence=0, collection="c", document="d", name="n", start=0, end=4, text="see 1234"
    )
    parts = {"calls": (call,), "citations": (cited,), "logprobs": ({"token": "1234"},)}
    whole = judged((Digits(),), "it is 1234", **parts)
    for last in (whole, passed((Digits(),), ["it is 1234"], **parts)[1]):
        assert "1234" not in str(last.answer)
        assert last.answer.logprobs == ()


def test_whole_calls_leave_once_they_are_judged():
    call = ToolCall(id="c", name="f", arguments="1234")

    async def run():
        async def events():
            yield Chunk(calls=({"index": 0, "function": {"arguments": "12"}},))
            yield exchange("", calls=(call,))

        hold = Hold((Digits(),), exchange(""), work, Context())
        return [event async for event in hold.pass_on(events())]

    chunk, _ = asyncio.run(run())
    assert chunk.calls[0]["function"] == {"name": "f", "arguments": "####"}


def test_a_span_is_known_by_the_words_before_it_wherever_the_pieces_end():
    @dataclass(frozen=True)
    class Numbers:
        name: str = "numbers"
        lookahead_chars: int | None = 16

        def check(self, view, context):
            text = re.sub(r"(?<=account number is )\d+", "###", view.text)
            action = "allow" if text == view.text else "alter"
            return Verdict(guard="numbers", action=action, text=text)

    for padding in range(60):
        text = "x" * padding + " yes. And my account number is 12345678 for all I know. Right. " * 2
        said, _ = passed((Numbers(),), list(text))
        assert "12345678" not in "".join(said), padding


@given(st.text(alphabet="ab 1.", max_size=120), st.lists(st.integers(1, 20), max_size=20))
def test_a_stream_says_what_the_whole_says(text, sizes):
    pieces, at = [], 0
    for size in sizes:
        pieces.append(text[at : at + size])
        at += size
    pieces.append(text[at:])
    said, last = passed((Digits(),), pieces)
    whole = judged((Digits(),), text)
    assert "".join(said).strip() == whole.answer.text.strip() or whole.answer.manner == "refused"
    assert replace(last, verdicts=()) == replace(whole, verdicts=())
