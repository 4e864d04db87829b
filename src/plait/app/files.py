"""Files that callers uploaded: kept as they came, until something is made of them."""

import mimetypes
import time
from collections.abc import Mapping

from plait.core.context import Principal
from plait.core.errors import InvalidRequest, UnknownName
from plait.core.ids import content_id, new_id, sha256
from plait.core.privacy import Privacy
from plait.store.base import Store
from plait.store.record import CollectionRow, DocumentRow, SourceRow

HOLD = ".files"
"""The collection that holds them, one per tenant; nothing in it is ever searched."""
MAX_NAME = 255


class Files:
    """The uploaded files of one store. Tenants never see each other's."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def add(
        self, name: str, data: bytes, principal: Principal, note: Mapping[str, str] | None = None
    ) -> DocumentRow:
        """Keep a file.

        Args:
            name: as the caller calls it; folders before it are dropped.
            data: its bytes, at least one.
            principal: whose it is.
            note: what else to keep of it.

        Raises:
            InvalidRequest: the name is none, or there is nothing in the file.
        """
        name = name.replace("\\", "/").rpartition("/")[2]
        if not name.isprintable() or not name.strip(". ") or len(name) > MAX_NAME:
            raise InvalidRequest(
                "request_shape",
                f"this is not the name of a file of 1 to {MAX_NAME} characters",
                where="file",
            )
        if not data:
            raise InvalidRequest("request_shape", "there is nothing in the file", where="file")
        made = new_id("file")
        tenant, privacy, created = principal.tenant, int(Privacy.INTERNAL), time.time()
        row = DocumentRow(
            id=made,
            tenant=tenant,
            privacy=privacy,
            created=created,
            collection=self._hold(principal),
            name=made,
            sha256=sha256(data),
            size=len(data),
            media_type=mimetypes.guess_type(name)[0] or "application/octet-stream",
            recipe="",
            origin="given",
            metadata={**(note or {}), "filename": name},
        )
        source = SourceRow(tenant=tenant, privacy=privacy, created=created, original=data, text="")
        return self._store.documents.put(row, source, ())

    def list(self, principal: Principal) -> list[DocumentRow]:
        """Return a tenant's files, newest first."""
        return self._store.find(
            DocumentRow, tenant=principal.tenant, collection=_hold_id(principal)
        )

    def get(self, file: str, principal: Principal) -> DocumentRow:
        """Return what is known of a file.

        Raises:
            UnknownName: the tenant has none of that id.
        """
        found = self._store.find(
            DocumentRow, tenant=principal.tenant, collection=_hold_id(principal), id=file
        )
        if not found:
            raise UnknownName("unknown_document", "no file of that id", where=file[:60])
        return found[0]

    def data(self, file: str, principal: Principal) -> bytes:
        """Return the bytes of a file; raises as `get` does."""
        number = self.get(file, principal).number
        (source,) = self._store.find(SourceRow, tenant=principal.tenant, document=number)
        return source.original

    def remove(self, file: str, principal: Principal) -> None:
        """Remove a file; what was made of it stays. Raises as `get` does."""
        self._store.documents.remove(_hold_id(principal), self.get(file, principal).name)

    def _hold(self, principal: Principal) -> str:
        """Return the id of the collection that holds a tenant's files, making it if need be."""
        hold = _hold_id(principal)
        if self._store.get(CollectionRow, hold) is None:
            self._store.put(
                CollectionRow(
                    id=hold,
                    tenant=principal.tenant,
                    privacy=int(Privacy.INTERNAL),
                    created=time.time(),
                    name=HOLD,
                    size=0,
                )
            )
        return hold


def _hold_id(principal: Principal) -> str:
    return content_id("col", [HOLD, principal.tenant])
