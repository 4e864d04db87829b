"""Features that tables tell as of a row's time: of all rows of the data, and of each row asked.

The same object computes both. What it computes of the data becomes columns of the dataset version,
so that evidence is run again without the tables; what it computes of a row that is asked goes
before the artefact, which takes it like any other input.
"""

import logging
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock
from typing import cast

import numpy as np

from plait.core.columns import Column, Columns, height
from plait.core.contract import Contract, TableSource
from plait.core.decision import Decision
from plait.core.errors import InvalidSettings, PlaitError, UnknownName, suggestion
from plait.core.ids import Json
from plait.core.schema import Field, FieldKind, Schema
from plait.registry.decision import find_evidence
from plait.store.as_of import AsOf, raw_columns
from plait.store.as_of_select import Select, read_select
from plait.store.base import Store
from plait.store.frame import ColumnKind, Frame, check_names
from plait.store.record import DatasetRow
from plait.store.table_read import read_table
from plait.store.table_source import find_files
from plait.train.version import dataset_id

log = logging.getLogger(__name__)
LOOK_SECONDS = 1.0
_TRIES = 200  # one-row lookups that are timed
_PATIENCE_SECONDS = 2.0

_FIELDS: Mapping[ColumnKind, FieldKind] = {
    "number": "number",
    "boolean": "boolean",
    "string": "text",
    "time": "time",
}


@dataclass(frozen=True, slots=True)
class Version:
    """A table as it was read.

    Attributes:
        name: as `sql` calls it.
        source: where it lies.
        id: of its rows and schema, as a dataset version has it.
        rows: how many.
        timeless: how many of them have no time, where the table has a column of it.
        columns: name -> what its values are.
    """

    name: str
    source: TableSource
    id: str
    rows: int
    timeless: int
    columns: Mapping[str, ColumnKind]

    @classmethod
    def of(cls, name: str, source: TableSource, frame: Frame) -> "Version":
        """Return the version that the rows are."""
        times = frame[source.time].values.tolist() if source.time in frame.names else []
        return cls(
            name=name,
            source=source,
            id=dataset_id(frame.columns),
            rows=frame.height,
            timeless=sum(value is None or value != value for value in times),
            columns={each.name: each.kind for each in frame.columns},
        )

    def record(self) -> dict[str, Json]:
        """Return what identifies it, ready for JSON."""
        columns: list[Json] = [{"name": name, "kind": kind} for name, kind in self.columns.items()]
        return {"source": self.source.data, "version": self.id, "columns": columns}


