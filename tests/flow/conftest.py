"""A small request, an answer to it, and a place where records end up."""

from dataclasses import dataclass, field
from types import SimpleNamespace

import pytest

from plait.core.contract import Contract
from plait.core.errors import UnknownName
from plait.core.exchange import Exchange
from plait.core.passage import Passage
from plait.core.privacy import Privacy
from plait.core.prompt import Message, Prompt
from plait.core.request import ChatRequest, PredictRequest
from plait.core.response import Prediction, PredictResponse, SearchResponse
from plait.core.schema import Field, Schema
from plait.core.verdict import Mark, Verdict
from plait.flow.base import Parts, PromptText


@pytest.fixture
def request_():
    return PredictRequest(contract="loan", rows=({"income": 3},))


@pytest.fixture
def response():
    return PredictResponse(
        id="req_1",
        contract="loan",
        artefact="art_1",
        decision="dec_1",
        predictions=(Prediction("yes", {"no": 0.25, "yes": 0.75}),),
    )


@pytest.fixture
def kept():
    """The rows that were handed to the store."""
    return []


async def work(function, *args, **keywords):
    """Stand where threads would."""
    return function(*args, **keywords)


@dataclass(frozen=True)
class Word:
    """A guard that alters, or refuses, one word."""

    name: str
    word: str
    refuses: bool = False
    lookahead_chars: int | None = 20

    def check(self, view, context):
        if self.word not in view.text:
            return Verdict(guard=self.name, action="allow")
        start = view.text.index(self.word)
        return Verdict(
            guard=self.name,
            action="refuse" if self.refuses else "alter",
            spans=(Mark(start, start + len(self.word), "word"),),
            text=view.text.replace(self.word, "***"),
            reason=f"{self.name} was found",
        )


@dataclass
class Place:
    """What steps are given, and what they did with it."""

    guards: dict = field(default_factory=dict)
    passages: tuple = ()
    empty: bool = False
    generators: dict = field(default_factory=dict)
    routes: dict = field(default_factory=dict)
    searched: list = field(default_factory=list)
    flows: dict = field(default_factory=dict)
    revision: str = "rev_1"
    privacy: Privacy = Privacy.INTERNAL

    def parts(self):
        return Parts(
            live=self._live,
            contract=self._contract,
            generator=self._one_of("unknown_model", self.generators),
            search=self._search,
            embedder=lambda name: None,
            guard=self._one_of("unknown_component", self.guards),
            prompt=self._prompt,
            flow=self._one_of("unknown_flow", self.flows),
            revision=lambda: self.revision,
            work=work,
        )

    @staticmethod
    def _one_of(code, known):
        def look(name):
            if name not in known:
                raise UnknownName.of(code, "thing", name, list(known))
            return known[name]

        return look

    def _contract(self, name):
        if name != "intent":
            raise UnknownName.of("unknown_contract", "contract", name, ["intent"])
        return Contract(task="tabular", data="x", target="y", privacy=self.privacy)

    def _prompt(self, name):
        return PromptText(f"the prompt {name}", "art_prompt")

    def _live(self, name):
        async def run(request, context):
            value, chance = self.routes.get(request.rows[0]["text"], (None, 0.1))
            return PredictResponse(
                id="r",
                contract=name,
                artefact="art_intent",
                decision="dec_intent",
                predictions=(Prediction(value, {"a": chance}),),
            )

        schema = Schema((Field(name="text", kind="text"),))
        manifest = SimpleNamespace(input=schema)
        artefact = SimpleNamespace(manifest=manifest, id="art_intent")
        return SimpleNamespace(run=run, predictor=SimpleNamespace(artefact=artefact))

    def _search(self, name):
        if name != "policies":
            raise UnknownName.of("unknown_contract", "collection", name, ["policies"])

        async def run(request, context):
            self.searched.append(request)
            return SearchResponse(id="r", collection=name, passages=self.passages, empty=self.empty)

        return SimpleNamespace(run=run)


@pytest.fixture
def word():
    """The guard of one word."""
    return Word


@pytest.fixture
def place():
    """Make the parts of a project of fakes; tell what was done with them."""
    return Place()


@pytest.fixture
def chat():
    """Make an exchange of what a user says, turn by turn; `>` begins an assistant's turn."""

    def chat(*said, **fields):
        turns = tuple(
            Message(role="assistant", content=text[1:])
            if text.startswith(">")
            else Message(role="user", content=text)
            for text in said
        )
        request = ChatRequest(model="desk", prompt=Prompt(messages=turns))
        return Exchange(request=request, **fields)

    return chat


@pytest.fixture
def passage():
    """Make a passage of a text."""

    def passage(text, number=1, privacy=Privacy.INTERNAL):
        return Passage(
            id=f"pas_{number}",
            collection="policies",
            document=f"doc_{number}",
            name=f"{number}.md",
            start=0,
            end=len(text),
            text=text,
            score=1 / number,
            privacy=privacy,
        )

    return passage
