"""What every store can do. SQLite is one; a server database will be another."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import BinaryIO, Literal, Protocol, TypeAlias

from plait.core.decision import Role
from plait.core.ids import Json
from plait.core.job import JobState, Progress
from plait.store.record import (
    AuditRow,
    CollectionRow,
    DocumentRow,
    Immutable,
    JobRow,
    LogRow,
    PassageRow,
    R,
    ReleaseRow,
    Replaceable,
    RequestRow,
    SourceRow,
    VectorRow,
)

Lease: TypeAlias = Literal["held", "cancel", "lost"]
Match: TypeAlias = "str | int | float | None"
Code: TypeAlias = tuple[float, bytes]
"""A vector in 8 bits: what a step is worth, and a signed byte per number."""
Head: TypeAlias = tuple[int, int]
"""The newest change of a collection: its `seq` and `mark`; zeros before the first."""
Near: TypeAlias = tuple[PassageRow, DocumentRow]


class Documents(Protocol):
    """Keeps documents, their passages and vectors, and the log that indexes follow.

    It is the only truth: whatever an index finds counts only if `joined` still knows it.
    """

    def put(
        self,
        document: DocumentRow,
        source: SourceRow,
        passages: Sequence[PassageRow],
        vectors: Sequence[VectorRow] = (),
    ) -> DocumentRow:
        """Keep a document in place of the one of its collection and name, all of it or nothing.

        Args:
            document: `number` and `passages` are ignored.
            source: `document` is ignored.
            passages: in order; `number` and `document` are ignored.
            vectors: none, or one per passage; `passage` is ignored.

        Returns:
            The document with its number.
        """
        ...

    def remove(self, collection: str, name: str) -> DocumentRow | None:
        """Remove a document with all that was made of it; None when there is none of that name."""
        ...

    def remove_collection(self, collection: str) -> bool:
        """Remove a collection with its documents and log; False when there is none of that id."""
        ...

    def collection(self, tenant: str, name: str) -> tuple[CollectionRow, Head] | None:
        """Return a tenant's collection of that name and the newest change of it; cheap."""
        ...

    def log(self, collection: str, since: int) -> list[LogRow]:
        """Return the changes of a collection from the `seq` `since` on, that one included."""
        ...

    def passages(self, collection: str, first: int, last: int, limit: int) -> list[PassageRow]:
        """Return the first `limit` of the passages numbered `first` to `last`, in order."""
        ...

    def vectors(
        self, collection: str, model: str, first: int, last: int, limit: int
    ) -> list[tuple[int, int, Code]]:
        """Return the like of their vectors: passage, document, vector."""
        ...

    def joined(self, collection: str, tenant: str, numbers: Iterable[int]) -> Mapping[int, Near]:
        """Return those of the passages that are the collection's and the tenant's now."""
        ...

    def codes(self, model: str, numbers: Iterable[int]) -> Mapping[int, Code]:
        """Return the vectors of those of the passages that have one of that model."""
        ...

    def known(self, tenant: str, model: str, hashes: Iterable[str]) -> Mapping[str, Code]:
        """Return the vectors of texts that the tenant keeps already, by the texts' hashes."""
        ...

    def where(self, collection: str, metadata: Mapping[str, str]) -> list[int]:
        """Return the numbers of the documents whose metadata say all of `metadata`."""
        ...