class Lookup:
    """The features of one contract that are looked up; safe to share between threads.

    Tables are read again when their files have changed. While a new one cannot be read, the last
    that could goes on answering.

    Attributes:
        names: of the features.
        versions: of the tables that answer.
        problem: why the newest tables do not; "" when they do.
    """

    def __init__(
        self,
        contract: Contract,
        places: Mapping[str, TableSource],
        folder: Path,
        row: Mapping[str, ColumnKind],
        nullable: Collection[str] = (),
        taken: Schema | None = None,
    ) -> None:
        """Read the tables.

        Args:
            contract: has the SQL, the time of a row, and the times of the tables.
            places: where the tables lie.
            folder: where relative paths start.
            row: columns of the data -> what they are.
            nullable: those of them that may be missing.
            taken: what the artefact takes that was trained on the features; None before training.

        Raises:
            InvalidSettings: the SQL cannot be run on these tables and rows, or gives what the
                artefact was not trained on.
            InvalidData: a table cannot be read.
        """
        self.names = frozenset(contract.queries)
        self.problem = ""
        self._taken = taken
        self._time = contract.time
        self._folder = folder
        self._row = dict(row)
        self._nullable = frozenset(nullable)
        self._selects = selects_of(contract)
        used = {name for each in self._selects.values() for name in each.tables}
        for name in sorted(used - places.keys()):
            raise InvalidSettings(
                "settings_wrong_value",
                f"{name!r}, which the released {', '.join(self.names)} reads, is no table now",
                where="tables",
                hint="name it again, or train the contract anew",
            )
        self._places = {name: places[name] for name in sorted(used)}
        self._lock = Lock()
        self._looked = time.monotonic()
        self._seen = self._files()
        self.versions, self._as_of = self._read()

    def values(self, columns: Columns, rows: int) -> dict[str, Column]:
        """Return the features of some rows; see `AsOf.values`."""
        return self._as_of.values(columns, rows)

    def added(self, frame: Frame) -> Frame:
        """Return the rows of a contract's data with the features as columns."""
        columns = {each.name: each.values for each in frame.columns}
        values = self.values(columns, frame.height)
        return Frame((*frame.columns, *raw_columns(self._as_of.kinds, values)), frame.notes)

    def sent(self, taken: Schema) -> Schema:
        """Return what a caller sends, of what an artefact takes and the SQL reads."""
        reads = dict.fromkeys(name for each in self._selects.values() for name in each.reads)
        fields = {each.name: each for each in taken.fields if each.name not in self.names}
        for name in reads:
            kind = _FIELDS[self._row[name]]
            plain = Field(name=name, kind=kind, nullable=name in self._nullable)
            fields.setdefault(name, plain)
        if fields[self._time].kind == "time":  # without it a row is as of now
            fields[self._time] = replace(fields[self._time], nullable=True)
        return Schema(tuple(fields.values()))

    def asked(self, fields: Sequence[Field], names: Collection[str]) -> tuple[Field, ...]:
        """Return the fields to look for in a table of these columns: its time may be absent."""
        spare = self._time if self._row[self._time] == "time" else ""
        return tuple(each for each in fields if each.name in names or each.name != spare)

    def filled(self, columns: Columns, now: float) -> dict[str, Column]:
        """Return what an artefact takes of what was sent.

        Args:
            columns: as `sent` has them; the time may be absent.
            now: seconds since 1970-01-01 UTC, the time of a row that has none.

        Raises:
            EngineError: `engine_failed`, see `AsOf.values`.
        """
        rows = height(columns)
        found: dict[str, Column] = dict(columns)
        if self._row[self._time] == "time":
            moment = datetime.fromtimestamp(now, UTC).isoformat()
            times = columns.get(self._time, [None] * rows)
            found[self._time] = [moment if each is None else each for each in times]
        return found | self.values(found, rows)

    def refresh(self) -> None:
        """Read the tables again when their files have changed; looks once a second at most."""
        with self._lock:
            if time.monotonic() - self._looked < LOOK_SECONDS:
                return
            self._looked = time.monotonic()
            try:
                self._renew()
            except PlaitError as error:
                problem = f"the last tables that could be read go on answering: {error}"
                if problem != self.problem:
                    log.warning("%s: %s", ", ".join(sorted(self.names)), problem)
                self.problem = problem

    def _renew(self) -> None:
        try:
            seen = self._files()
        except PlaitError:
            self._seen = ()
            raise
        if seen == self._seen:
            return
        self._seen = seen  # what cannot be read is not tried again until it changes
        versions, fresh = self._read()
        if fresh.kinds != self._as_of.kinds:  # texts among what all were times, for one
            raise InvalidSettings(
                "settings_wrong_value",
                f"they give {_words(fresh.kinds)}, and gave {_words(self._as_of.kinds)}",
                hint="mend the tables, or train the contract anew",
            )
        self.versions, self._as_of, self.problem = versions, fresh, ""

    def _check_taken(self, kinds: Mapping[str, ColumnKind]) -> None:
        """Refuse features that are not of the kind that the artefact was trained on."""
        for field in self._taken.fields if self._taken else ():
            kind = kinds.get(field.name)
            before = "string" if field.kind in ("category", "text") else field.kind
            times = kind == "string" and before == "time"  # texts may all have been times
            if kind not in (None, before) and not times:
                raise InvalidSettings(
                    "settings_wrong_value",
                    f"the tables give a {kind} for it, and gave a {before} in training",
                    where=f"features.{field.name}.sql",
                    hint="mend the tables, or train the contract anew",
                )

    def notes(self) -> list[str]:
        """Return what a reader of a decision must know of the tables."""
        found = []
        for each in self.versions:
            readers = [name for name, select in self._selects.items() if each.name in select.tables]
            table = f"{each.name} ({each.rows:,} rows, {each.id})"
            if not each.source.time:
                found.append(f"{_listed(readers)}: {table} has no time and is always known.")
                continue
            found.append(
                f"{_listed(readers)}: looked up in the rows of {table} whose "
                f"{each.source.time} is before the {self._time} of a row."
            )
            if each.timeless:
                found.append(
                    f"{each.timeless:,} rows of {each.name} have no {each.source.time} and are "
                    "never read."
                )
        return found

    def speed(self, frame: Frame) -> str:
        """Return a sentence on how long looking up one row takes, on rows of the data."""
        rows = np.linspace(0, frame.height - 1, min(_TRIES, frame.height)).astype(np.int64)
        read = {name for each in self._selects.values() for name in each.reads}
        columns = {name: frame[name].values for name in read}
        self.values({name: values[:1] for name, values in columns.items()}, 1)
        taken: list[float] = []
        for row in rows.tolist():
            one = {name: values[row : row + 1].tolist() for name, values in columns.items()}
            start = time.perf_counter()
            self.values(one, 1)
            taken.append(time.perf_counter() - start)
            if sum(taken) > _PATIENCE_SECONDS:
                break
        p95 = 1000 * float(np.quantile(taken, 0.95))
        return (
            f"Looking up {_listed(list(self._selects))} takes {p95:.1f} ms for one row (95th "
            "percentile, on the machine that trained), on top of the figures of every candidate."
        )

    def _files(self) -> tuple[tuple[str, int, int, int], ...]:
        """Return what tells whether a file of a table has changed."""
        found = []
        for source in self._places.values():
            for file in find_files(self._folder / source.data, self._folder):
                try:
                    seen = file.stat()
                except OSError:
                    continue  # it went this moment: the next look misses it
                found.append((str(file), seen.st_mtime_ns, seen.st_size, seen.st_ino))
        return tuple(found)

    def _read(self) -> tuple[tuple[Version, ...], AsOf]:
        tables = {name: read_table(self._folder / each.data) for name, each in self._places.items()}
        as_of = AsOf(self._selects, tables, self._row)
        self._check_taken(as_of.kinds)
        places = self._places.items()
        return tuple(Version.of(name, each, tables[name]) for name, each in places), as_of


