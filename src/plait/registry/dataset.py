"""Dataset versions: rows kept for good as Parquet, under an id that hashes rows and schema."""

import time

from plait.core.errors import UnknownName
from plait.core.ids import Json
from plait.core.privacy import Privacy
from plait.store.base import Store
from plait.store.frame import Frame
from plait.store.record import DatasetRow
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
    columns: list[Json] = [{"name": each.name, "kind": each.kind} for each in frame.columns]
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
