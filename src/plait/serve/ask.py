"""The box to ask in: a question to a flow, its answer, and each citation in its source."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from fastapi import Request

from plait.app.app import App
from plait.core.context import Principal
from plait.core.errors import InvalidRequest, PlaitError
from plait.core.passage import Citation
from plait.core.prompt import Message, Prompt
from plait.core.request import ChatRequest
from plait.core.response import ChatResponse
from plait.core.sentence import sentences
from plait.serve.sse import attended

_TURNS = 40
"""Of what was said before, so many turns go along."""
_AROUND = 400
"""Characters shown of a source before and behind what is cited."""
_MANNERS = {
    "generated": "generated",
    "extracted": "extracted from documents",
    "predicted": "predicted",
    "asked": "asks for what is missing",
    "refused": "refused",
}


@dataclass(slots=True)
class Asked:
    """A conversation of the page.

    Attributes:
        flow: that is asked.
        said: what was said before, in turns, the person first.
        question: what was typed.
        answer: to it, when there is one.
        error: what went wrong instead.
    """

    flow: str = ""
    said: list[str] = field(default_factory=list)
    question: str = ""
    answer: ChatResponse | None = None
    error: str = ""

    @property
    def going_on(self) -> list[str]:
        """What was said before the next question."""
        return self.said + ([self.question, self.answer.text] if self.answer else [])


async def ask(
    app: App, principal: Principal, form: Mapping[str, Sequence[str]], request: Request
) -> Asked:
    """Ask what a person typed; a mistake stands where the answer would."""
    said = list(form.get("said", ()))[-_TURNS:]
    asked = Asked(form["flow"][0], said[len(said) % 2 :], form.get("question", [""])[0].strip())
    turns = [
        Message(role="assistant" if place % 2 else "user", content=text)
        for place, text in enumerate([*asked.said, asked.question])
    ]
    context = app.context(principal)
    try:
        if not asked.question:
            raise InvalidRequest("request_shape", "there is no question")
        wanted = ChatRequest(model=asked.flow, prompt=Prompt(messages=tuple(turns)))
        asked.answer = await attended(request.receive, context, app.chat(wanted, context))
    except PlaitError as error:
        asked.error = str(error)
    return asked


def box(app: App, principal: Principal, asked: Asked | None) -> dict[str, object] | None:
    """Return what the page says of the box and the answer in it; None without a flow to ask."""
    flows = [name for name, kind in app.speakers().items() if kind == "flow"]
    if not flows:
        return None
    asked = asked or Asked()
    return {
        "flows": flows,
        "flow": asked.flow,
        "said": asked.said,
        "going_on": asked.going_on,
        "question": asked.question,
        "error": asked.error,
        "answer": asked.answer and _answer(app, principal, asked.answer),
    }


def _answer(app: App, principal: Principal, answer: ChatResponse) -> dict[str, object]:
    manner = _MANNERS[answer.manner]
    return {
        "id": answer.id,
        "manner": answer.manner,
        "badge": f"{manner} by {answer.spoken}" if answer.spoken else manner,
        "sentences": _sentences(answer),
        "citations": [_source(app, principal, each) for each in answer.citations],
        "notes": answer.notes,
        "decision": answer.decision,
    }


def _sentences(answer: ChatResponse) -> list[dict[str, object]]:
    """Return the sentences of an answer, what stands before each, and the sources of each."""
    found: list[dict[str, object]] = []
    last = 0
    for place, (start, end) in enumerate(sentences(answer.text)):
        numbers = [n for n, each in enumerate(answer.citations, 1) if each.sentence == place]
        found.append(
            {"gap": answer.text[last:start], "text": answer.text[start:end], "sources": numbers}
        )
        last = end
    return found


def _source(app: App, principal: Principal, citation: Citation) -> dict[str, object]:
    """Return a citation with what stands around it; alone when its document has gone or changed."""
    before = after = ""
    start, end = citation.start, citation.end
    try:
        text = app.collections.source(citation.collection, citation.document, principal).text
    except PlaitError:
        text = ""
    if text[start:end] == citation.text:
        before, after = text[max(0, start - _AROUND) : start], text[end : end + _AROUND]
        if start > _AROUND:
            before = "… " + before.partition(" ")[2]
        if end + _AROUND < len(text):
            after = after.rpartition(" ")[0] + " …"
    place = f"page {citation.page}" if citation.page else ""
    return {
        "name": citation.name,
        "place": " · ".join(filter(None, [place, " › ".join(citation.headings)])),
        "before": before,
        "text": citation.text,
        "after": after,
    }
