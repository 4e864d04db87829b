"""What answers for each contract at this moment, swapped when a release changes."""

import logging
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from threading import Event, Lock, Thread

from plait.app.lookup import lookup_of
from plait.core.columns import Scalar
from plait.core.contract import Contract
from plait.core.errors import PlaitError, UnknownName
from plait.core.protocol import Predictor, RowTask
from plait.core.schema import Field
from plait.core.table import Table
from plait.engines.base import load
from plait.registry.artefact import artefact_folder
from plait.registry.dataset import columns_of
from plait.registry.decision import find_decision
from plait.store.base import Store
from plait.store.record import ReleaseRow
from plait.tasks import TABLE

log = logging.getLogger(__name__)
INTERVAL_SECONDS = 0.25
RETRY_SECONDS = 10.0

tasks: Table[Callable[..., RowTask]] = Table("tasks", TABLE)


class Live:
    """The champions, loaded and warm.

    A release is loaded and warmed beside the old one, then takes its place between two requests;
    requests under way end on what they began with. A release that fails to load leaves the old one
    answering, is named in `failures`, and is tried again every ten seconds.

    Attributes:
        failures: contract -> why its newest release could not be loaded.
    """

    def __init__(
        self, store: Store, contracts: Mapping[str, Contract], folder: Path, data: Path = Path()
    ) -> None:
        """Answer by what is released in `store`.

        Args:
            store: of the project.
            contracts: of the project.
            folder: for the artefacts' files.
            data: where relative paths of tables start.
        """
        self.failures: dict[str, str] = {}
        self._store = store
        self._contracts = contracts
        self._folder = folder
        self._data = data
        self._tasks: Mapping[str, RowTask] = {}
        self._taken: dict[str, int] = {}
        self._counter = -1
        self._looked = 0.0
        self._again = 0.0
        self._lock = Lock()
        self._stop = Event()
        self._thread: Thread | None = None

    def task(self, contract: str) -> RowTask:
        """Return what answers for the contract.

        Raises:
            UnknownName: there is no such contract, or nothing answers for it yet.
        """
        task = self.tasks().get(contract)
        if task is not None:
            return task
        if contract not in self._contracts:
            raise UnknownName.of("unknown_contract", "contract", contract, list(self._contracts))
        failure = self.failures.get(contract)
        raise UnknownName(
            "not_trained",
            f"nothing answers for {contract!r}" + (f": {failure}" if failure else " yet"),
            hint=f"`plait train {contract}`",
        )

    def tasks(self) -> Mapping[str, RowTask]:
        """Return everything that answers now, by contract."""
        if self._thread is None and time.monotonic() - self._looked > INTERVAL_SECONDS:
            self.refresh()
        return self._tasks

    def problems(self) -> dict[str, str]:
        """Return contract -> why what answers for it is not the newest, where that is so."""
        tables = {
            name: task.lookup.problem
            for name, task in self._tasks.items()
            if task.lookup is not None and task.lookup.problem
        }
        return tables | self.failures

    def refresh(self) -> None:
        """Take every release that is new since the last look."""
        with self._lock:
            self._looked = time.monotonic()
            for task in self._tasks.values():
                if task.lookup is not None:
                    task.lookup.refresh()
            counter = self._store.change_counter()
            due = bool(self.failures) and time.monotonic() > self._again
            if counter == self._counter and not due:
                return
            for (contract, role), row in self._store.releases().items():
                if role == "champion" and contract in self._contracts:
                    self._take(contract, row)
            self._counter = counter

    def watch(self) -> None:
        """Look for new releases four times a second, in a thread, until `close`."""
        self.refresh()
        self._thread = Thread(target=self._watch, name="plait-releases", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop watching."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()

    def _watch(self) -> None:
        while not self._stop.wait(INTERVAL_SECONDS):
            try:
                self.refresh()
            except PlaitError as error:  # the store may be busy; the next look comes soon
                log.warning("looking for releases: %s", error)

    def _take(self, contract: str, row: ReleaseRow) -> None:
        if self._taken.get(contract) == row.seq:
            return
        try:
            folder = artefact_folder(self._store, row.artefact, self._folder)
            predictor = load(folder, verify=False)  # the folder was just verified
            _warm(predictor)
            decision = find_decision(self._store, row.decision)
            ignored = columns_of(self._store, decision)
            lookup = lookup_of(self._store, decision, self._contracts[contract], self._data)
        except PlaitError as error:
            if error.retryable:  # a busy store: the next look takes it
                raise
            self._again = time.monotonic() + RETRY_SECONDS
            self.failures[contract] = str(error)
            log.error("release %d of %s cannot be loaded: %s", row.seq, contract, error)
        else:
            self.failures.pop(contract, None)
            task = tasks.load(predictor.artefact.manifest.task)(
                contract,
                predictor,
                decision=row.decision,
                operating_point=decision.operating_point,
                ignored=ignored,
                lookup=lookup,
            )
            self._tasks = {**self._tasks, contract: task}  # one assignment: readers need no lock
            self._taken[contract] = row.seq


def _warm(predictor: Predictor) -> None:
    """Answer what could be real once, so that the first request finds everything loaded."""
    manifest = predictor.artefact.manifest
    if manifest.task == "series":
        predictor.predict({"history": [[0.0, 1.0]], "horizon": [1]})
    else:
        predictor.predict({field.name: [_usual(field)] for field in manifest.input.fields})


def _usual(field: Field) -> Scalar:
    """Return a value the field may have."""
    if field.kind == "number":
        return field.low or 0.0
    if field.kind == "boolean":
        return False
    return field.levels[0] if field.levels else ""
