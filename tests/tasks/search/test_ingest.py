from dataclasses import replace

import pytest

from plait.core.cancel import Cancel
from plait.core.context import Context
from plait.core.errors import Cancelled
from plait.core.privacy import Privacy
from plait.store.record import DocumentRow, PassageRow, SourceRow, VectorRow
from plait.tasks.search import ingest as module
from plait.tasks.search.ingest import Given, Report, ingest

TEXT = b"""\
# Policy

## Late payments

A payment is late after 15 days.

## Fees

The fee is 5 %.
"""


@pytest.fixture
def take(store, docs, embedder):
    """A function that takes documents in and returns what became of each."""

    def take(*given, collection=docs, encoder=embedder, **about):
        return list(ingest(store, collection, given, encoder, Context(), **about))

    return take


def outcomes(done):
    return [(each.name, each.outcome) for each in done]


def test_a_document_is_kept_with_offsets_headings_and_vectors(store, take, docs):
    (done,) = take(Given(name="policy.md", data=TEXT, metadata={"year": "2024"}, subject="ann"))
    (row,) = store.find(DocumentRow)
    assert (done.outcome, done.document, done.passages) == ("added", row.id, row.passages)
    assert row.metadata == {"year": "2024"}
    source = store.find(SourceRow)[0]
    assert (source.original, source.text) == (TEXT, TEXT.decode())
    passages = store.find(PassageRow)[::-1]
    assert [each.headings for each in passages] == [
        ("Policy", "Late payments"),
        ("Policy", "Fees"),
    ]
    for each in passages:
        assert source.text[each.start :].startswith(each.text)
        assert each.indexed == f"{' > '.join(each.headings)}\n{each.text}"
    assert len(store.find(VectorRow)) == len(passages)
    rows = [row, source, *passages, *store.find(VectorRow)]
    assert {(each.tenant, each.subject, each.privacy) for each in rows} == {
        ("default", "ann", Privacy.INTERNAL)
    }


def test_what_is_unchanged_is_left_alone_and_costs_nothing(store, take, embedder):
    given = [Given(name=f"{at}.md", data=TEXT + b"x" * at) for at in range(3)]
    take(*given)
    before, embedded = store.documents.log("col_1", 0), len(embedder.embedded)
    assert {outcome for _, outcome in outcomes(take(*given))} == {"unchanged"}
    assert store.documents.log("col_1", 0) == before
    assert len(embedder.embedded) == embedded


def test_a_text_that_is_there_already_is_not_embedded_again(store, take, embedder):
    take(Given(name="a.md", data=TEXT))
    embedded = list(embedder.embedded)
    changed = TEXT.replace(b"5 %", b"6 %")
    assert outcomes(take(Given(name="a.md", data=changed))) == [("a.md", "replaced")]
    assert embedder.embedded[len(embedded) :] == ["Policy > Fees\n## Fees\n\nThe fee is 6 %."]
    take(Given(name="b.md", data=TEXT.replace(b"15", b"30")), Given(name="copy.md", data=changed))
    assert len(embedder.embedded) == len(embedded) + 3  # "5 %" went with the first version
    assert len(store.find(VectorRow)) == len(store.find(PassageRow)) == 6


@pytest.mark.parametrize(
    "change",
    [
        {"metadata": {"year": "2025"}},
        {"subject": "bob"},
        {"media_type": "text/plain"},
        {"origin": "pattern"},
    ],
)
def test_the_same_bytes_under_other_circumstances_are_another_document(take, store, change):
    given = Given(name="a.md", data=TEXT)
    take(given)
    assert outcomes(take(replace(given, **change))) == [("a.md", "replaced")]
    assert len(store.find(DocumentRow)) == 1


