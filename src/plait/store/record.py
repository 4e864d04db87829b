"""The rows a store keeps: one frozen class per table.

Ids are made by the callers: content hashes for what never changes, time-ordered ids for what
happens. `created` is seconds since 1970-01-01 UTC. Every class that may hold what people said or
sent has `tenant`, `subject` (whose data it is, "" when nobody's) and `privacy` (a
`plait.core.privacy.Privacy`), so that it can be found and erased.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias, TypeVar

from plait.core.decision import Role
from plait.core.ids import Json
from plait.core.job import JobState
from plait.core.passage import with_headings


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetRow:
    """An immutable version of rows.

    Attributes:
        id: hash of the canonical rows and schema.
        contract: name of the contract it was read for.
        rows: how many.
        blob: SHA-256 of the Parquet file among the blobs.
        body: schema, source and notes.
    """

    id: str
    tenant: str
    subject: str = ""
    privacy: int
    created: float
    contract: str
    rows: int
    blob: str
    body: Mapping[str, Json]


@dataclass(frozen=True, slots=True, kw_only=True)
class ArtefactRow:
    """An artefact; its files are blobs named by the hashes in the manifest, `body`."""

    id: str
    tenant: str
    subject: str = ""
    privacy: int
    created: float
    contract: str
    body: Mapping[str, Json]


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceRow:
    """What a bake-off ran and what it scored; `body` is `Evidence.record()`."""

    id: str
    tenant: str
    subject: str = ""
    privacy: int
    created: float
    contract: str
    body: Mapping[str, Json]


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionRow:
    """Who answers for a contract and why; `body` is `Decision.record()`.

    Attributes:
        kind: `measured` or `declared`.
        evidence: id of the evidence; "" when declared.
        artefact: id of the winner's artefact; "" when none met the contract.
    """

    id: str
    tenant: str
    subject: str = ""
    privacy: int
    created: float
    contract: str
    kind: str
    evidence: str
    artefact: str
    body: Mapping[str, Json]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseRow:
    """Which artefact answers for a contract from now on. Append-only: the newest row is in force.

    Attributes:
        seq: assigned by the store, rising.
        role: `champion`, `challenger` or `shadow`.
        by: who released it.
    """

    seq: int = 0
    tenant: str
    created: float
    contract: str
    role: Role
    artefact: str
    decision: str
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyRow:
    """An API key, without the key: only a hash of it is kept.

    Attributes:
        hash: of the secret, unique.
        expires: when it stops to work; None never.
        revoked: when it was withdrawn, or None.
    """

    id: str
    tenant: str
    created: float
    name: str
    hash: str
    scopes: tuple[str, ...]
    roles: tuple[str, ...] = ()
    expires: float | None = None
    revoked: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestRow:
    """The record of one request.

    Attributes:
        name: the contract or flow that answered.
        status: `done`, or the code of the error.
        seconds: how long it took.
        body: spans, tags and usage; kept always.
        content: what was sent and answered; None when it is not kept.
    """

    id: str
    tenant: str
    subject: str = ""
    privacy: int
    created: float
    name: str
    decision: str
    artefact: str
    status: str
    seconds: float
    body: Mapping[str, Json]
    content: Json = None


@dataclass(frozen=True, slots=True, kw_only=True)
class JobRow:
    """Long work and how far it has come.

    Attributes:
        key: idempotency key, within a tenant and kind.
        step: what is being done, for a person.
        done: units finished.
        total: units in all; 0 when not known.
        owner: who works on it, or did last.
        lease_until: when the owner counts as dead unless it renews.
        attempts: how often it was claimed since it last finished a step.
        cancel: whether somebody asked it to stop.
        result: what a done job made.
        error: why a failed one failed.
        updated: when the row last changed.
    """

    id: str
    tenant: str
    subject: str = ""
    privacy: int
    created: float
    key: str
    kind: str
    arguments: Mapping[str, Json]
    state: JobState = "queued"
    step: str = ""
    done: int = 0
    total: int = 0
    owner: str = ""
    lease_until: float = 0.0
    attempts: int = 0
    cancel: bool = False
    result: Json = None
    error: Json = None
    updated: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class StepRow:
    """The kept result of one finished step of a job."""

    job: str
    name: str
    tenant: str
    subject: str = ""
    privacy: int
    created: float
    result: Json


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditRow:
    """One link of the audit chain; never holds content.

    Attributes:
        actor: who did it, as a key's id or a keyed hash.
        action: what was done.
        target: the id it was done to.
        previous: hash of the link before; "" of the first.
        hash: SHA-256 over every other field.
    """

    seq: int
    created: float
    tenant: str
    actor: str
    action: str
    target: str
    details: Mapping[str, Json] = field(default_factory=dict)
    previous: str
    hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectionRow:
    """A set of documents of one tenant.

    Attributes:
        name: unique within the tenant.
        model: id of the artefact that makes its vectors; "" when it has none.
        size: most characters of a passage.
        body: what its maker wants to keep beside it, such as a title.
    """

    id: str
    tenant: str
    subject: str = ""
    privacy: int
    created: float
    name: str
    model: str = ""
    size: int
    body: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentRow:
    """A document of a collection, without its text.

    Attributes:
        id: hash of where it lies and of its text, so that it names the offsets too.
        number: assigned by the store, never twice.
        collection: id of the collection.
        name: path or name, unique within the collection.
        sha256: of the original bytes, in hex.
        size: bytes of the original.
        media_type: `text/markdown` and the like.
        recipe: how its passages and vectors were made; another one makes others.
        origin: `pattern` when a pattern of the settings found it, or else `given`.
        passages: how many it was cut into.
        metadata: what it says of itself, and what was said of it.
    """

    id: str
    number: int = 0
    tenant: str
    subject: str = ""
    privacy: int
    created: float
    collection: str
    name: str
    sha256: str
    size: int
    media_type: str
    recipe: str
    origin: str
    passages: int = 0
    metadata: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceRow:
    """What a document was made from, and the text that every offset counts in.

    Attributes:
        document: number of the document.
        original: the bytes as they came.
        text: as the parser left it.
    """

    document: int = 0
    tenant: str
    subject: str = ""
    privacy: int
    created: float
    original: bytes
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PassageRow:
    """A piece of a document.

    Attributes:
        number: assigned by the store, rising, never twice; a document's are consecutive.
        collection: id of the collection.
        document: number of the document.
        start: offset of its first character in the document's text.
        page: that it begins on, from 1; None where there are no pages.
        headings: what it stands under, the highest first.
        text: its characters.
        sha256: of `indexed`, in hex.
    """

    number: int = 0
    tenant: str
    subject: str = ""
    privacy: int
    created: float
    collection: str
    document: int = 0
    start: int
    page: int | None
    headings: tuple[str, ...]
    text: str
    sha256: str

    @property
    def indexed(self) -> str:
        """What an index sees of it."""
        return with_headings(self.headings, self.text)


@dataclass(frozen=True, slots=True, kw_only=True)
class VectorRow:
    """The vector of a passage in 8 bits: `scale` times the signed bytes of `code`.

    Attributes:
        passage: its number.
        model: id of the artefact that made it.
        scale: what one step of a byte is worth.
        code: a signed byte per number of the vector.
    """

    passage: int = 0
    model: str
    tenant: str
    subject: str = ""
    privacy: int
    created: float
    scale: float
    code: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class LogRow:
    """A change of a collection, which its indexes follow.

    Attributes:
        seq: assigned by the store, rising.
        collection: id of the collection.
        op: what happened to the passages `first` to `last`.
        first: number of a passage.
        last: number of a passage; below `first` when there are none.
        mark: a random number. A store that was restored gives a `seq` again, but no mark.
    """

    seq: int = 0
    collection: str
    op: Literal["add", "remove"]
    first: int
    last: int
    mark: int


Immutable: TypeAlias = DatasetRow | ArtefactRow | EvidenceRow | DecisionRow
Replaceable: TypeAlias = KeyRow | CollectionRow
Found: TypeAlias = DocumentRow | SourceRow | PassageRow | VectorRow | LogRow
Record: TypeAlias = (
    Immutable | Replaceable | Found | ReleaseRow | RequestRow | JobRow | StepRow | AuditRow
)
R = TypeVar("R", bound=Record)
