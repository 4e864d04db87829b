"""Dataset versions: rows kept for good as Parquet, under an id that hashes rows and schema."""

import time
from typing import cast

from plait.core.decision import Decision
from plait.core.errors import UnknownName
from plait.core.ids import Json
from plait.core.privacy import Privacy
from plait.store.base import Store
from plait.store.frame import Frame
from plait.store.record import DatasetRow, EvidenceRow
from plait.store.table_read import read_table
from plait.store.table_write import parquet_bytes


def register_dataset(
    store: Store,
    dataset: str,
    frame: Frame,
    *,
    contract: str,
    source: str,
    tenant: str,
    privacy: Privacy,
) -> None:
    """Keep a dataset version under its id; one that is kept already is left as it is."""
    if store.get(DatasetRow, dataset) is not None:
        return
    columns: list[Json] = [
        {"name": each.name, "kind": each.kind, "nullable": each.nullable} for each in frame.columns
    ]
    store.put(
        DatasetRow(
            id=dataset,
            tenant=tenant,
            privacy=privacy,
            created=time.time(),
            contract=contract,
            rows=frame.height,
            blob=store.blob_put(parquet_bytes(frame)),
            body={"columns": columns, "source": source},
        )
    )


def read_dataset(store: Store, dataset: str) -> Frame:
    """Return the rows of a dataset version.

    Raises:
        UnknownName: there is no such dataset.
        StoreError: its bytes are missing or damaged.
    """
    row = store.get(DatasetRow, dataset)
    if row is None:
        raise UnknownName("unknown_dataset", f"no dataset {dataset!r}")
    return read_table(store.blob_path(row.blob))


def columns_of(store: Store, decision: Decision) -> frozenset[str]:
    """Return the names of the columns of the data that a decision rests on.

    A decision without evidence names no dataset version: then of every version of its contract.
    """
    if not decision.evidence:
        rows = store.find(DatasetRow, contract=decision.contract)
    else:
        evidence = store.get(EvidenceRow, decision.evidence)
        rested = "" if evidence is None else str(evidence.body["dataset"])
        rows = list(filter(None, [store.get(DatasetRow, rested)]))
    found = [cast("list[dict[str, str]]", row.body.get("columns", [])) for row in rows]
    return frozenset(column["name"] for columns in found for column in columns)
