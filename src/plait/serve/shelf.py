"""Whose collection is it? What `/v1/vector_stores` may show and change of them."""

from collections.abc import Mapping

from plait.app.app import App
from plait.app.files import HOLD
from plait.core.context import Principal
from plait.core.errors import UnknownName
from plait.core.ids import Json
from plait.serve.body import Body, unsupported
from plait.store.record import CollectionRow, DocumentRow

UNLIKE: Mapping[str, tuple[object, ...]] = {
    "chunking_strategy": ({"type": "auto"},),
    "expires_after": (),
}
"""Wishes on collections and their documents that are not served."""
FILE_ID = "file_id"
"""The attribute of a document that says which uploaded file it was made from."""
_MOST, _LONGEST_KEY, _LONGEST = 16, 64, 512  # as OpenAI has it


class Shelf:
    """The collections that a principal may see: its tenant's, and those of plait.yaml."""

    def __init__(self, app: App) -> None:
        self._app = app

    def owned(self, name: str, principal: Principal) -> CollectionRow | None:
        """Return a collection; None when plait.yaml names it and it was never filled.

        Raises:
            UnknownName: there is none of that name, or it is another tenant's.
        """
        rows = self._rows(principal)
        declared = self._app.collections.names()
        if name not in rows and name not in declared:
            known = [*declared, *rows]
            raise UnknownName.of(
                "unknown_collection", "vector store", name, known, "vector_store_id"
            )
        return rows.get(name)

    def records(self, principal: Principal) -> list[dict[str, Json]]:
        """Return every collection, newest first."""
        rows = self._rows(principal)
        empty = [name for name in self._app.collections.names() if name not in rows]
        return [self.record(name, principal) for name in (*rows, *empty)]

    def record(self, name: str, principal: Principal) -> dict[str, Json]:
        """Return a collection as its caller sees it; raises as `owned`."""
        row = self.owned(name, principal)
        documents = self.documents(name, principal)
        return {
            "id": name,
            "object": "vector_store",
            "created_at": int(row.created) if row else 0,
            "name": (row and row.body.get("title")) or name,
            "status": "completed",
            "usage_bytes": sum(each.size for each in documents),
            "file_counts": {
                "in_progress": 0,
                "completed": len(documents),
                "failed": 0,
                "cancelled": 0,
                "total": len(documents),
            },
            "metadata": (row and row.body.get("metadata")) or {},
            "last_active_at": int(max(each.created for each in documents)) if documents else None,
            "expires_after": None,
            "expires_at": None,
        }

    def create(
        self, title: str, metadata: Mapping[str, str], principal: Principal
    ) -> dict[str, Json]:
        """Make an empty collection, its vectors by the project's first embedder if it has one."""
        embedders = [name for name, kind in self._app.speakers().items() if kind == "embedder"]
        row = self._app.collections.create(
            title,
            embed=embedders[0] if embedders else "",
            body={"metadata": metadata},
            principal=principal,
        )
        return self.record(row.name, principal)

    def remove(self, name: str, principal: Principal) -> None:
        """Delete a collection.

        Raises:
            UnknownName: as `owned`.
            InvalidRequest: plait.yaml names it.
        """
        self.owned(name, principal)
        if name in self._app.collections.names():
            raise unsupported(
                "vector_store_id", "deleting a collection of plait.yaml", "take it out there"
            )
        self._app.collections.delete(name, principal)

    def documents(self, name: str, principal: Principal) -> list[DocumentRow]:
        """Return the documents of a collection, newest first; raises as `owned`."""
        self.owned(name, principal)
        return self._app.collections.documents(name, principal)

    def document(self, name: str, file_id: str, principal: Principal) -> DocumentRow:
        """Return the document that was made from a file, or has that id itself.

        Raises:
            UnknownName: as `owned`, or the collection has none of that id.
        """
        for row in self.documents(name, principal):
            if file_id in (row.metadata.get(FILE_ID), row.id):
                return row
        raise UnknownName("unknown_document", "no file of that id in it", where=file_id[:60])

    def _rows(self, principal: Principal) -> dict[str, CollectionRow]:
        rows = self._app.collections.rows(principal)
        return {row.name: row for row in rows if row.name != HOLD}


def attributes(body: Body, name: str) -> dict[str, str]:
    """Return what is said of a document, as it is kept: texts.

    Raises:
        InvalidRequest: it is no object of up to 16 attributes.
    """
    said = body.object(name)
    if said is None:
        return {}
    if len(said.values) > _MOST or any(len(key) > _LONGEST_KEY for key in said.values):
        raise body.wrong(name, f"up to {_MOST} attributes with keys of {_LONGEST_KEY} characters")
    return {key: attribute(said, key) for key in said.values}


def attribute(body: Body, name: str) -> str:
    """Return the text of one attribute: 3 and 3.0 are one number.

    Raises:
        InvalidRequest: it is no text, number or truth, or too long.
    """
    value = body.values.get(name)
    if isinstance(value, bool):
        return "true" if value else "false"
    text = f"{value:.15g}" if isinstance(value, float) else str(value)
    if not isinstance(value, str | int | float) or len(text) > _LONGEST:
        raise body.wrong(name, f"a text of up to {_LONGEST} characters, a number, true or false")
    return text
