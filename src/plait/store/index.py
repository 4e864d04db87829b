"""The indexes of one collection: derived from the store, and never trusted over it.

Each knows the change of the collection up to which it is complete. One that is behind replays the
log from there; one that is ahead, or knows a change that the store does not have, or cannot be
read, is made again. So a killed writer, a lost file or a restored backup cost time and nothing
else, and what was removed is gone at its commit, because whatever an index finds is looked up in
the store before anybody sees it.
"""

import shutil
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import RLock
from typing import TypeVar

from plait.core.columns import Column
from plait.core.errors import StoreError
from plait.store.base import Head, Near, Store
from plait.store.dense import DenseIndex, Row, measure
from plait.store.fault import faults
from plait.store.lexical import DamagedIndex, Hit, LexicalIndex
from plait.store.lock import taken
from plait.store.record import CollectionRow, PassageRow

INDEXES = "index"
OVERSAMPLE = 400
"""How many of the nearest by bits are measured again: of the true ten nearest 0.995 are found."""

_PAGE = 5_000
_WAIT_SECONDS, _POLL_SECONDS = 10.0, 0.05
_WORTH_KEEPING = 1_000  # passages read from the store, which is some milliseconds
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Changes:
    """What an index has to do.

    Attributes:
        afresh: whether it begins with nothing.
        removed: stretches of passages to take out.
        first: number of the first passage that may have to be put in.
        last: number of the last; below `first` when there are none.
        head: where this brings it.
    """

    afresh: bool
    removed: tuple[tuple[int, int], ...]
    first: int
    last: int
    head: Head


