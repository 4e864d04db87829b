"""Views and passages for guards, and a tagger that finds what it is told."""

import re

import pytest

from plait.core.exchange import Exchange
from plait.core.passage import Passage
from plait.core.prompt import Prompt
from plait.core.protocol import View
from plait.core.request import ChatRequest
from plait.core.verdict import Mark


class FakeTagger:
    """Finds the words it is given."""

    def __init__(self, names):
        self.names = names

    def tag(self, texts, context):
        context.check()
        return [
            [
                Mark(*match.span(), label)
                for name, label in self.names.items()
                for match in re.finditer(re.escape(name), text)
            ]
            for text in texts
        ]


@pytest.fixture
def tagger():
    return FakeTagger({"John Smith": "PERSON", "Ana": "PERSON", "Boston": "GPE", "Acme": "ORG"})


@pytest.fixture
def view():
    """Make a view of a text, and of what was retrieved."""

    def made(text, place="input", passages=()):
        found = tuple(
            Passage(id=str(at), collection="c", document=str(at), name="n", start=0, end=len(each),
                    text=each, score=1.0)
            for at, each in enumerate(passages)
        )  # fmt: skip
        exchange = Exchange(request=ChatRequest(model="m", prompt=Prompt()), passages=found)
        return View(text=text, final=True, exchange=exchange, place=place)

    return made
