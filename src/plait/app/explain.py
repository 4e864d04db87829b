"""One id explains everything: what a request touched, joined from every table."""

from collections.abc import Mapping, Sequence
from typing import cast

from plait.core.context import Principal
from plait.core.errors import PlaitError, UnknownName
from plait.core.ids import Json
from plait.core.privacy import Privacy
from plait.registry.artefact import artefact_manifest
from plait.registry.decision import find_decision, find_evidence
from plait.store.base import Store
from plait.store.record import DatasetRow, RequestRow

_ASKED = ("rows", "messages", "prompt", "query", "texts")
"""The parts of a record's content that were sent, one in each."""

_SERIES = ("history", "horizon")
"""What was sent of a series; the second may be absent."""


def explain(store: Store, request: str, principal: Principal) -> dict[str, Json]:
    """Return what is known of a recorded request, ready for JSON.

    Of the request itself `id`, `name`, `status`, `created`, `seconds`, `tenant`, `key` and
    `privacy`; `asked` (rows, messages, a query, of a series a mapping) and `answered` (predictions,
    or a mapping), None where content is not kept; `looked_up`, what tables said of each row, None
    where nothing was; `passages`, `verdicts`, `stages`, `usage`; and, where there is one,
    `artefact`, `decision`, `evidence` and `dataset`.

    Raises:
        UnknownName: no request of that id, or it is another tenant's.
    """
    row = store.get(RequestRow, request)
    if row is None or row.tenant != principal.tenant:
        raise UnknownName(
            "unknown_request",
            f"no recorded request {request!r}",
            hint="the id is in each answer and in the header x-request-id",
        )
    body = row.body
    content = cast("Mapping[str, Json]", row.content or {})
    found: dict[str, Json] = {
        "id": row.id,
        "name": row.name,
        "status": row.status,
        "created": row.created,
        "seconds": row.seconds,
        "tenant": row.tenant,
        "key": body.get("key", ""),
        "privacy": Privacy(row.privacy).word,
        "asked": _asked(content),
        "answered": content.get("predictions") or _answered(content),
        "looked_up": content.get("looked_up"),
        "stages": [
            _stage(span) for span in cast("Sequence[Mapping[str, Json]]", body.get("spans", ()))
        ],
        "usage": body.get("usage"),
        "passages": body.get("passages", []),
        "verdicts": body.get("verdicts", []),
    }
    if row.artefact:
        found["artefact"] = _artefact(store, row.artefact)
    if row.decision:
        found |= _decision(store, row.decision)
    return found


def _asked(content: Mapping[str, Json]) -> Json:
    """Return what was sent; None when it is not kept."""
    if "history" in content:
        return {name: content[name] for name in _SERIES if name in content}
    return next((content[name] for name in _ASKED if name in content), None)


def _answered(content: Mapping[str, Json]) -> Json:
    """Return what was answered apart from predictions; None when nothing was."""
    sent = (*_ASKED, *_SERIES)
    return {name: each for name, each in content.items() if name not in sent} or None


def _stage(span: Mapping[str, Json]) -> dict[str, Json]:
    return {
        "name": span["name"],
        "milliseconds": round(cast(float, span["seconds"]) * 1000, 4),
        "tags": span["tags"],
        "error": span["error"],
    }


def _artefact(store: Store, artefact: str) -> dict[str, Json]:
    try:
        manifest = artefact_manifest(store, artefact)
    except PlaitError as error:  # a trace may outlive what it names
        return {"id": artefact, "problem": str(error)}
    return {
        "id": artefact,
        "engine": manifest.engine,
        "problem": manifest.problem,
        "inputs": list(manifest.input.names),
        "size_mb": round(manifest.size / 1e6, 3),
        "origin": manifest.origin,
        "licence": manifest.licence,
    }


def _decision(store: Store, decision: str) -> dict[str, Json]:
    made = find_decision(store, decision)
    found: dict[str, Json] = {
        "decision": {
            "id": decision,
            "kind": made.kind,
            "created": made.created,
            "by": made.by,
            "winner": made.winner,
            "metric": made.metric,
            "standings": [
                {"name": s.name, "score": s.score, "low": s.low, "high": s.high, "why": s.why}
                for s in made.standings
            ],
            "operating_point": (
                None if made.operating_point is None else made.operating_point.record()
            ),
            "notes": list(made.notes),
        }
    }
    if made.evidence:
        evidence = find_evidence(store, made.evidence)
        dataset = store.get(DatasetRow, evidence.dataset)
        found["evidence"] = {
            "id": evidence.id,
            "target": evidence.contract["target"],
            "splits": evidence.splits,
            "libraries": evidence.libraries,
        }
        found["dataset"] = {
            "id": evidence.dataset,
            "rows": None if dataset is None else dataset.rows,
            "created": None if dataset is None else dataset.created,
        }
    return found