def selects_of(contract: Contract) -> dict[str, Select]:
    """Return the SELECT of each feature that is looked up.

    Raises:
        InvalidSettings: `settings_wrong_value`, with the feature.
    """
    tables = {name: source.time for name, source in contract.tables.items()}
    found = {}
    for name, sql in contract.queries.items():
        try:
            found[name] = read_select(sql, tables, contract.time)
        except InvalidSettings as error:
            error.where = f"features.{name}.sql"
            raise
    return found


def lookup_for(folder: Path, contract: Contract, frame: Frame) -> Lookup | None:
    """Return what looks up the features of a contract's data; None where it has none.

    Raises:
        InvalidSettings: the SQL reads what is no column, or none that it may read.
        InvalidData: a table cannot be read, or two features differ only in case.
    """
    if not contract.queries:
        return None
    check_names(contract.queries, "features")
    row = {each.name: each.kind for each in frame.columns}
    never = {contract.target, *(contract.fairness.groups if contract.fairness else ())}
    for name, select in selects_of(contract).items():
        wrong = ""
        if name.casefold() in {each.casefold() for each in row}:
            wrong, hint = f"{name!r} is a column of the data", "give the feature another name"
        for column in select.reads:
            if column not in row:
                wrong, hint = f"row.{column} is no column of the data", suggestion(column, row)
            elif column in never:
                wrong = f"row.{column} may not be read"
                hint = "no feature may know the target, or the groups of `fairness`"
        if wrong:
            where = f"features.{name}.sql"
            raise InvalidSettings("settings_wrong_value", wrong, where=where, hint=hint)
    return Lookup(contract, contract.tables, folder, row)


def lookup_of(
    store: Store, decision: Decision, contract: Contract, folder: Path, taken: Schema
) -> Lookup | None:
    """Return what looks up the features that a released decision rests on; None without any.

    The SQL is that of the decision, whatever the settings say by now; where the tables lie is
    theirs to say.

    Args:
        store: keeps the evidence and the dataset version.
        decision: that was released.
        contract: as it is set now.
        folder: where relative paths start.
        taken: what the artefact takes.

    Raises:
        UnknownName: `unknown_dataset`, the version of the data is gone.
        InvalidSettings, InvalidData: as of `Lookup`.
    """
    if not decision.evidence:
        return None
    evidence = find_evidence(store, decision.evidence)
    trained = Contract.read(evidence.contract)
    if not trained.queries:
        return None
    row = store.get(DatasetRow, evidence.dataset)
    if row is None:
        raise UnknownName("unknown_dataset", f"no dataset {evidence.dataset!r}")
    columns = cast("list[Mapping[str, Json]]", row.body["columns"])
    kinds = {str(each["name"]): cast(ColumnKind, each["kind"]) for each in columns}
    nullable = {str(each["name"]) for each in columns if each.get("nullable")}
    return Lookup(trained, contract.tables, folder, kinds, nullable, taken)


def _listed(names: Sequence[str]) -> str:
    """Return names as a person lists them."""
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))


def _words(kinds: Mapping[str, ColumnKind]) -> str:
    return ", ".join(f"a {kind} for {name}" for name, kind in sorted(kinds.items()))
