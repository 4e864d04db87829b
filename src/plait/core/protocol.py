"""What rooms ask of each other: engines, tasks, guards, steps and candidates.

Everything here is structural: a class fits by having the methods, it inherits nothing.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, TypeVar

from plait.core.artefact import Artefact
from plait.core.columns import Column, Columns
from plait.core.context import Context
from plait.core.contract import Paradigm, Problem
from plait.core.exchange import Exchange, Mark, Verdict
from plait.core.ids import Json
from plait.core.schema import Schema

Q = TypeVar("Q", contravariant=True)
R = TypeVar("R", covariant=True)


# Engines: one small typed protocol each.


class Predictor(Protocol):
    """Runs a tabular artefact. Synchronous, re-entrant, called inline: it answers within 1 ms."""

    @property
    def artefact(self) -> Artefact:
        """What it runs."""
        ...

    def predict(self, columns: Columns, *, reasons: int = 0) -> Columns:
        """Answer n rows.

        Args:
            columns: every field of the artefact's input schema, n values each; others are ignored.
            reasons: how many reasons per row to add.

        Returns:
            `prediction`; for classes `probability_<level>` each, summing to 1; with an interval
            `lower` and `upper`; with reasons `reasons`, a list of `Reason` per row.

        Raises:
            EngineError: the engine failed.
        """
        ...


class Embedder(Protocol):
    """Turns texts into vectors."""

    def embed(self, texts: Sequence[str], context: Context) -> Sequence[Column]:
        """Return one unit-length vector per text, all of one width."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One turn of a conversation.

    Attributes:
        role: `system`, `user`, `assistant` or `tool`.
        content: what was said.
    """

    role: Literal["system", "user", "assistant", "tool"]
    content: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt:
    """What a language model is asked.

    Attributes:
        messages: the conversation so far; at least one.
        max_tokens: most tokens to generate.
        temperature: 0 takes the likeliest token each time.
        stop: texts that end the answer and are not part of it.
        seed: of the draw.
        schema: a JSON schema that the answer must fit; None leaves it free.
    """

    messages: tuple[Message, ...]
    max_tokens: int
    temperature: float = 0.0
    stop: tuple[str, ...] = ()
    seed: int = 0
    schema: Mapping[str, Json] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """A piece of a generated text.

    Attributes:
        text: what to append.
        tokens: tokens spent on it.
        finish: why generation ended: `stop`, `length`; "" while it goes on.
        logprob: sum of the log-probabilities of its tokens, where the engine tells.
    """

    text: str
    tokens: int = 0
    finish: str = ""
    logprob: float | None = None


class Generator(Protocol):
    """Runs a language model."""

    def stream(self, prompt: Prompt, context: Context) -> AsyncIterator[Chunk]:
        """Yield the answer as it comes; stop soon after `context.cancel` is set."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """A piece of a transcript; times in seconds from the start of the audio."""

    start: float
    end: float
    text: str
    speaker: str = ""
    final: bool = True


class Transcriber(Protocol):
    """Turns speech into text."""

    def transcribe(self, audio: AsyncIterator[bytes], context: Context) -> AsyncIterator[Segment]:
        """Yield segments of 16 kHz mono 16-bit PCM as it comes in."""
        ...


class Painter(Protocol):
    """Turns a description into an image."""

    def paint(self, prompt: str, context: Context) -> bytes:
        """Return one PNG."""
        ...


class Tagger(Protocol):
    """Finds named stretches of text."""

    def tag(self, texts: Sequence[str], context: Context) -> Sequence[Sequence[Mark]]:
        """Return the marks of each text, in order."""
        ...


# Tasks, guards, steps.


class Task(Protocol[Q, R]):
    """Answers one kind of request."""

    async def run(self, request: Q, context: Context) -> R:
        """Return the response, or raise a `PlaitError`."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """What a guard may look at.

    Attributes:
        text: the whole text so far.
        final: whether nothing will follow.
        exchange: the exchange the text belongs to.
    """

    text: str
    final: bool
    exchange: Exchange


class Guard(Protocol):
    """Allows, alters or refuses."""

    @property
    def lookahead_chars(self) -> int | None:
        """Characters it must see beyond a point to judge it; None asks for whole sentences."""
        ...

    def check(self, view: View, context: Context) -> Verdict:
        """Return the verdict on what is in view."""
        ...


class Step(Protocol):
    """One step of a flow."""

    async def __call__(self, exchange: Exchange, context: Context) -> Exchange:
        """Return the exchange as it is after the step, or raise a `PlaitError`."""
        ...


# The evidence loop: what is measured is handed in.


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """Rows to fit on.

    Attributes:
        input: the features.
        columns: n values of each feature; sentinels are still in place.
        target: n values; class indexes for classes.
        classes: levels of the target in the order of the indexes; empty for a regression.
        problem: what is predicted.
        seed: of everything random in the fit.
    """

    input: Schema
    columns: Columns
    target: Sequence[float]
    classes: tuple[bool | int | float | str, ...]
    problem: Problem
    seed: int


class Runnable(Protocol):
    """Something that answers rows and can be scored."""

    def predict(self, columns: Columns, *, reasons: int = 0) -> Columns:
        """Answer n rows; see `Predictor.predict`."""
        ...


class Candidate(Protocol):
    """One way to meet a contract."""

    @property
    def name(self) -> str:
        """Its name in tables and decisions."""
        ...

    @property
    def paradigm(self) -> Paradigm:
        """What kind of method it is."""
        ...

    @property
    def complexity(self) -> int:
        """Rank of simplicity: of candidates that cannot be told apart the lower wins."""
        ...

    def configuration(self) -> Mapping[str, Json]:
        """Return everything that makes its fit what it is; part of the evidence."""
        ...

    def fit(self, sample: Sample) -> Runnable:
        """Fit on the sample and return what answers."""
        ...
