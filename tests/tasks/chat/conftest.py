"""Passages of a small handbook, and a model that says what it is told to."""

import asyncio
from types import SimpleNamespace

import pytest

from plait.core.passage import Passage
from plait.core.prompt import Chunk, Message, Prompt
from plait.core.request import ChatRequest

TEXTS = {
    ("Loans", "Early repayment"): (
        "You may repay 5 percent of the amount each year without cost. More than that costs a fee "
        "of\nat most 1 percent of what is repaid early. A rest of up to three instalments may be\n"
        "agreed once."
    ),
    ("Loans", "Amounts"): (
        "| Purpose | Largest loan | Longest term |\n| --- | --- | --- |\n"
        "| Purchase | 900,000 dollars | 30 years |\n| Renovation | 80,000 dollars | 12 years |"
    ),
    ("Loans", "Papers"): (
        "Freelancers bring:\n\n- two tax assessments\n- a profit and loss account\n\n"
        "Employees bring three payslips. They must not be older than four months."
    ),
    ("Branches",): "The branch is open from 9 to 16 on weekdays.",
}


@pytest.fixture(scope="session")
def passages():
    """Return four passages of one collection, each of a document of its own."""
    return tuple(
        Passage(
            id=f"pas_{at}",
            collection="policies",
            document=f"doc_{at}",
            name=f"{headings[-1]}.md",
            start=100 * at,
            end=100 * at + len(text),
            text=text,
            score=1.0 / (1 + at),
            headings=headings,
            page=at or None,
        )
        for at, (headings, text) in enumerate(TEXTS.items())
    )


async def work(function, *args):
    """Run at once what a flow would run in a thread."""
    return function(*args)


class Model:
    """Says the given pieces, then ends; an exception among them is raised, a number slept."""

    name, remote = "parrot", False

    def __init__(self, *pieces):
        self.pieces = pieces
        self.prompts = []
        self.closed = 0

    async def stream(self, prompt, context):
        self.prompts.append(prompt)
        try:
            for piece in self.pieces:
                context.check()
                if isinstance(piece, Exception):
                    raise piece
                if isinstance(piece, float):
                    await asyncio.sleep(piece)
                    continue
                yield piece if isinstance(piece, Chunk) else Chunk(text=piece, tokens=1)
            yield Chunk(finish="stop", prompt_tokens=7)
        finally:
            self.closed += 1


def asked(text, *, model="desk"):
    """Return the request of one question."""
    return ChatRequest(model=model, prompt=Prompt(messages=(Message(role="user", content=text),)))


def events(stream):
    """Return everything a stream yields."""

    async def gather():
        return [each async for each in stream]

    return asyncio.run(gather())


@pytest.fixture
def kit():
    """Return what the tests of this folder share."""
    return SimpleNamespace(Model=Model, asked=asked, events=events, work=work)
