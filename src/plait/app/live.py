"""What answers for each contract at this moment, swapped when a release changes."""

import logging
import math
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Lock, Thread

from plait.app.lookup import Lookup, lookup_of
from plait.core.columns import Scalar
from plait.core.contract import Contract
from plait.core.decision import Decision
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
RETRY_SECONDS = 2.0

tasks: Table[Callable[..., RowTask]] = Table("tasks", TABLE)


@dataclass(slots=True, eq=False)
class _Seat:
    """What is known of the release of one contract.

    Attributes:
        looking: held by the thread that looks for something newer.
        looked: when one last did.
        tried: number of the release that was loaded last, or could not be.
        again: when it is tried again.
        pause: until when nobody looks, after what was unexpected.
    """

    looking: Lock = field(default_factory=Lock)
    looked: float = -math.inf
    tried: int = -1
    again: float = math.inf
    pause: float = -math.inf


class Live:
    """The champions, loaded and warm.

    A release is loaded and warmed beside the old one, then takes its place between two requests;
    requests under way end on what they began with. A release that fails to load leaves the old one
    answering, is named in `failures`, and is tried again every two seconds. No contract waits for
    another one's: large tables that features are looked up in may take long to read.

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
        self._seats: dict[str, _Seat] = {}
        self._champions: Mapping[str, ReleaseRow] = {}
        self._counter = -1
        self._unexpected: dict[str, str] = {}
        self._lock = Lock()  # held for assignments only
        self._stop = Event()
        self._thread: Thread | None = None

    def task(self, contract: str) -> RowTask:
        """Return what answers for the contract.

        Raises:
            UnknownName: there is no such contract, or nothing answers for it yet.
        """
        if contract not in self._contracts:
            raise UnknownName.of("unknown_contract", "contract", contract, list(self._contracts))
        if self._thread is None:
            self._ask(contract)
        task = self._tasks.get(contract)
        if task is not None:
            return task
        failure = self.problems().get(contract)
        raise UnknownName(
            "not_trained",
            f"nothing answers for {contract!r}" + (f": {failure}" if failure else " yet"),
            hint="mend that: it is tried again" if failure else f"`plait train {contract}`",
        )

    def tasks(self) -> Mapping[str, RowTask]:
        """Return everything that answers now, by contract."""
        if self._thread is None:
            for contract in self._contracts:
                self._ask(contract)
        return self._tasks

    def problems(self) -> dict[str, str]:
        """Return contract -> why what answers for it is not the newest, where that is so."""
        tables = {
            name: task.lookup.problem
            for name, task in self._tasks.items()
            if task.lookup is not None and task.lookup.problem
        }
        unexpected = {name: told for name, told in self._unexpected.items() if name}
        return tables | self.failures | unexpected

    def refresh(self) -> None:
        """Take every release that is new since the last look, then tables that have changed."""
        self._survey()
        for contract in self._contracts:
            with self._seat(contract).looking:
                self._take(contract)
        for contract in self._contracts:
            with self._seat(contract).looking:
                self._renew(contract)

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
        """Look until `close`, at each contract in a thread of its own.

        What goes wrong unexpectedly ends one look, never the watch: it is its future's to tell.
        """
        looks: dict[str, Future[None]] = {}
        with ThreadPoolExecutor(1 + len(self._contracts), "plait-release") as pool:
            while not self._stop.wait(INTERVAL_SECONDS):
                if time.monotonic() > self._seat("").pause:
                    self._tell("", pool.submit(self._survey))
                for contract, look in list(looks.items()):
                    if look.done():
                        self._tell(contract, looks.pop(contract))
                for contract in self._contracts:
                    if contract not in looks and time.monotonic() > self._seat(contract).pause:
                        looks[contract] = pool.submit(self._look, contract)

    def _tell(self, contract: str, look: "Future[None]") -> None:
        """Say what a look ended with, where that is an error."""
        error = look.exception()
        if error is None:
            self._unexpected.pop(contract, None)
        elif isinstance(error, PlaitError):  # the store may be busy; the next look comes soon
            log.warning("looking for releases: %s", error)
        else:
            self._seat(contract).pause = time.monotonic() + RETRY_SECONDS
            self._unexpected[contract] = f"unexpected {type(error).__name__}: {error}"
            log.error("looking for releases of %s", contract or "all", exc_info=error)

    def _ask(self, contract: str) -> None:
        """Look for something newer to answer a question with, unless that was done just now."""
        seat = self._seat(contract)
        if time.monotonic() - seat.looked <= INTERVAL_SECONDS:
            return
        self._survey()
        self._look(contract)

    def _survey(self) -> None:
        """Read what is released."""
        counter = self._store.change_counter()
        if counter != self._counter:
            rows = self._store.releases().items()
            champions = {name: row for (name, role), row in rows if role == "champion"}
            with self._lock:
                self._champions, self._counter = champions, counter

    def _look(self, contract: str) -> None:
        """Take what is newer of one contract; leave it to whoever is at it already."""
        seat = self._seat(contract)
        if not seat.looking.acquire(blocking=contract not in self._tasks):
            return
        try:
            self._take(contract)
            self._renew(contract)
        finally:
            seat.looked = time.monotonic()
            seat.looking.release()

    def _seat(self, contract: str) -> _Seat:
        return self._seats.setdefault(contract, _Seat())

    def _renew(self, contract: str) -> None:
        """Read the tables of what answers again, where they have changed."""
        task = self._tasks.get(contract)
        if task is not None and task.lookup is not None:
            task.lookup.refresh()

    def _take(self, contract: str) -> None:
        """Load the newest release of a contract, where it does not answer yet."""
        row, seat = self._champions.get(contract), self._seat(contract)
        if row is None or (row.seq == seat.tried and time.monotonic() < seat.again):
            return
        try:
            folder = artefact_folder(self._store, row.artefact, self._folder)
            predictor = load(folder, verify=False)  # the folder was just verified
            _warm(predictor)
            decision = find_decision(self._store, row.decision)
            ignored = columns_of(self._store, decision)
            lookup = self._lookup(contract, decision, predictor)
        except PlaitError as error:
            if error.retryable:  # a busy store: the next look takes it
                raise
            seat.tried, seat.again = row.seq, time.monotonic() + RETRY_SECONDS
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
            with self._lock:  # one assignment: readers need none
                self._tasks = {**self._tasks, contract: task}
            seat.tried, seat.again = row.seq, math.inf

    def _lookup(self, contract: str, decision: Decision, predictor: Predictor) -> Lookup | None:
        taken = predictor.artefact.manifest.input
        return lookup_of(self._store, decision, self._contracts[contract], self._data, taken)


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
