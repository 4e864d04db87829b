"""What rooms ask of each other: engines, tasks, guards, steps and candidates.

Everything here is structural: a class fits by having the methods, it inherits nothing.
"""

from collections.abc import (
    AsyncGenerator,
    AsyncIterator,
    Awaitable,
    Callable,
    Collection,
    Mapping,
    Sequence,
)
from dataclasses import dataclass, field
from typing import Literal, ParamSpec, Protocol, TypeAlias, TypeVar

from plait.core.artefact import Artefact
from plait.core.columns import Column, Columns
from plait.core.context import Context
from plait.core.contract import Direction, Paradigm, Problem
from plait.core.exchange import Exchange
from plait.core.ids import Json
from plait.core.prompt import Chunk, Prompt
from plait.core.request import PredictRequest
from plait.core.response import PredictResponse
from plait.core.schema import Field, Schema
from plait.core.verdict import Mark, Verdict

Q = TypeVar("Q", contravariant=True)
R = TypeVar("R", covariant=True)
P = ParamSpec("P")
T = TypeVar("T")
Place: TypeAlias = Literal["input", "passage", "output"]


# Engines: one small typed protocol each.


class Predictor(Protocol):
    """Runs an artefact of rows or texts. Synchronous and re-entrant; rows take less than 1 ms."""

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
            `lower` and `upper`; for texts `confidence`, and None as the prediction where it is too
            low; with reasons `reasons`, a list of `Reason` per row, and where the artefact keeps
            what a refusal is explained against `codes`, a list of `ReasonCode` per row.

        Raises:
            EngineError: the engine failed.
        """
        ...


class Embedder(Protocol):
    """Turns texts into vectors."""

    def embed(self, texts: Sequence[str], context: Context) -> Sequence[Column]:
        """Return one unit-length vector per text, all of one width."""
        ...


class Generator(Protocol):
    """Runs a language model. Safe between threads and event loops."""

    @property
    def name(self) -> str:
        """The model that speaks, as an answer names it."""
        ...

    @property
    def remote(self) -> bool:
        """Whether what it is asked leaves this machine."""
        ...

    def stream(self, prompt: Prompt, context: Context) -> AsyncGenerator[Chunk, None]:
        """Yield the answer as it comes; stop soon after `context.cancel` is set or it is closed.

        Raises:
            EngineError: the model, or the server that runs it, failed.
            InvalidRequest: the prompt is longer than the model can read.
            BudgetExceeded: the deadline has passed, or the tokens or the money are spent.
            Cancelled: nobody waits any more.
        """
        ...

    async def close(self) -> None:
        """Let go of processes and connections."""
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


class Work(Protocol):
    """Runs what takes longer than a millisecond in one of a bounded number of threads."""

    def __call__(
        self, work: Callable[P, T], /, *args: P.args, **keywords: P.kwargs
    ) -> Awaitable[T]:
        """Return what `work` returns, or raise what it raises."""
        ...


class Lookup(Protocol):
    """Features that tables tell as of a row's time; safe to share between threads."""

    @property
    def names(self) -> frozenset[str]:
        """The features."""
        ...

    @property
    def problem(self) -> str:
        """Why the newest tables do not answer; "" when they do."""
        ...

    def sent(self, taken: Schema) -> Schema:
        """Return what a caller sends, of what an artefact takes."""
        ...

    def asked(self, fields: Sequence[Field], names: Collection[str]) -> tuple[Field, ...]:
        """Return the fields to look for in a table that has columns of these names."""
        ...

    def filled(self, columns: Columns, now: float) -> Columns:
        """Return what an artefact takes, of what was sent; a row without a time is as of `now`.

        Raises:
            EngineError: the tables or the row hold what cannot be looked up.
        """
        ...

    def refresh(self) -> None:
        """Read the tables again when they have changed."""
        ...


class RowTask(Protocol):
    """Answers rows for one contract."""

    @property
    def contract(self) -> str:
        """Name of the contract."""
        ...

    @property
    def predictor(self) -> Predictor:
        """What runs the artefact."""
        ...

    @property
    def decision(self) -> str:
        """Id of the decision that chose it."""
        ...

    @property
    def input(self) -> Schema:
        """What a row that is sent has."""
        ...

    @property
    def lookup(self) -> Lookup | None:
        """What is looked up in tables before the artefact is asked."""
        ...

    @property
    def quick(self) -> bool:
        """Whether it answers within a millisecond, and may do so where others wait."""
        ...

    async def run(self, request: PredictRequest, context: Context) -> PredictResponse:
        """Return one prediction per row."""
        ...


class Task(Protocol[Q, R]):
    """Answers one kind of request."""

    async def run(self, request: Q, context: Context) -> R:
        """Return the response, or raise a `PlaitError`."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """What a guard may look at.

    Attributes:
        text: what to judge: all of a message or passage, or of an answer what is held back so far.
        final: whether nothing will follow.
        exchange: the exchange the text belongs to.
        place: where the text stands: what the user said, what was retrieved, what is answered.
    """

    text: str
    final: bool
    exchange: Exchange
    place: Place = "input"


class Guard(Protocol):
    """Allows, alters or refuses."""

    @property
    def name(self) -> str:
        """Its name in settings, verdicts and traces."""
        ...

    @property
    def lookahead_chars(self) -> int | None:
        """Characters it must see beyond a point to judge it; None asks for whole sentences."""
        ...

    def check(self, view: View, context: Context) -> Verdict:
        """Return the verdict on what is in view; may take milliseconds, so call it in a thread."""
        ...


class Step(Protocol):
    """One step of a flow."""

    async def __call__(self, exchange: Exchange, context: Context) -> Exchange:
        """Return the exchange as it is after the step, or raise a `PlaitError`."""
        ...


class Speaker(Step, Protocol):
    """A step that can give its answer piece by piece."""

    def stream(
        self, exchange: Exchange, context: Context
    ) -> AsyncGenerator[Chunk | Exchange, None]:
        """Yield the pieces as they come, and last the exchange with the whole answer."""
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
        groups: n numbers, or none: rows of one number are never parted by folds within the fit.
        monotone: feature -> how the answer may move as it grows, all else equal.
        interval: coverage of the interval, or of the set of levels, given with each answer; None
            leaves a regression the usual one and classes none.
        interval_by: a feature each of whose levels is to have that coverage, or `class` for each
            class; "" asks for it over all rows.
        reasons: whether a refusal is to be explained against the usual accepted row.
        quantile: of a regression, the quantile to answer with; None asks for the mean.
    """

    input: Schema
    columns: Columns
    target: Sequence[float]
    classes: tuple[bool | int | float | str, ...]
    problem: Problem
    seed: int
    groups: Sequence[int] = ()
    monotone: Mapping[str, Direction] = field(default_factory=dict)
    interval: float | None = None
    interval_by: str = ""
    reasons: bool = False
    quantile: float | None = None


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
