"""Decisions and the evidence behind them, and which artefact answers now."""

import time
from collections.abc import Callable, Mapping
from typing import TypeVar

from plait.core.decision import Decision, Evidence, Role
from plait.core.errors import StoreError, UnknownName
from plait.core.ids import Json
from plait.core.privacy import Privacy
from plait.store.base import Store
from plait.store.record import DecisionRow, EvidenceRow, ReleaseRow

T = TypeVar("T")


def register_decision(
    store: Store, decision: Decision, evidence: Evidence | None, *, tenant: str, privacy: Privacy
) -> str:
    """Keep a decision with its evidence, durably and for good; return its id."""
    rows: list[EvidenceRow | DecisionRow] = []
    if evidence is not None:
        rows.append(
            EvidenceRow(
                id=evidence.id,
                tenant=tenant,
                privacy=privacy,
                created=time.time(),
                contract=decision.contract,
                body=evidence.record(),
            )
        )
    rows.append(
        DecisionRow(
            id=decision.id,
            tenant=tenant,
            privacy=privacy,
            created=decision.created,
            contract=decision.contract,
            kind=decision.kind,
            evidence=decision.evidence,
            artefact=decision.artefact,
            body=decision.record(),
        )
    )
    store.put(*rows)
    return decision.id


def find_decision(store: Store, decision: str) -> Decision:
    """Return a decision by its id, or by the beginning of it when that is enough to tell.

    Raises:
        UnknownName: no decision, or several, begin so.
    """
    row = store.get(DecisionRow, decision)
    if row is not None:
        return _read(Decision.read, row)
    rows = store.find(DecisionRow)
    near = [each for each in rows if len(decision) >= 4 and each.id.startswith(decision)]
    if len(near) == 1:
        return _read(Decision.read, near[0])
    problem = "several decisions begin with" if near else "no decision"
    raise UnknownName(
        "unknown_decision", f"{problem} {decision!r}", hint="`plait decisions` lists them"
    )


def find_decisions(store: Store, contract: str | None = None) -> list[Decision]:
    """Return every decision, newest first, of one contract or of all."""
    rows = (
        store.find(DecisionRow) if contract is None else store.find(DecisionRow, contract=contract)
    )
    return [_read(Decision.read, row) for row in rows]


def find_evidence(store: Store, evidence: str) -> Evidence:
    """Return the evidence of that id.

    Raises:
        UnknownName: there is none.
    """
    row = store.get(EvidenceRow, evidence)
    if row is None:
        raise UnknownName(
            "unknown_decision",
            f"no evidence {evidence!r}",
            hint="a declared decision has none",
        )
    return _read(Evidence.read, row)


def release(
    store: Store, decision: Decision, *, by: str, tenant: str, role: Role = "champion"
) -> int:
    """Let the decision's winner answer for its contract from now on; return the release's number.

    A running server takes it within a second. Releases are never changed, so releasing an earlier
    decision again is how to go back.
    """
    with store.transaction():
        number = store.release(
            ReleaseRow(
                tenant=tenant,
                created=time.time(),
                contract=decision.contract,
                role=role,
                artefact=decision.artefact,
                decision=decision.id,
                by=by,
            )
        )
        store.audit(
            by,
            "release",
            decision.contract,
            details={
                "role": role,
                "decision": decision.id,
                "artefact": decision.artefact,
                "number": number,
            },
            tenant=tenant,
        )
    return number


def _read(read: Callable[[Mapping[str, Json]], T], row: DecisionRow | EvidenceRow) -> T:
    try:
        return read(row.body)
    except (KeyError, TypeError, ValueError) as error:
        raise StoreError(
            "store_newer",
            f"{row.id} has parts that this plait does not know, or lacks some: {error}",
            hint="pip install --upgrade plait",
        ) from None
