"""The collections of a project: those of plait.yaml, and those that were made while it ran."""

import asyncio
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from threading import Lock

from plait.app.paths import find_documents
from plait.app.settings import Project
from plait.core.context import LOCAL, Context, Principal
from plait.core.errors import UnknownName
from plait.core.ids import Json, content_id, new_id
from plait.core.privacy import Privacy
from plait.core.protocol import Embedder, Work
from plait.store.base import Store
from plait.store.index import CollectionIndex
from plait.store.record import CollectionRow, DocumentRow, SourceRow
from plait.tasks.search.ingest import Given, Report, Taken, Watch, ingest
from plait.tasks.search.task import Encoder, SearchTask

_FOLLOW_SECONDS = 0.5  # a search beside a long ingest finds what is older than that


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What a collection is made of.

    Attributes:
        embed: name of the model that makes its vectors; "" for none.
        privacy: of its documents.
        size: most characters of a passage.
    """

    embed: str
    privacy: Privacy
    size: int


class Collections:
    """Makes, fills, searches and empties collections. Safe between threads."""

    def __init__(
        self,
        store: Store,
        project: Project,
        embedder_of: Callable[[str], Embedder],
        *,
        work: Work = asyncio.to_thread,
    ) -> None:
        """Prepare; nothing is opened yet.

        Args:
            store: of the project.
            project: its settings.
            embedder_of: name of a model -> what it makes vectors by.
            work: runs searches in threads.
        """
        self._store = store
        self._project = project
        self._declared = project.settings.collections
        self._embedder_of = embedder_of
        self._work = work
        self._tasks: dict[str, SearchTask] = {}
        self._indexes: dict[str, CollectionIndex] = {}
        self._lock = Lock()

    def close(self) -> None:
        """Let go of the indexes."""
        with self._lock:
            self._indexes.clear()

    # which there are

    def names(self) -> list[str]:
        """Return the names that plait.yaml gives."""
        return list(self._declared)

    def rows(self, principal: Principal = LOCAL) -> list[CollectionRow]:
        """Return the collections of the principal's tenant that hold or held something."""
        return self._store.find(CollectionRow, tenant=principal.tenant)

    def row(self, name: str, principal: Principal = LOCAL) -> CollectionRow:
        """Return a collection of the principal's tenant.

        Raises:
            UnknownName: it has none of that name, or nothing was ever put into it.
        """
        found = self._find(name, principal)
        if found is None:
            known = [each.name for each in self.rows(principal)]
            raise UnknownName.of("unknown_collection", "collection", name, known)
        return found

    def privacy(self, name: str) -> Privacy:
        """Return how private the documents of a collection are; raises as `task`."""
        return self._wanted(name).privacy

    def embedder(self, name: str) -> Encoder | None:
        """Return what makes the vectors of a collection; None when it has none.

        Raises:
            UnknownName: there is no such collection, or no such model.
        """
        embed = self._wanted(name).embed
        return _encoder(self._embedder_of(embed)) if embed else None

    def revision(self, name: str) -> str:
        """Return what changes with every commit to a collection, of whatever tenant."""
        rows = self._store.find(CollectionRow, name=name)
        heads: list[Json] = [
            [row.id, row.model, *found[1]]
            for row in sorted(rows, key=lambda row: row.id)
            if (found := self._store.documents.collection(row.tenant, name))
        ]
        return content_id("rev", heads)

    def task(self, name: str) -> SearchTask:
        """Return what answers questions to a collection.

        A tenant that has none of the name is answered from the project's own, if plait.yaml names
        it: like contracts it is there for everybody who may ask.

        Raises:
            UnknownName: plait.yaml names no such collection and nobody made it.
        """
        self._wanted(name)
        with self._lock:
            if name not in self._tasks:
                self._tasks[name] = SearchTask(
                    name,
                    self._store,
                    self._index,
                    self._encoder_of,
                    work=self._work,
                    shared=LOCAL.tenant if name in self._declared else "",
                )
            return self._tasks[name]

    # what is in them

    def documents(self, name: str, principal: Principal = LOCAL) -> list[DocumentRow]:
        """Return the documents of a collection, the newest first; none before the first."""
        self._wanted(name)
        row = self._find(name, principal)
        return self._store.find(DocumentRow, collection=row.id) if row else []

    def document(self, name: str, document: str, principal: Principal = LOCAL) -> DocumentRow:
        """Return a document by its name or id.

        Raises:
            UnknownName: the collection, or the document in it.
        """
        row = self.row(name, principal)
        find = partial(self._store.find, DocumentRow, collection=row.id)
        for found in (*find(name=document), *find(id=document)):
            return found
        known = [each.name for each in self.documents(name, principal)]
        raise UnknownName.of("unknown_document", f"document in {name!r}", document, known)

    def source(self, name: str, document: str, principal: Principal = LOCAL) -> SourceRow:
        """Return the original of a document and the text that offsets count in.

        Raises:
            UnknownName: as `document`.
        """
        number = self.document(name, document, principal).number
        found = self._store.find(SourceRow, document=number)
        if not found:  # it was removed in between
            raise UnknownName("unknown_document", f"no document {document!r} in {name!r}")
        return found[0]

    # changing them

    def create(
        self,
        title: str,
        *,
        embed: str = "",
        privacy: Privacy = Privacy.INTERNAL,
        size: int = 1200,
        body: Mapping[str, Json] | None = None,
        principal: Principal = LOCAL,
    ) -> CollectionRow:
        """Make an empty collection under a new name, such as `vs_019a...`.

        Args:
            title: what people call it; kept in `body`.
            embed: name of the model that makes its vectors; "" for none.
            privacy: of its documents.
            size: most characters of a passage.
            body: what else to keep beside it.
            principal: whose tenant's it is.
        """
        kept = {**(body or {}), "title": title, "embed": embed}
        return self._put(new_id("vs"), _Wanted(embed, privacy, size), principal, kept)

    def delete(self, name: str, principal: Principal = LOCAL) -> CollectionRow:
        """Remove a collection with everything in it; raises as `row`."""
        row = self.row(name, principal)
        self._store.documents.remove_collection(row.id)
        self._index(row).remove()
        with self._lock:
            self._indexes.pop(row.id, None)
            if name not in self._declared:
                self._tasks.pop(name, None)
        return row

    def add(
        self,
        name: str,
        filename: str,
        data: bytes,
        metadata: Mapping[str, str] | None = None,
        principal: Principal = LOCAL,
        *,
        media_type: str = "",
        subject: str = "",
    ) -> DocumentRow:
        """Take one document into a collection, in place of the one of its name.

        Raises:
            UnknownName: there is no such collection.
            InvalidData: the document cannot be read.
        """
        given = Given(
            name=filename,
            data=data,
            media_type=media_type,
            metadata=metadata or {},
            subject=subject,
        )
        (done,) = self._ingest(name, [given], Context(principal=principal), lambda _: None)
        if done.error is not None:
            raise done.error
        return self.document(name, filename, principal)

    def remove(self, name: str, document: str, principal: Principal = LOCAL) -> DocumentRow:
        """Remove a document by its name or id: no search finds it from now on.

        Raises:
            UnknownName: the collection, or the document in it.
        """
        found = self.document(name, document, principal)
        self._store.documents.remove(found.collection, found.name)
        self._follow(self.row(name, principal))
        return found

    def ingest(
        self,
        name: str,
        paths: Sequence[str] = (),
        *,
        watch: Watch = lambda _: None,
        context: Context | None = None,
    ) -> Report:
        """Take files into a collection: new ones and changed ones; the rest costs their reading.

        Without `paths` these are the files that plait.yaml says, and what was such a file and is no
        more is removed, unless one of its patterns finds nothing at all.

        Args:
            name: of the collection.
            paths: files, folders, patterns, from the working folder.
            watch: told how far it is; what it raises stops the work, and the next run goes on.
            context: whose tenant's they are, and what may stop the work.

        Raises:
            UnknownName: there is no such collection, or no such model.
            StoreError, EngineError, MissingExtra, OriginError: it cannot go on.
        """
        self._wanted(name)
        context = context or Context()
        found = self._patterns(name)
        if paths:
            by_pattern = {each.name for each in found if each.origin == "pattern"}
            found = [
                replace(each, origin="pattern" if each.name in by_pattern else "given")
                for path in paths
                for each in find_documents(path, Path.cwd(), self._project.folder)
            ]
        unique = {each.name: each for each in found}
        taken = list(self._ingest(name, list(unique.values()), context, watch))
        if not paths and all(each.origin == "pattern" for each in found):
            taken += self._vanished(name, unique, context.principal)
        return Report(name, tuple(taken))

    def _ingest(
        self, name: str, given: Sequence[Given], context: Context, watch: Watch
    ) -> list[Taken]:
        wanted, principal = self._wanted(name), context.principal
        row = self._put(name, wanted, principal)
        self._follow(row)  # what is missing shows before the work, not after
        encoder = self.embedder(name)
        done, followed = [], time.monotonic()
        for each in ingest(self._store, row, given, encoder, context, watch=watch):
            done.append(each)
            if time.monotonic() - followed > _FOLLOW_SECONDS:
                self._follow(row)
                followed = time.monotonic()
        self._follow(row)
        return done

    def _vanished(
        self, name: str, found: Mapping[str, Given], principal: Principal
    ) -> Iterator[Taken]:
        """Remove the documents whose files a pattern found once and finds no more."""
        for row in self.documents(name, principal):
            if row.origin == "pattern" and row.name not in found:
                self.remove(name, row.name, principal)
                yield Taken(
                    name=row.name, outcome="removed", document=row.id, passages=row.passages
                )

    def _patterns(self, name: str) -> list[Given]:
        """Return the files that plait.yaml says; a pattern without a file as a file of its name."""
        declared = self._declared.get(name)
        found = []
        for pattern in declared.paths if declared else ():
            files = find_documents(pattern, self._project.folder, self._project.folder)
            found += [replace(each, origin="pattern") for each in files if _is_file(each)] or files
        return found

    # rows, indexes, encoders

    def _wanted(self, name: str) -> _Wanted:
        declared = self._declared.get(name)
        if declared is not None:
            return _Wanted(declared.embed, declared.privacy, declared.size)
        rows = self._store.find(CollectionRow, name=name, limit=1)
        if not rows:
            raise UnknownName.of("unknown_collection", "collection", name, self.names())
        return _Wanted(str(rows[0].body.get("embed", "")), Privacy(rows[0].privacy), rows[0].size)

    def _find(self, name: str, principal: Principal) -> CollectionRow | None:
        found = self._store.documents.collection(principal.tenant, name)
        return found[0] if found else None

    def _put(
        self,
        name: str,
        wanted: _Wanted,
        principal: Principal,
        body: Mapping[str, Json] | None = None,
    ) -> CollectionRow:
        """Return the row of a collection, made or brought to what is wanted."""
        embedder = _encoder(self._embedder_of(wanted.embed)) if wanted.embed else None
        model = embedder.artefact.id if embedder else ""
        with self._store.transaction():
            row = self._find(name, principal)
            if row is None:
                row = CollectionRow(
                    id=new_id("col"),
                    tenant=principal.tenant,
                    privacy=wanted.privacy,
                    created=time.time(),
                    name=name,
                    model=model,
                    size=wanted.size,
                    body=body or {},
                )
                self._store.put(row)
            elif (row.model, row.privacy, row.size) != (model, wanted.privacy, wanted.size):
                row = replace(row, model=model, privacy=wanted.privacy, size=wanted.size)
                self._store.put(row)
        return row

    def _index(self, row: CollectionRow) -> CollectionIndex:
        with self._lock:
            if row.id not in self._indexes:
                self._indexes[row.id] = CollectionIndex(self._store, row, self._project.store)
            return self._indexes[row.id]

    def _follow(self, row: CollectionRow) -> None:
        """Bring the indexes to the newest change."""
        found = self._store.documents.collection(row.tenant, row.name)
        if found is not None:
            self._index(row).follow(found[1], row.model)

    def _encoder_of(self, row: CollectionRow) -> Encoder | None:
        return self.embedder(row.name)


def _encoder(embedder: Embedder) -> Encoder:
    assert isinstance(embedder, Encoder)  # vectors that are kept are of an artefact
    return embedder


def _is_file(given: Given) -> bool:
    return isinstance(given.data, Path) and given.data.is_file()
