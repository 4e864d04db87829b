"""What every guard must do, as one check to call from a test."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import get_args

from plait.core.cancel import Cancel
from plait.core.context import Context
from plait.core.errors import Cancelled
from plait.core.exchange import Exchange
from plait.core.passage import Passage
from plait.core.prompt import Prompt
from plait.core.protocol import Guard, Place, View
from plait.core.request import ChatRequest
from plait.core.verdict import Verdict

_ODD = (
    "", " \n\t", "?", "\x00\ufffe", "\ud800", "é" * 50, "\u200b" * 50, "1" * 500, "(" * 500,
    "-@." * 200, "日本語の文章です。", "\U000e0041" * 20, "a\r\nb\r\n",
)  # fmt: skip


def check_guard(
    guard: Guard, *, allowed: Sequence[str], caught: Sequence[str], passages: Sequence[str] = ()
) -> None:
    """Check that a guard keeps the promises of `plait.core.protocol.Guard`.

    Args:
        guard: to be checked.
        allowed: texts that it must let pass, in its usual place.
        caught: texts that it must alter or refuse there.
        passages: what the exchange retrieved.

    Raises:
        AssertionError: it does not; the message says which promise is broken.
    """
    ahead = guard.lookahead_chars
    assert guard.name, "it has no name"
    assert ahead is None or ahead >= 0, f"it must see {ahead} characters ahead"
    exchange = _exchange(passages)
    views = {text: _view(text, exchange) for text in (*allowed, *caught)}
    verdicts = {text: guard.check(view, Context()) for text, view in views.items()}
    for text, verdict in verdicts.items():
        _check_verdict(guard, text, verdict)
    for text in allowed:
        assert verdicts[text].action == "allow", f"it does not let pass {text!r}"
    for text in caught:
        assert verdicts[text].action != "allow", f"it lets pass {text!r}"
        assert verdicts[text].reason, f"it gives no reason against {text!r}"
        _check_reason(text, verdicts[text])
    for place in get_args(Place):
        for text in (*_ODD, *views):
            view = replace(_view(text, exchange), place=place)
            _check_verdict(guard, text, guard.check(view, Context()))
            part = replace(view, final=False)
            _check_verdict(guard, text, guard.check(part, Context()))
    _check_alike(guard, views, verdicts)
    _check_cancelled(guard, views)


def _exchange(passages: Sequence[str]) -> Exchange:
    found = tuple(
        Passage(
            id=str(at),
            collection="c",
            document=str(at),
            name=str(at),
            start=0,
            end=len(text),
            text=text,
            score=1.0,
        )
        for at, text in enumerate(passages)
    )
    return Exchange(request=ChatRequest(model="m", prompt=Prompt(text="?")), passages=found)


def _view(text: str, exchange: Exchange) -> View:
    place: Place = "output" if exchange.passages else "input"
    return View(text=text, final=True, exchange=exchange, place=place)


def _check_verdict(guard: Guard, text: str, verdict: Verdict) -> None:
    assert verdict.guard == guard.name, f"its verdict names {verdict.guard!r}"
    past = 0
    for mark in sorted(verdict.spans, key=lambda mark: mark.start):
        fits = 0 <= mark.start < mark.end <= len(text)
        assert fits, f"{mark} is no stretch of a text of {len(text)} characters"
        assert mark.label, f"{mark} says not what it is"
        if verdict.action == "alter":
            assert mark.start >= past, f"{mark} overlaps another"
            past = mark.end
    if verdict.action == "alter":
        assert verdict.spans, "it alters, and says not where"
        assert verdict.text is not None, "it alters, and gives no text"
        assert verdict.text != text, f"it alters {text!r} into the same"
    else:
        assert verdict.text is None, f"it gives a text with {verdict.action!r}"
    if verdict.score is not None and verdict.threshold is not None:
        assert 0 <= verdict.score <= 1, f"its score is {verdict.score}"
    verdict.record()


def _check_reason(text: str, verdict: Verdict) -> None:
    """What was found must be in no record: neither the reason nor the metadata may quote it."""
    said = " ".join([verdict.reason, *verdict.metadata.values()])
    for mark in verdict.spans:
        quoted = text[mark.start : mark.end]
        assert len(quoted) < 4 or quoted not in said, f"its record quotes {quoted!r}"


def _check_alike(guard: Guard, views: dict[str, View], verdicts: dict[str, Verdict]) -> None:
    with ThreadPoolExecutor(4) as pool:
        again = list(pool.map(lambda view: guard.check(view, Context()), [*views.values()] * 4))
    for verdict, text in zip(again, [*views] * 4, strict=True):
        assert verdict == verdicts[text], f"it says something else of {text!r} another time"


def _check_cancelled(guard: Guard, views: dict[str, View]) -> None:
    cancel = Cancel()
    cancel.request("nobody waits")
    for view in views.values():
        try:
            verdict = guard.check(view, Context(cancel=cancel))
        except Cancelled:
            continue
        _check_verdict(guard, view.text, verdict)
