"""Dataset versions: which there are, what is in one, how two differ."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from plait.core.errors import UnknownName
from plait.core.ids import Json
from plait.evaluate.difference import Difference, difference
from plait.registry.dataset import read_dataset
from plait.registry.decision import find_decisions, find_evidence
from plait.store.base import Store
from plait.store.record import DatasetRow

_LEAST = 4  # characters of an id that can stand for it


def find_dataset(store: Store, name: str) -> DatasetRow:
    """Return a dataset version by its id, or by the beginning of it when that is enough to tell.

    Raises:
        UnknownName: no dataset, or several, begin so.
    """
    row = store.get(DatasetRow, name)
    if row is not None:
        return row
    near = [each for each in store.find(DatasetRow) if each.id.startswith(name)]
    if len(near) == 1 and len(name) >= _LEAST:
        return near[0]
    problem = "several datasets begin with" if len(near) > 1 else "no dataset"
    raise UnknownName("unknown_dataset", f"{problem} {name!r}", hint="`plait datasets` lists them")


def list_datasets(store: Store, contract: str | None = None) -> list[dict[str, Json]]:
    """Return every dataset version, newest first, with the decisions that rest on it."""
    rows = store.find(DatasetRow) if contract is None else store.find(DatasetRow, contract=contract)
    used: dict[str, list[str]] = {}
    for decision in find_decisions(store, contract):
        if decision.evidence:
            dataset = find_evidence(store, decision.evidence).dataset
            used.setdefault(dataset, []).append(decision.id)
    return [
        {
            "id": row.id,
            "contract": row.contract,
            "rows": row.rows,
            "columns": len(cast("list[Json]", row.body["columns"])),
            "source": row.body["source"],
            "created": row.created,
            "decisions": used.get(row.id, []),
        }
        for row in rows
    ]


def describe_dataset(store: Store, name: str) -> dict[str, Json]:
    """Return a dataset version column by column: kind, missing values, range or levels.

    Raises:
        UnknownName: see `find_dataset`.
        StoreError: its bytes are missing or damaged.
    """
    row = find_dataset(store, name)
    frame = read_dataset(store, row.id)
    columns = [
        {"name": each.name, "kind": each.kind, **_summary(each.values)} for each in frame.columns
    ]
    return {
        "id": row.id,
        "contract": row.contract,
        "rows": row.rows,
        "source": row.body["source"],
        "created": row.created,
        "columns": columns,
    }


def compare_datasets(store: Store, before: str, after: str) -> Difference:
    """Return how a dataset version differs from another.

    Raises:
        UnknownName: see `find_dataset`.
        StoreError: the bytes of one are missing or damaged.
    """
    frames = [read_dataset(store, find_dataset(store, each).id) for each in (before, after)]
    old, new = ({each.name: each.values for each in frame.columns} for frame in frames)
    return difference(old, new)


def difference_record(found: Difference) -> dict[str, Json]:
    """Return a difference ready for JSON."""
    record: dict[str, Any] = asdict(found)
    return {**record, "same": found.same, "columns": [asdict(each) for each in found.columns]}


def _summary(values: NDArray[Any]) -> Mapping[str, Json]:
    """Return what a column holds: its range, or how many values and the commonest of them."""
    if values.dtype.kind == "f":
        there = values[np.isfinite(values)]
        summary: dict[str, Json] = {"missing": int(np.isnan(values).sum())}
        if there.size:
            low, middle, high = np.quantile(there, [0, 0.5, 1]).tolist()
            summary |= {"low": low, "median": middle, "high": high}
        return summary
    present = [str(value) for value in values.tolist() if value is not None]
    levels, rows = np.unique(np.array(present, dtype=np.str_), return_counts=True)
    common = levels[np.argsort(-rows, kind="stable")][:3].tolist()
    return {"missing": len(values) - len(present), "levels": len(levels), "commonest": common}