class Store(Protocol):
    """Keeps what outlives the process. Safe between threads, and between processes on a machine.

    Whatever a verb here has returned from is on the disk, but for `record`, which is write-behind.
    Every verb may raise `StoreError`: `store_busy`, `store_full`, `store_read_only`,
    `store_damaged`, `store_unreachable`.
    """

    def transaction(self) -> AbstractContextManager[None]:
        """Make everything this thread writes within one: all of it is kept, or an error undoes it.

        What is read within is what was there before. `record` and blobs stand apart.
        """
        ...

    @property
    def documents(self) -> Documents:
        """The documents of its collections."""
        ...

    def put(self, *rows: Immutable | Replaceable) -> None:
        """Keep all of `rows` or none.

        A dataset, artefact, evidence or decision never changes: putting an equal one again does
        nothing. A key or a collection replaces the one of the same id.

        Raises:
            StoreError: `store_conflict`, the id is kept with another body.
        """
        ...

    def get(self, kind: type[R], row_id: str, /, *, tenant: str | None = None) -> R | None:
        """Return the row of that id, if `tenant` is not given or owns it."""
        ...

    def find(
        self,
        kind: type[R],
        /,
        *,
        tenant: str | None = None,
        before: float | None = None,
        limit: int | None = None,
        **equals: Match,
    ) -> list[R]:
        """Return the rows whose fields equal `equals`, newest first, created before `before`."""
        ...

    def blob_put(self, data: bytes | Path) -> str:
        """Keep the bytes, or the file at the path, and return their SHA-256 in hex."""
        ...

    def blob_path(self, sha256: str) -> Path:
        """Return a read-only file whose bytes were just found to have that hash.

        Raises:
            StoreError: `blob_missing`, there is none, or it was damaged.
        """
        ...

    def blob_open(self, sha256: str) -> BinaryIO:
        """Return the bytes as a stream; raises as `blob_path` does."""
        ...

    def release(self, row: ReleaseRow) -> int:
        """Append a release and return the `seq` it was given; `row.seq` is ignored."""
        ...

    def releases(self) -> Mapping[tuple[str, Role], ReleaseRow]:
        """Return what is in force: the newest release of each contract and role."""
        ...

    def change_counter(self) -> int:
        """Return a number that grows with every release and every key, by whatever process.

        Cheap enough to ask several times a second.
        """
        ...

    def record(self, row: RequestRow) -> None:
        """Keep the record of a request soon: in 200 ms, or with 1,000 others, whichever is first.

        Returns at once. A full queue drops `content`, never the rest. `get` and `find` see the
        row from now on.
        """
        ...

    def flush(self) -> None:
        """Wait until every recorded request is written."""
        ...

    @property
    def pending(self) -> int:
        """Requests recorded and not yet written."""
        ...

    @property
    def dropped(self) -> int:
        """Requests whose content was dropped since the store was opened."""
        ...

    def job_submit(self, row: JobRow, *, once: bool = False) -> JobRow:
        """Queue a job, or return the unended one of the same tenant, kind and key instead.

        With `once` a job that is done makes another needless too.
        """
        ...

    def job_claim(self, owner: str, seconds: float, job_id: str = "") -> JobRow | None:
        """Lease the oldest job that waits, or whose owner's lease ran out, for `seconds`.

        Of several claimers one gets it. With `job_id` only that job. None when there is none.
        """
        ...

    def job_renew(
        self, job_id: str, owner: str, seconds: float, progress: Progress | None = None
    ) -> Lease:
        """Hold on to a job for `seconds` from now, and say how far it has come.

        Returns:
            `held`; `cancel` when it is held and somebody asked it to stop; `lost` when it is not
            the owner's any more.
        """
        ...

    def job_finish(
        self, job_id: str, owner: str, state: JobState, result: Json = None, error: Json = None
    ) -> bool:
        """End a job; False when it was not the owner's any more and nothing was changed."""
        ...

    def job_cancel(self, job_id: str) -> JobRow | None:
        """Ask a running job to stop; end one that waits, or whose owner's lease ran out.

        Returns:
            The job; None if unknown.
        """
        ...

    def step_put(self, job_id: str, name: str, result: Json) -> None:
        """Keep the result of a step; the first one kept stays. It clears the job's `attempts`.

        Raises:
            UnknownName: there is no such job.
        """
        ...

    def steps(self, job_id: str) -> dict[str, Json]:
        """Return the kept results by name, in the order they were kept."""
        ...

    def audit(
        self,
        actor: str,
        action: str,
        target: str,
        details: Mapping[str, Json],
        tenant: str = "default",
    ) -> AuditRow:
        """Append to the audit chain and return the new link."""
        ...

    def audit_check(self) -> int | None:
        """Return the `seq` of the first link that was changed or follows a gap; None when whole."""
        ...

    def backup(self, target: Path) -> None:
        """Write everything, as it is at one moment, to a new folder that `restore` reads.

        Raises:
            InvalidSettings: `folder_in_use`, the target exists and is not an empty folder.
        """
        ...

    def close(self) -> None:
        """Write what is pending and let go of every file."""
        ...

    def __enter__(self) -> "Store": ...
    def __exit__(self, *_: object) -> None: ...
