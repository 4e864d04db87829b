"""Documents, their passages and vectors in SQLite, and the log that indexes follow."""

import json
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Literal, cast

import apsw

from plait.store.base import Code, Head, Near
from plait.store.database import Database, Value
from plait.store.mapper import table
from plait.store.record import (
    CollectionRow,
    DocumentRow,
    LogRow,
    PassageRow,
    SourceRow,
    VectorRow,
)

_DOCUMENT, _SOURCE = table(DocumentRow), table(SourceRow)
_PASSAGE, _VECTOR, _LOG = table(PassageRow), table(VectorRow), table(LogRow)

_VECTORS = (
    "SELECT p.number, p.document, v.scale, v.code FROM passage p"
    " JOIN vector v ON v.passage = p.number AND v.model = ?"
    " WHERE p.collection = ? AND p.number BETWEEN ? AND ? ORDER BY p.number LIMIT ?"
)
_CODES = (
    "SELECT passage, scale, code FROM vector"
    " WHERE model = ? AND passage IN (SELECT value FROM json_each(?))"
)
_AMONG = "IN (SELECT value FROM json_each(?))"
_KNOWN = (
    "SELECT p.sha256, v.scale, v.code FROM passage p"
    " JOIN vector v ON v.passage = p.number AND v.model = ?"
    " WHERE p.tenant = ? AND p.sha256 IN (SELECT value FROM json_each(?))"
)
_WHERE = (
    "SELECT number FROM document WHERE collection = ? AND NOT EXISTS ("
    " SELECT 1 FROM json_each(?) asked WHERE NOT EXISTS ("
    " SELECT 1 FROM json_each(document.metadata) said"
    " WHERE said.key = asked.key AND said.value = asked.value))"
)
_HEAD = "SELECT seq, mark FROM index_log WHERE collection = ? ORDER BY seq DESC LIMIT 1"
_ENDS = "SELECT min(number), max(number) FROM passage WHERE document = ?"