class CollectionIndex:
    """The lexical and the dense index of a collection. Safe between threads and processes.

    Only the holder of the index's lock writes files; everybody else reads what it has committed.
    """

    def __init__(self, store: Store, collection: CollectionRow, folder: Path) -> None:
        """Prepare to search; nothing is opened yet.

        Args:
            store: has the truth.
            collection: which of its collections.
            folder: of the store; the files lie in a folder of their own below it.
        """
        self._documents = store.documents
        self._collection = collection
        self._folder = folder / INDEXES / collection.id
        self._lock = RLock()
        self._lexical: LexicalIndex | None = None
        self._dense: DenseIndex | None = None
        self._kept = 0  # passages of the dense index in its file

    def follow(self, head: Head, model: str = "") -> None:
        """Bring the lexical index and, with a model, the dense one up to `head` or beyond.

        Raises:
            StoreError: an index cannot be written.
            MissingExtra: its library is not installed.
        """
        self._lexical_at(head)
        if model:
            self._dense_at(head, model)

    def lexical(
        self, head: Head, question: str, top: int, within: Collection[int] | None = None
    ) -> list[Hit]:
        """Return number and score of the passages that share words with a question.

        Args:
            head: the newest change of the collection.
            question: any text.
            top: how many at most.
            within: numbers of the documents to look in; None for all.

        Raises:
            StoreError, MissingExtra: as `follow`.
        """
        return self._sound(lambda: self._lexical_at(head).search(question, top, within))

    def dense(
        self,
        head: Head,
        vector: Column,
        model: str,
        top: int,
        within: Collection[int] | None = None,
    ) -> list[Hit]:
        """Return number and similarity of the passages nearest to a vector of `model`.

        The other arguments are those of `lexical`.
        """
        index = self._dense_at(head, model)
        near = index.near(vector, max(OVERSAMPLE, 4 * top), within)
        return measure(vector, self._documents.codes(model, near))[:top]

    def joined(self, numbers: Iterable[int]) -> Mapping[int, Near]:
        """Return those of the passages that are in the collection now, with their documents."""
        collection = self._collection
        return self._documents.joined(collection.id, collection.tenant, numbers)

    def where(self, metadata: Mapping[str, str]) -> list[int] | None:
        """Return the documents whose metadata say all of `metadata`; None when that is all."""
        return self._documents.where(self._collection.id, metadata) if metadata else None

    def numbers(self, head: Head, model: str = "") -> list[list[int]]:
        """Return the passages that the lexical and, with a model, the dense index know."""
        found = [self._sound(lambda: self._lexical_at(head).numbers())]
        if model:
            found.append([int(number) for number in self._dense_at(head, model).numbers])
        return found

    def remove(self) -> None:
        """Remove every file, when the collection is no more."""
        with self._lock:
            self._lexical = self._dense = None
            shutil.rmtree(self._folder, ignore_errors=True)

    # the lexical index: one for all processes, on the disk

    def _sound(self, read: Callable[[], T]) -> T:
        """Return what `read` returns; should the index be damaged, make it again first."""
        try:
            return read()
        except DamagedIndex:
            with self._lock:
                self._mend(anew=True)
            try:
                return read()
            except DamagedIndex as error:
                raise self._broken(error) from error

    def _lexical_at(self, head: Head) -> LexicalIndex:
        index = self._lexical
        if index is not None and index.head == head:
            return index
        with self._lock:
            try:
                if self._lexical is None:
                    self._lexical = LexicalIndex(self._folder)
                else:
                    self._lexical.reload()
                if self._lexical.head != head:
                    with taken(self._folder / "lock") as mine:
                        if mine:  # or else the holder is about to bring it there
                            self._replayed(self._lexical)
            except DamagedIndex:
                self._mend()
            assert self._lexical is not None
            return self._lexical

    def _mend(self, *, anew: bool = False) -> None:
        """Open the index, or make it again if it cannot be opened, or if it shall be `anew`."""
        until = time.monotonic() + _WAIT_SECONDS
        self._lexical = None  # lets go of its files
        while True:
            with taken(self._folder / "lock") as mine:
                if mine:
                    self._lexical = self._made(anew=anew)
                    return
            if time.monotonic() > until:
                raise StoreError(
                    "store_busy",
                    "another process has been making the index for more than 10 s",
                    where=str(self._folder),
                    hint="try again when it is done",
                )
            time.sleep(_POLL_SECONDS)

    def _made(self, *, anew: bool) -> LexicalIndex:
        """Return a sound index that is up to date; we hold its lock."""
        try:
            if not anew:
                with suppress(DamagedIndex):
                    return self._replayed(LexicalIndex(self._folder))
            return self._replayed(LexicalIndex(self._folder, make=True))
        except DamagedIndex as error:
            raise self._broken(error) from error

    def _replayed(self, index: LexicalIndex) -> LexicalIndex:
        """Bring the index to the newest change and return it; we hold its lock."""
        index.reload()
        changes = self._changes(index.head)
        if changes is not None:
            added = self._passages(changes.first, changes.last)
            index.apply(changes.removed, added, changes.head, afresh=changes.afresh)
        return index

    def _broken(self, error: DamagedIndex) -> StoreError:
        return StoreError(
            "store_unreachable",
            f"the index cannot be made: {str(error).partition(chr(10))[0][:200]}",
            where=str(self._folder),
            hint="check the space on the disk and who may write there; documents are not affected",
        )

    # the dense index: one in each process, and a file that spares it the first reading

    def _dense_at(self, head: Head, model: str) -> DenseIndex:
        index = self._dense
        if index is not None and index.head == head and index.model == model:
            return index
        with self._lock:
            index = self._dense
            if index is None or index.model != model:
                index = DenseIndex.read(self._folder, model)
                self._kept = len(index.numbers)
            changes = self._changes(index.head)
            if changes is not None:
                before = DenseIndex(model) if changes.afresh else index
                added = list(self._vectors(model, changes.first, changes.last))
                index = before.changed(changes.removed, added, changes.head)
                self._keep(index, len(added))
            self._dense = index
            return index

    def _keep(self, index: DenseIndex, added: int) -> None:
        """Write the file when reading what it lacks takes longer than it should."""
        lacks = abs(len(index.numbers) - self._kept)
        if max(lacks, added) < max(_WORTH_KEEPING, len(index.numbers) // 10):
            return
        # without the file the next process reads the store: a full disk does not matter here
        with suppress(StoreError), taken(self._folder / "lock") as mine, faults(self._folder):
            if mine:
                index.write(self._folder)
                self._kept = len(index.numbers)

    # the truth

    def _changes(self, head: Head) -> _Changes | None:
        """Return what an index that stands at `head` has to do; None when it is up to date."""
        collection = self._collection.id
        log = self._documents.log(collection, head[0])
        sound = head == (0, 0) or (bool(log) and (log[0].seq, log[0].mark) == head)
        if not sound:
            log = self._documents.log(collection, 0)
        elif head != (0, 0):
            log = log[1:]
        if sound and not log:
            return None
        added = [row for row in log if row.op == "add"]
        return _Changes(
            afresh=not sound,
            removed=tuple((row.first, row.last) for row in log if row.op == "remove" and sound),
            # a collection's passages are numbered in the order of its log
            first=min((row.first for row in added), default=1),
            last=max((row.last for row in added), default=0),
            head=(log[-1].seq, log[-1].mark) if log else (0, 0),
        )

    def _passages(self, first: int, last: int) -> Iterator[list[PassageRow]]:
        while first <= last:
            page = self._documents.passages(self._collection.id, first, last, _PAGE)
            if not page:
                return
            yield page
            first = page[-1].number + 1

    def _vectors(self, model: str, first: int, last: int) -> Iterator[Row]:
        while first <= last:
            page = self._documents.vectors(self._collection.id, model, first, last, _PAGE)
            if not page:
                return
            yield from page
            first = page[-1][0] + 1
