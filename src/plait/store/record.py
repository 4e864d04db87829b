"""The rows a store keeps: one frozen class per table.

Ids are made by the callers: content hashes for what never changes, time-ordered ids for what
happens. `created` is seconds since 1970-01-01 UTC. Every class that may hold what people said or
sent has `tenant`, `subject` (whose data it is, "" when nobody's) and `privacy` (a
`plait.core.privacy.Privacy`), so that it can be found and erased.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias, TypeVar

from plait.core.decision import Role
from plait.core.ids import Json
from plait.core.job import JobState


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


Immutable: TypeAlias = DatasetRow | ArtefactRow | EvidenceRow | DecisionRow
Record: TypeAlias = Immutable | ReleaseRow | KeyRow | RequestRow | JobRow | StepRow | AuditRow
R = TypeVar("R", bound=Record)
