"""What a flow is made of, with the decisions it cites and the times that were measured."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from statistics import median
from typing import Any, TypeAlias

from plait.app.flows import Flows
from plait.app.live import Live
from plait.core.errors import PlaitError
from plait.core.ids import Json
from plait.flow.base import facts
from plait.flow.route import RouteStep
from plait.store.base import Store
from plait.store.record import RequestRow

Place: TypeAlias = tuple[str, ...]
"""The way to a step: flow, step, and so on into the flows that a route leads to."""

RECENT = 500


def describe_flow(flows: Flows, live: Live, store: Store, name: str) -> dict[str, Json]:
    """Return a flow ready for JSON: `flow`, `requests` and `steps`.

    A step has its `step` name and what it was given; where its contract is decided `decision` and
    `winner`'s artefact; where it was measured `p50_ms` and `count`, over the last 500 requests of
    the flow; a route has `flows`, each again a list of steps.

    Raises:
        UnknownName: there is no such flow.
    """
    flows.steps(name)
    rows = store.find(RequestRow, name=name, limit=RECENT)
    times: dict[Place, list[float]] = defaultdict(list)
    for row in rows:
        for place, seconds in _measured(name, row.body):
            times[place].append(seconds)
    return {
        "flow": name,
        "requests": len(rows),
        "steps": _steps(flows, live, name, (name,), times),
    }


def _steps(
    flows: Flows, live: Live, name: str, way: Place, times: Mapping[Place, Sequence[float]]
) -> list[Json]:
    found: list[Json] = []
    seen: dict[str, int] = defaultdict(int)
    for step_name, step in flows.steps(name).steps:
        seen[step_name] += 1
        place = (*way, _numbered(step_name, seen[step_name]))
        told: dict[str, Json] = {"step": step_name, **facts(step)}
        if "contract" in told:
            told |= _decided(live, str(told["contract"]))
        if taken := times.get(place):
            told |= {"p50_ms": round(1000 * median(taken), 3), "count": len(taken)}
        if isinstance(step, RouteStep):
            told["flows"] = {
                each: _steps(flows, live, each, (*place, each), times) for each in step.leads_to
            }
        found.append(told)
    return found


def _decided(live: Live, contract: str) -> dict[str, Json]:
    try:
        task = live.task(contract)
    except PlaitError as error:
        return {"problem": str(error)}
    return {"decision": task.decision, "artefact": task.predictor.artefact.id}


def _measured(flow: str, body: Mapping[str, Any]) -> Iterator[tuple[Place, float]]:
    """Yield the way to each step of a recorded request, and the seconds it took."""
    spans: Sequence[Mapping[str, Any]] = body.get("spans", ())
    leads = {span["parent"]: span["tags"]["flow"] for span in spans if span["name"] == "intent"}
    ways: dict[int, Place] = {}
    seen: dict[Place, int] = defaultdict(int)
    for index, span in enumerate(spans):
        parent = span["parent"]
        if span["name"] == "flow" and parent == -1:
            ways[index] = (flow,)
        elif parent in ways:
            above = (*ways[parent], leads[parent]) if parent in leads else ways[parent]
            seen[*above, span["name"]] += 1
            ways[index] = (*above, _numbered(span["name"], seen[*above, span["name"]]))
            yield ways[index], span["seconds"]


def _numbered(name: str, number: int) -> str:
    return name if number == 1 else f"{name} {number}"
