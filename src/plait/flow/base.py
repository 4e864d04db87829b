"""What a step of a flow is made of: its options, and the parts of the project it may use."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, Protocol, TypeAlias, TypeVar

from plait.core.contract import Contract
from plait.core.ids import Json
from plait.core.protocol import Embedder, Generator, Guard, RowTask, Step, Task, Work
from plait.core.request import SearchRequest
from plait.core.response import SearchResponse
from plait.core.table import Table
from plait.flow import TABLE

O_contra = TypeVar("O_contra", contravariant=True)
Search: TypeAlias = Task[SearchRequest, SearchResponse]


@dataclass(frozen=True, slots=True)
class PromptText:
    """A prompt and which version of it this is.

    Attributes:
        text: the prompt.
        version: `art_` and a hash of it.
    """

    text: str
    version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What steps are put together from. Each call raises `UnknownName` for what there is not.

    Attributes:
        live: contract -> the task that answers for it now; `not_trained` when none does.
        contract: name -> contract.
        generator: model -> what runs it.
        search: collection -> the task that searches it.
        embedder: collection -> what made its vectors; None when it has none.
        guard: name -> guard.
        prompt: name -> prompt, as it is now.
        flow: name -> a flow to go on with.
        revision: a hash of every release, prompt and collection version, as they are now.
        work: runs slow things in threads.
    """

    live: Callable[[str], RowTask]
    contract: Callable[[str], Contract]
    generator: Callable[[str], Generator]
    search: Callable[[str], Search]
    embedder: Callable[[str], Embedder | None]
    guard: Callable[[str], Guard]
    prompt: Callable[[str], PromptText]
    flow: Callable[[str], Step]
    revision: Callable[[], str]
    work: Work


class StepKind(Protocol[O_contra]):
    """What the table of steps holds: it makes a step.

    Its `Options` is a frozen dataclass: what plait.yaml may say of the step.
    """

    Options: ClassVar[type]

    def __call__(self, options: O_contra, parts: Parts) -> Step:
        """Return the step."""
        ...


steps: Table[StepKind[object]] = Table("steps", TABLE)


def facts(step: Step) -> dict[str, Json]:
    """Return what a step tells of itself to a person: what it was given, by name."""
    told = getattr(step, "facts", None)
    return told() if told else {}
