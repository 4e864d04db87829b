"""`plait demo`: the lending desk, walked through once on real data."""

from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType

from plait.app.app import App
from plait.app.project import init_desk
from plait.app.settings import FILE, cache_folder
from plait.core.columns import Row
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

APPLICANTS: Mapping[str, Row] = {
    "steady": {
        "obrat": 28.0, "hrat": 22.0, "loanprc": 0.7, "loanamt": 110, "appinc": 72, "netw": 180.0,
        "chist": 1, "cons": 1, "mortg": 1, "mortno": 0, "pubrec": 0, "unem": 3.2,
    },
    "stretched": {
        "obrat": 46.0, "hrat": 36.0, "loanprc": 0.95, "loanamt": 150, "appinc": 58, "netw": 9.0,
        "chist": 1, "cons": 3, "mortg": 2, "mortno": 1, "pubrec": 0, "unem": 3.9,
    },
    "bankrupt": {
        "obrat": 41.0, "hrat": 27.0, "loanprc": 0.9, "loanamt": 95, "appinc": 44, "netw": 4.0,
        "chist": 0, "cons": 5, "mortg": 2, "mortno": 1, "pubrec": 1, "unem": 10.6,
    },
}  # fmt: skip
"""Three applications made up for the demo, each field within what the data holds."""


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
