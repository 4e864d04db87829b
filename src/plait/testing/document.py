"""The part of the conformance suite that is about documents, their passages and vectors."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TypedDict

from plait.store.base import Store
from plait.store.record import CollectionRow, DocumentRow, PassageRow, SourceRow, VectorRow

Make = Callable[[Path], Store]


def check_documents(make: Make, folder: Path) -> None:
    """Check that stores opened by `make` keep the promises of `plait.store.base.Documents`.

    Raises:
        AssertionError: a promise is broken; the message says which.
    """
    for check in (_put, _replace, _remove, _vectors, _where, _log, _tenants, _undone):
        check(make, folder / check.__name__)


def _put(make: Make, folder: Path) -> None:
    with make(folder) as store:
        store.put(_COLLECTION)
        row = _keep(store, "a", "one", "two")
    with make(folder) as store:
        _same(store.find(DocumentRow), [row], "a document comes back as it was put")
        _same(row.passages, 2, "with the number of its passages")
        source = store.find(SourceRow, document=row.number)[0]
        _same((source.original, source.text), (b"\0\xff", "one two"), "and its source")
        first, second = store.documents.passages("col", 1, 99, 9)
        _same((first.text, second.text), ("one", "two"), "passages come in order")
        _same((second.number, first.document), (first.number + 1, row.number), "numbered on")
        _same(store.documents.passages("col", 1, 99, 1), [first], "as many as are asked for")
        _same(store.documents.passages("other", 1, 99, 9), [], "of their own collection")
        found = store.documents.joined("col", "default", [second.number, 77])
        _same(found, {second.number: (second, row)}, "what is not there is not joined")


def _replace(make: Make, folder: Path) -> None:
    with make(folder) as store, make(folder) as other:
        store.put(_COLLECTION)
        old = _keep(store, "a", "one", "two")
        new = _keep(store, "a", "three", id="doc_new")
        _same(other.find(DocumentRow), [new], "a document replaces the one of its name")
        passages = other.documents.passages("col", 1, 99, 9)
        _same([each.text for each in passages], ["three"], "with all its passages")
        _same(passages[0].number > 2 and new.number > old.number, True, "no number comes twice")
        store.put(replace(_COLLECTION, model="art_2", size=900))
        found = other.documents.collection("default", "docs")
        _same(found and found[0].size, 900, "a collection is replaced")


def _remove(make: Make, folder: Path) -> None:
    with make(folder) as store, make(folder) as other:
        store.put(_COLLECTION)
        row = _keep(store, "a", "one", vector=True)
        _same(store.documents.remove("col", "b"), None, "an unknown name removes nothing")
        _same(store.documents.remove("col", "a"), row, "a removed document is given back")
        for kind in (DocumentRow, SourceRow, PassageRow, VectorRow):
            _same(other.find(kind), [], f"no {kind.__name__} is left of it")
        again = _keep(store, "a", "one")
        number = other.documents.passages("col", 1, 99, 9)[0].number
        _same((again.number > row.number, number), (True, 2), "no number comes twice")
        _same(store.documents.remove_collection("col"), True, "a collection goes whole")
        _same(other.find(CollectionRow), [], "with its row")
        _same(other.documents.passages("col", 1, 99, 9), [], "its documents")
        _same(other.documents.log("col", 0), [], "and its log")
        _same(store.documents.remove_collection("col"), False, "and only once")


def _vectors(make: Make, folder: Path) -> None:
    code = (0.5, b"\x01\x80\x7f")
    with make(folder) as store:
        store.put(_COLLECTION)
        row = _keep(store, "a", "one", "two", vector=True)
        found = store.documents.vectors("col", "art_1", 1, 99, 9)
        _same(found, [(at, row.number, code) for at in (1, 2)], "vectors come back")
        _same(store.documents.vectors("col", "art_9", 1, 99, 9), [], "of their own model")
        _same(store.documents.codes("art_1", [2, 7]), {2: code}, "by number")
        known = store.documents.known
        _same(known("default", "art_1", ["h-two", "h"]), {"h-two": code}, "or by hash")
        _same(known("other", "art_1", ["h-two"]), {}, "within a tenant")
        _same(known("default", "art_9", ["h-two"]), {}, "and a model")


def _where(make: Make, folder: Path) -> None:
    with make(folder) as store:
        store.put(_COLLECTION)
        metadata = [{"year": "2024", "a.b\"c'": "x"}, {"year": "2024"}, {"year": "2025"}]
        rows = [_keep(store, f"{at}", "t", metadata=each) for at, each in enumerate(metadata)]
        where = store.documents.where
        _same(where("col", {"year": "2024"}), [rows[0].number, rows[1].number], "equality")
        _same(where("col", metadata[0]), [rows[0].number], "of all that is asked, odd keys too")
        _same(where("col", {"year": "2024", "none": ""}), [], "and nothing less")
        _same(where("other", {"year": "2024"}), [], "in one collection")


def _log(make: Make, folder: Path) -> None:
    with make(folder) as store, make(folder) as other:
        store.put(_COLLECTION)
        _same(other.documents.collection("default", "docs"), (_COLLECTION, (0, 0)), "no change yet")
        _keep(store, "a", "one", "two")
        _keep(store, "b", "three")
        _keep(store, "a", "four")
        log = other.documents.log("col", 0)
        told = [(row.op, row.first, row.last) for row in log]
        expected = [("add", 1, 2), ("add", 3, 3), ("remove", 1, 2), ("add", 4, 4)]
        _same(told, expected, "every change is in the log")
        _same(len({row.mark for row in log}), 4, "with a mark of its own")
        _same(other.documents.log("col", log[2].seq), log[2:], "from any point on")
        found = other.documents.collection("default", "docs")
        _same(found and found[1], (log[-1].seq, log[-1].mark), "the head is the newest change")


def _tenants(make: Make, folder: Path) -> None:
    with make(folder) as store:
        store.put(_COLLECTION, replace(_COLLECTION, id="col_2", tenant="other"))
        _keep(store, "a", "one")
        found = store.documents.collection("other", "docs")
        _same(found and found[0].id, "col_2", "two tenants may have collections of one name")
        _same(store.documents.collection("third", "docs"), None, "and the third has none")
        _same(store.documents.joined("col", "other", [1]), {}, "passages are their tenant's alone")
        _same(len(store.documents.joined("col", "default", [1])), 1, "who finds them")


def _undone(make: Make, folder: Path) -> None:
    with make(folder) as store, make(folder) as other:
        store.put(_COLLECTION)
        before = _keep(store, "a", "one")
        log = store.documents.log("col", 0)
        try:
            with store.transaction():
                _keep(store, "a", "two", id="doc_2")
                _same(other.find(DocumentRow), [before], "nothing is seen before the end")
                raise KeyError
        except KeyError:
            pass
        _same(other.find(DocumentRow), [before], "an error undoes a replacement")
        _same(other.documents.passages("col", 1, 99, 9)[0].text, "one", "with its passages")
        _same(other.documents.log("col", 0), log, "and its log")


def _keep(
    store: Store,
    name: str,
    *texts: str,
    id: str = "",
    vector: bool = False,
    metadata: Mapping[str, str] | None = None,
) -> DocumentRow:
    """Put a document of these passages."""
    document = replace(_DOCUMENT, id=id or f"doc_{name}", name=name, metadata=metadata or {})
    source = replace(_SOURCE, text=" ".join(texts))
    passages = [replace(_PASSAGE, text=text, sha256=f"h-{text}") for text in texts]
    vectors = [_VECTOR] * len(texts) if vector else []
    return store.documents.put(document, source, passages, vectors)


def _same(found: object, expected: object, promise: str) -> None:
    assert found == expected, f"{promise}: {found!r}, expected {expected!r}"


class _Owned(TypedDict):
    tenant: str
    subject: str
    privacy: int
    created: float


_OWNED = _Owned(tenant="default", subject="ann", privacy=1, created=1.0)
_COLLECTION = CollectionRow(
    **_OWNED, id="col", name="docs", model="art_1", size=1200, body={"title": "Zoë"}
)
_DOCUMENT = DocumentRow(
    **_OWNED,
    id="doc",
    collection="col",
    name="a",
    sha256="s",
    size=2,
    media_type="text/plain",
    recipe="r",
    origin="given",
)
_SOURCE = SourceRow(**_OWNED, original=b"\0\xff", text="")
_PASSAGE = PassageRow(
    **_OWNED, collection="col", start=0, page=None, headings=("A", "B"), text="", sha256=""
)
_VECTOR = VectorRow(**_OWNED, model="art_1", scale=0.5, code=b"\x01\x80\x7f")
