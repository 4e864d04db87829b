"""`plait demo`: the lending desk, walked through once on real data."""

from collections.abc import Callable
from pathlib import Path
from types import TracebackType

from plait.app.app import App
from plait.app.project import APPLICANTS, init_desk
from plait.app.settings import FILE, cache_folder
from plait.core.decision import Decision
from plait.core.ids import Json
from plait.core.response import PredictResponse
from plait.registry.catalogue import find_row
from plait.registry.origin import Report
from plait.registry.pull import find_pulled
from plait.store.record import JobRow

CONTRACT = "loan-approval"
LEAK = "typur"
Watch = Callable[[JobRow], None]


def download_bytes() -> int:
    """Return what the demo has still to download."""
    here = find_pulled("loanapp", cache_folder())
    return 0 if here else find_row("loanapp").download_size


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
