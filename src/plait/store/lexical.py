"""Search by words: an index of one collection, derived from the passages and made again at will.

Terms are lower case English stems; each counts by BM25. What a question holds is words, never
syntax: there is nothing in it to escape and nothing to get wrong.
"""

import shutil
from collections.abc import Callable, Collection, Iterable, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, TypeAlias

from plait.core.extras import missing
from plait.store.base import Head
from plait.store.record import PassageRow

FORMAT = "lexical-1"  # another number whenever terms or fields change: an old index is left alone
HEAP_BYTES = 15_000_000  # the least that tantivy takes; a commit every thousand passages fits
MOST_TERMS = 1_024
_LONGEST_TERM = 40  # bytes; the tokenizer `en_stem` drops what is longer
Hit: TypeAlias = tuple[int, float]


class DamagedIndex(Exception):
    """An index cannot be read and must be made again; nothing is lost by that."""


class LexicalIndex:
    """The index of one collection's words. Readers may be many, in many processes; one writes.

    A commit takes passages and the change up to which they are known in one step, so that a killed
    writer leaves the index as it was at some change.

    Attributes:
        head: the change up to which it knows everything.
    """

    def __init__(self, folder: Path, *, make: bool = False) -> None:
        """Open the index below `folder`.

        Args:
            folder: of the collection's indexes.
            make: whether to make an empty one in place of whatever is there; only the holder of
                the index's lock may.

        Raises:
            DamagedIndex: it is not there or cannot be read.
            MissingExtra: tantivy is not installed.
        """
        try:
            self._tantivy: Any = import_module("tantivy")
        except ImportError:
            raise missing("tantivy") from None
        self._folder = folder / FORMAT
        self._schema = self._make_schema()
        self._analyse = self._make_analyser()
        try:
            if make:
                shutil.rmtree(self._folder, ignore_errors=True)
                self._folder.mkdir(parents=True, exist_ok=True)
                self._index = self._tantivy.Index(self._schema, path=str(self._folder))
            else:
                self._index = self._tantivy.Index.open(str(self._folder))
        except (ValueError, OSError) as error:
            raise DamagedIndex(str(error)) from error
        self.head: Head = (0, 0)
        self.reload()

    def reload(self) -> None:
        """See what was committed since, by whatever process.

        Raises:
            DamagedIndex: it cannot be read.
        """
        try:
            self._index.reload()
            searcher = self._index.searcher()
            query = self._tantivy.Query.range_query(
                self._schema, "seq", self._tantivy.FieldType.Integer, 0, None
            )
            found = [address for _, address in searcher.search(query, 1, count=False).hits]
            seq, mark = (searcher.fast_field_values(each, found) for each in ("seq", "mark"))
        except (ValueError, OSError) as error:
            raise DamagedIndex(str(error)) from error
        self.head = (seq[0], mark[0]) if found else (0, 0)
        self._searcher = searcher  # one assignment: who searches has the old or the new one

    def apply(
        self,
        removed: Iterable[tuple[int, int]],
        added: Iterable[Sequence[PassageRow]],
        head: Head,
        *,
        afresh: bool = False,
    ) -> None:
        """Take passages out and in, and know everything up to `head`, in one step.

        Only the holder of the index's lock may call it.

        Args:
            removed: first and last number of each stretch of passages to take out.
            added: passages to put in, in parts.
            head: the change that this brings the index to.
            afresh: whether to begin with nothing.

        Raises:
            DamagedIndex: it cannot be written.
        """
        query, fields = self._tantivy.Query, self._tantivy.FieldType
        try:
            writer = self._index.writer(heap_size=HEAP_BYTES, num_threads=1)
            if afresh:
                writer.delete_all_documents()
            for first, last in removed:
                gone = query.range_query(self._schema, "number", fields.Integer, first, last)
                writer.delete_documents_by_query(gone)
            for part in added:
                for passage in part:
                    writer.add_document(self._document(passage))
            old = query.range_query(self._schema, "seq", fields.Integer, 0, None)
            writer.delete_documents_by_query(old)
            marker = self._tantivy.Document()
            marker.add_integer("seq", head[0])
            marker.add_integer("mark", head[1])
            writer.add_document(marker)
            writer.commit()
            writer.wait_merging_threads()
        except (ValueError, OSError) as error:
            raise DamagedIndex(str(error)) from error
        self.reload()

    def search(self, question: str, top: int, within: Collection[int] | None = None) -> list[Hit]:
        """Return the passages that share words with a question: number and score, the best first.

        Args:
            question: any text; the first `MOST_TERMS` different words count.
            top: how many at most.
            within: numbers of the documents to look in; None for all.

        Raises:
            DamagedIndex: it cannot be read.
        """
        terms = self._terms(question)
        if not terms or (within is not None and not within):
            return []
        query, occur = self._tantivy.Query, self._tantivy.Occur
        wanted = query.boolean_query(
            [(occur.Should, query.term_query(self._schema, "text", each, "freq")) for each in terms]
        )
        if within is not None:
            among = query.term_set_query(self._schema, "document", list(within))
            flat = query.const_score_query(among, 0.0)
            wanted = query.boolean_query([(occur.Must, wanted), (occur.Must, flat)])
        searcher = self._searcher
        try:
            hits = searcher.search(wanted, top, count=False).hits
            numbers = searcher.fast_field_values("number", [address for _, address in hits])
        except (ValueError, OSError) as error:
            raise DamagedIndex(str(error)) from error
        found = [(number, score) for number, (score, _) in zip(numbers, hits, strict=True)]
        return sorted(found, key=lambda hit: (-hit[1], hit[0]))

    def numbers(self) -> list[int]:
        """Return the number of every passage it knows, in order."""
        searcher = self._searcher
        query = self._tantivy.Query.range_query(
            self._schema, "number", self._tantivy.FieldType.Integer, 0, None
        )
        hits = searcher.search(query, max(1, searcher.num_docs), count=False).hits
        return sorted(searcher.fast_field_values("number", [address for _, address in hits]))

    def _terms(self, question: str) -> list[str]:
        """Return the different stems of a question, in order."""
        sayable = question.encode(errors="ignore").decode()  # no half surrogate pairs
        return list(dict.fromkeys(self._analyse(sayable)))[:MOST_TERMS]

    def _document(self, passage: PassageRow) -> object:
        document = self._tantivy.Document()
        document.add_integer("number", passage.number)
        document.add_integer("document", passage.document)
        document.add_text("text", passage.indexed)
        return document

    def _make_schema(self) -> object:
        """Signed numbers only: a Python int in an unsigned field kills tantivy's writer."""
        builder = self._tantivy.SchemaBuilder()
        for name in ("number", "document", "seq", "mark"):
            builder.add_integer_field(name, indexed=True, fast=True)
        builder.add_text_field("text", tokenizer_name="en_stem", index_option="freq")
        return builder.build()

    def _make_analyser(self) -> Callable[[str], list[str]]:
        """Return what tantivy calls `en_stem`, to be used on questions."""
        builder = self._tantivy.TextAnalyzerBuilder(self._tantivy.Tokenizer.simple())
        kinds = self._tantivy.Filter
        for each in (kinds.remove_long(_LONGEST_TERM), kinds.lowercase(), kinds.stemmer("english")):
            builder = builder.filter(each)
        analyse: Callable[[str], list[str]] = builder.build().analyze
        return analyse