@pytest.mark.parametrize("change", [{"size": 100}, {"privacy": 3}])
def test_so_they_are_in_a_collection_that_changed(take, store, docs, change):
    take(Given(name="a.md", data=TEXT))
    other = replace(docs, **change)
    assert outcomes(take(Given(name="a.md", data=TEXT), collection=other)) == [("a.md", "replaced")]
    assert {row.privacy for row in store.find(PassageRow)} == {other.privacy}


def test_another_recipe_or_embedder_makes_it_again(take, store, embedder, monkeypatch):
    given = Given(name="a.md", data=TEXT)
    take(given)
    monkeypatch.setattr(module, "RECIPE", 999)
    assert outcomes(take(given)) == [("a.md", "replaced")]
    assert len(embedder.embedded) == 2  # the passages are the same
    assert outcomes(take(given, encoder=None)) == [("a.md", "replaced")]
    assert store.find(VectorRow) == []


def test_bad_files_are_told_one_by_one_and_the_rest_goes_in(take, store, tmp_path, pdf, column):
    def file(name, data):
        path = tmp_path / name
        path.write_bytes(data)
        return Given(name=name, data=path)

    whole = pdf([column("A payment is late after fifteen days.")])
    done = take(
        file("good.md", TEXT),
        file("not.pdf", b"plain text"),
        file("locked.pdf", pdf([[]], trailer="/Encrypt << /Filter /Standard /V 9 >>")),
        file("empty.md", b" \n"),
        file("wrong.txt", b"caf\xe9"),
        file("sheet.md", b"PK\x03\x04...."),
        file("half.pdf", whole[: len(whole) // 3]),
        Given(name="gone.md", data=tmp_path / "gone.md"),
        Given(name="folder.md", data=tmp_path),
        Given(name="odd.bin", data=b"text", media_type="image/png"),
        Given(name="half \ud83d.txt", data=b"text"),
        file("good.pdf", whole),
    )
    codes = {each.name: each.error.code for each in done if each.error}
    assert {each.name for each in done if each.outcome == "added"} == {"good.md", "good.pdf"}
    assert codes == {
        "not.pdf": "data_format",
        "locked.pdf": codes["locked.pdf"],
        "empty.md": "data_empty",
        "wrong.txt": "data_encoding",
        "sheet.md": "data_format",
        "half.pdf": codes["half.pdf"],
        "gone.md": "data_missing",
        "folder.md": "data_unreadable",
        "odd.bin": "unknown_component",
        "half \ud83d.txt": "data_encoding",
    }
    assert {row.name for row in store.find(DocumentRow)} == {"good.md", "good.pdf"}
    report = Report("docs", tuple(done))
    assert len(report.failed) == 10
    assert report.record()["documents"][1]["error"]["code"] == "data_format"


def test_a_file_too_large(take, tmp_path, monkeypatch):
    path = tmp_path / "large.txt"
    with path.open("wb") as file:
        file.truncate(64 * 2**20 + 1)
    (done,) = take(Given(name="large.txt", data=path))
    assert done.error.code == "data_too_large"


def test_a_version_that_cannot_be_read_leaves_the_last_one(take, store):
    take(Given(name="a.md", data=TEXT))
    assert outcomes(take(Given(name="a.md", data=b"\xff\xff"))) == [("a.md", "failed")]
    assert store.find(SourceRow)[0].original == TEXT


def test_who_stops_it_keeps_what_was_done_and_goes_on_later(store, docs, embedder):
    given = [Given(name=f"{at}.md", data=TEXT + b"%d" % at) for at in range(4)]
    cancel = Cancel()
    told = []

    def watch(progress):
        told.append((progress.done, progress.total))
        if progress.done == 2:
            cancel.request("enough")

    with pytest.raises(Cancelled):
        list(ingest(store, docs, given, embedder, Context(cancel=cancel), watch=watch))
    assert len(store.find(DocumentRow)) == 2
    done = list(ingest(store, docs, given, embedder, Context()))
    assert [each.outcome for each in done] == ["unchanged", "unchanged", "added", "added"]
    assert told == [(0, 4), (1, 4), (2, 4)]
