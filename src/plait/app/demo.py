"""`plait demo`: the lending desk, walked through once on real data."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import cast

from plait.app.app import App
from plait.app.project import APPLICANTS, init_desk
from plait.app.settings import FILE, cache_folder
from plait.app.yaml_node import read_yaml
from plait.core.decision import Decision
from plait.core.extras import installed
from plait.core.ids import Json
from plait.core.prompt import Message
from plait.core.response import ChatResponse, PredictResponse
from plait.core.settings import Node, parse
from plait.registry.catalogue import find_row
from plait.registry.origin import Report
from plait.registry.pull import find_pulled, pull
from plait.store.record import JobRow
from plait.tasks.search.ingest import Report as IngestReport

CONTRACT = "loan-approval"
INTENT = "intent"
FLOW = "desk"
COLLECTIONS = ("policies", "plait")
LEAK = "typur"
DATA = "loanapp"
WEIGHTS = ("minilm-l6", "smollm2-135m", "spacy-en")
Watch = Callable[[JobRow], None]


@dataclass(frozen=True, slots=True)
class Exchanged:
    """One of the five exchanges.

    Attributes:
        id: what it is called.
        shows: what it is there to show.
        turns: what the user said and what was answered, in order.
        answer: the last answer.
        verdicts: what guards found on the way to it.
    """

    id: str
    shows: str
    turns: tuple[Message, ...]
    answer: ChatResponse
    verdicts: Json


def missing_libraries() -> list[str]:
    """Return the optional libraries that the conversation needs and that are not installed."""
    needed = ("aiohttp", "faiss", "onnx", "onnxruntime", "pypdfium2", "spacy", "tantivy")
    return [name for name in (*needed, "tokenizers", "xllamacpp") if not installed(name)]


def download_bytes(*, talks: bool) -> int:
    """Return what the demo has still to download."""
    rows = (DATA, *WEIGHTS) if talks else (DATA,)
    return sum(
        find_row(name).download_size for name in rows if find_pulled(name, cache_folder()) is None
    )


class Demo:
    """The lending desk in a folder; a second time it goes on with what is there."""

    def __init__(self, folder: Path, progress: Report | None = None) -> None:
        self.folder = folder
        if not (folder / FILE).exists():
            init_desk(folder, progress=progress)
        self.app = App.open(folder)

    def __enter__(self) -> "Demo":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        self.app.close()

    def train_with_leak(self, watch: Watch | None = None) -> Decision:
        """Train with a column that is known only afterwards; nothing is released."""
        return self.app.train(CONTRACT, add=(LEAK,), release=False, watch=watch)

    def train(self, watch: Watch | None = None) -> Decision:
        """Train as the contract says, and release the winner."""
        return self.app.train(CONTRACT, watch=watch)

    def answer(self) -> dict[str, PredictResponse]:
        """Answer the three applicants, with reasons."""
        return {
            name: self.app.predict(CONTRACT, row, reasons=3) for name, row in APPLICANTS.items()
        }

    def explain(self, request: str) -> dict[str, Json]:
        """Explain one of the answers."""
        return self.app.explain(request)

    @property
    def talks(self) -> bool:
        """Whether the folder's project has the flow to talk to; an older one has not."""
        return FLOW in self.app.flows.names()

    def pull(self, name: str, progress: Report | None = None) -> None:
        """Fetch weights, unless they are here already."""
        pull(name, cache_folder(), progress=progress)

    def train_intent(self, watch: Watch | None = None) -> Decision:
        """Fit what tells a request for a loan from a question about the policy."""
        return self.app.train(INTENT, watch=watch)

    def ingest(self) -> Iterator[IngestReport]:
        """Take in the documents of each collection."""
        for name in COLLECTIONS:
            yield self.app.collections.ingest(name)

    def talk(self) -> Iterator[Exchanged]:
        """Hold the five exchanges with the flow `desk`."""
        for script in _scripts():
            turns: list[Message] = []
            for said in script.messages:
                turns.append(Message(role="user", content=said))
                answer = self.app.ask(FLOW, turns)
                turns.append(Message(role="assistant", content=answer.text))
            verdicts = self.app.explain(answer.id)["verdicts"]
            yield Exchanged(script.id, script.shows, tuple(turns), answer, verdicts)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Script:
    """What a user says in one exchange, turn by turn."""

    id: str
    shows: str
    messages: tuple[str, ...]


def _scripts() -> list[_Script]:
    node = read_yaml(Path(__file__).with_name("lending") / "exchanges.yaml")
    return [parse(_Script, each) for each in cast("list[Node]", node.content)]