class SqliteDocuments:
    """What each verb does is said at `plait.store.base.Documents`."""

    def __init__(self, database: Database, reader: Database) -> None:
        self._database = database
        self._reader = reader

    def put(
        self,
        document: DocumentRow,
        source: SourceRow,
        passages: Sequence[PassageRow],
        vectors: Sequence[VectorRow] = (),
    ) -> DocumentRow:
        """Keep a document, in place of the one of its name."""
        with self._database.transaction() as connection:
            old = connection.execute(
                "SELECT number FROM document WHERE collection = ? AND name = ?",
                (document.collection, document.name),
            ).fetchall()
            for (number,) in old:
                _remove(connection, document.collection, cast(int, number))
            number = _next(connection, "document")
            document = replace(document, number=number, passages=len(passages))
            connection.execute(_DOCUMENT.insert, _DOCUMENT.values(document))
            connection.execute(_SOURCE.insert, _SOURCE.values(replace(source, document=number)))
            first = _next(connection, "passage")
            numbered = list(enumerate(passages, first))
            connection.executemany(
                _PASSAGE.insert,
                [_PASSAGE.values(replace(p, number=at, document=number)) for at, p in numbered],
            )
            connection.executemany(
                _VECTOR.insert,
                [_VECTOR.values(replace(v, passage=at)) for at, v in enumerate(vectors, first)],
            )
            _log(connection, document.collection, "add", first, first + len(passages) - 1)
        return document

    def remove(self, collection: str, name: str) -> DocumentRow | None:
        """Remove a document with all that was made of it."""
        with self._database.transaction() as connection:
            where = f"{_DOCUMENT.select} WHERE collection = ? AND name = ?"
            found = connection.execute(where, (collection, name)).fetchall()
            if not found:
                return None
            document = _DOCUMENT.row(found[0])
            _remove(connection, collection, document.number)
        return document

    def remove_collection(self, collection: str) -> bool:
        """Remove a collection with all its documents."""
        with self._database.transaction() as connection:
            connection.execute("DELETE FROM document WHERE collection = ?", (collection,))
            connection.execute("DELETE FROM index_log WHERE collection = ?", (collection,))
            connection.execute("DELETE FROM collection WHERE id = ?", (collection,))
            return bool(connection.changes())

    def collection(self, tenant: str, name: str) -> tuple[CollectionRow, Head] | None:
        """Return a tenant's collection of that name and the newest change of it."""
        rows = table(CollectionRow)
        sql = f"{rows.select} WHERE tenant = ? AND name = ?"
        found = [rows.row(row) for row in self._reader.rows(sql, (tenant, name))]
        if not found:
            return None
        for seq, mark in self._reader.rows(_HEAD, (found[0].id,)):
            return found[0], (_int(seq), _int(mark))
        return found[0], (0, 0)

    def log(self, collection: str, since: int) -> list[LogRow]:
        """Return the changes of a collection from `since` on, in order."""
        sql = f"{_LOG.select} WHERE collection = ? AND seq >= ? ORDER BY seq"
        return [_LOG.row(row) for row in self._reader.rows(sql, (collection, since))]

    def passages(self, collection: str, first: int, last: int, limit: int) -> list[PassageRow]:
        """Return the passages numbered `first` to `last`, in order."""
        sql = (
            f"{_PASSAGE.select} WHERE collection = ? AND number BETWEEN ? AND ?"
            " ORDER BY number LIMIT ?"
        )
        return [_PASSAGE.row(r) for r in self._reader.rows(sql, (collection, first, last, limit))]

    def vectors(
        self, collection: str, model: str, first: int, last: int, limit: int
    ) -> list[tuple[int, int, Code]]:
        """Return the vectors of the passages numbered `first` to `last`, in order."""
        rows = self._reader.rows(_VECTORS, (model, collection, first, last, limit))
        return [(_int(number), _int(document), _code(*code)) for number, document, *code in rows]

    def joined(self, collection: str, tenant: str, numbers: Iterable[int]) -> Mapping[int, Near]:
        """Return those passages that are there, each with its document."""
        sql = f"{_PASSAGE.select} WHERE collection = ? AND tenant = ? AND number {_AMONG}"
        rows = self._reader.rows(sql, (collection, tenant, json.dumps(list(numbers))))
        passages = [_PASSAGE.row(row) for row in rows]
        wanted = json.dumps(list({passage.document for passage in passages}))
        rows = self._reader.rows(f"{_DOCUMENT.select} WHERE number {_AMONG}", (wanted,))
        documents = {document.number: document for document in map(_DOCUMENT.row, rows)}
        return {
            passage.number: (passage, documents[passage.document])
            for passage in passages
            if passage.document in documents  # it may have gone in between
        }

    def codes(self, model: str, numbers: Iterable[int]) -> Mapping[int, Code]:
        """Return the vectors of those passages that have one."""
        rows = self._reader.rows(_CODES, (model, json.dumps(list(numbers))))
        return {_int(number): _code(*code) for number, *code in rows}

    def known(self, tenant: str, model: str, hashes: Iterable[str]) -> Mapping[str, Code]:
        """Return the vectors of texts that the tenant has already, by the texts' hashes."""
        rows = self._reader.rows(_KNOWN, (model, tenant, json.dumps(list(hashes))))
        return {str(sha256): _code(*code) for sha256, *code in rows}

    def where(self, collection: str, metadata: Mapping[str, str]) -> list[int]:
        """Return the numbers of the documents that say all of `metadata`."""
        asked = (collection, json.dumps(dict(metadata)))
        return [_int(number) for (number,) in self._reader.rows(_WHERE, asked)]


def _remove(connection: apsw.Connection, collection: str, document: int) -> None:
    asked = (document,)
    first, last = connection.execute(_ENDS, asked).fetchall()[0]
    connection.execute("DELETE FROM document WHERE number = ?", asked)  # and all that hangs on it
    ends = (0, -1) if first is None else (_int(first), _int(last))
    _log(connection, collection, "remove", *ends)


def _log(
    connection: apsw.Connection,
    collection: str,
    op: Literal["add", "remove"],
    first: int,
    last: int,
) -> None:
    row = LogRow(collection=collection, op=op, first=first, last=last, mark=secrets.randbits(62))
    connection.execute(_LOG.insert, (None, *_LOG.values(row)[1:]))  # seq is assigned


def _next(connection: apsw.Connection, name: str) -> int:
    """Return the number that the next row of a table gets."""
    found = connection.execute("SELECT seq FROM sqlite_sequence WHERE name = ?", (name,)).fetchall()
    return _int(found[0][0]) + 1 if found else 1


def _code(scale: Value, code: Value) -> Code:
    return cast(float, scale), cast(bytes, code)


def _int(value: Value) -> int:
    return cast(int, value)
