"""Collections of a project: filled from files and over the API, searched, emptied."""

import asyncio
import random
import subprocess
import sys
import time
from threading import Event, Thread

import pytest

from plait.app.collection import Collections
from plait.app.ingesting import ingest
from plait.app.settings import load_project
from plait.core.cancel import Cancel
from plait.core.context import LOCAL, Context, Principal
from plait.core.errors import Cancelled, InvalidData, MissingExtra, PlaitError, UnknownName
from plait.core.privacy import Privacy
from plait.core.request import SearchRequest
from plait.store.index import INDEXES, CollectionIndex
from plait.store.record import CollectionRow, DocumentRow, PassageRow
from plait.store.sqlite import SqliteStore
from plait.testing.embedder import WordEmbedder

SETTINGS = """\
project: desk
models:
  minilm: {engine: onnx, weights: minilm-l6-int8}
collections:
  policies: {paths: ["docs/**/*.md", more.txt], embed: minilm, privacy: personal}
  words: {paths: [docs]}
"""
OTHER = Principal(tenant="other")


@pytest.fixture
def folder(tmp_path):
    place = tmp_path / "desk"
    (place / "docs").mkdir(parents=True)
    (place / "plait.yaml").write_text(SETTINGS)
    (place / "docs" / "late.md").write_text("# Late\n\nA payment is late after 15 days.\n")
    (place / "docs" / "horse.md").write_text("# Horses\n\nHorses are no collateral.\n")
    (place / "more.txt").write_text("The fee is five percent.")
    return place


@pytest.fixture
def embedder():
    return WordEmbedder()


@pytest.fixture
def store(folder):
    with SqliteStore(folder / ".plait") as opened:
        yield opened


@pytest.fixture
def collections(store, folder, embedder):
    return Collections(store, load_project(folder), lambda _: embedder)


def outcomes(report):
    return {each.name: each.outcome for each in report.documents}


def names(collections, name, query, principal=LOCAL, **more):
    request = SearchRequest(collection=name, query=query, **more)
    context = Context(principal=principal)
    found = asyncio.run(collections.task(name).run(request, context)).passages
    return [each.name for each in found]


def test_the_files_of_the_settings_go_in_and_out(collections, folder):
    first = collections.ingest("policies")
    assert outcomes(first) == {
        "docs/horse.md": "added",
        "docs/late.md": "added",
        "more.txt": "added",
    }
    assert names(collections, "policies", "late payment")[0] == "docs/late.md"
    (folder / "docs" / "late.md").write_text("# Late\n\nA payment is late after 30 days.\n")
    (folder / "docs" / "horse.md").unlink()
    (folder / "docs" / "bad.md").write_bytes(b"\xff")
    second = collections.ingest("policies")
    assert outcomes(second) == {
        "docs/bad.md": "failed",
        "docs/late.md": "replaced",
        "more.txt": "unchanged",
        "docs/horse.md": "removed",
    }
    assert [each.name for each in second.failed] == ["docs/bad.md"]
    assert "docs/horse.md" not in names(collections, "policies", "horses")


def test_rows_are_as_private_as_the_settings_say(collections, store):
    collections.ingest("policies")
    assert {row.privacy for row in store.find(PassageRow)} == {Privacy.PERSONAL}
    assert collections.privacy("policies") is Privacy.PERSONAL
    assert collections.privacy("words") is Privacy.INTERNAL


def test_a_pattern_that_finds_nothing_removes_nothing(collections, folder):
    collections.ingest("policies")
    for file in (folder / "docs").iterdir():
        file.unlink()
    report = collections.ingest("policies")
    assert outcomes(report) == {"docs/**/*.md": "failed", "more.txt": "unchanged"}
    assert report.failed[0].error.code == "data_missing"
    assert len(collections.documents("policies")) == 3


def test_files_that_were_named_stay_until_they_are_removed(collections, folder, tmp_path):
    extra = tmp_path / "extra.md"
    extra.write_text("Goats are welcome.")
    report = collections.ingest("policies", [str(extra), str(folder / "docs" / "late.md")])
    assert outcomes(report) == {extra.as_posix(): "added", "docs/late.md": "added"}
    extra.unlink()
    (folder / "docs" / "late.md").unlink()
    assert outcomes(collections.ingest("policies"))["docs/late.md"] == "removed"
    assert names(collections, "policies", "goats") == [extra.as_posix()] + [
        each for each in names(collections, "policies", "goats") if each != extra.as_posix()
    ]
    gone = collections.remove("policies", extra.as_posix())
    assert extra.as_posix() not in names(collections, "policies", "goats")
    with pytest.raises(UnknownName) as caught:
        collections.remove("policies", gone.id)
    assert caught.value.code == "unknown_document"


def test_a_document_can_be_named_by_its_id_and_read(collections):
    collections.ingest("policies")
    row = collections.document("policies", "docs/late.md")
    assert collections.document("policies", row.id) == row
    source = collections.source("policies", row.id)
    assert source.text.startswith("# Late")
    assert source.original == source.text.encode()


def test_a_collection_without_a_model_has_words_alone(collections, embedder):
    collections.ingest("words")
    assert embedder.embedded == []
    assert collections.embedder("words") is None
    assert names(collections, "words", "horse") == ["docs/horse.md"]


def test_unknown_names(collections):
    for call in (
        collections.task,
        collections.ingest,
        collections.documents,
        collections.embedder,
        collections.privacy,
        collections.row,
        lambda name: collections.add(name, "a.md", b"text"),
    ):
        with pytest.raises(UnknownName) as caught:
            call("polices")
        assert caught.value.code == "unknown_collection"
    assert collections.documents("policies") == []
    assert names(collections, "policies", "late") == []


def test_collections_that_are_made_while_it_runs(collections, store, folder, embedder):
    row = collections.create("My files", embed="minilm", body={"by": "me"}, principal=OTHER)
    assert row.name.startswith("vs_")
    assert row.body == {"title": "My files", "by": "me", "embed": "minilm"}
    document = collections.add(
        row.name, "a.md", b"# A\n\nGrey horses.\n", {"year": "2024"}, OTHER, subject="ann"
    )
    assert (document.tenant, document.subject) == ("other", "ann")
    assert document.metadata == {"year": "2024"}
    again = Collections(store, load_project(folder), lambda _: embedder)  # another process
    assert names(again, row.name, "horse", OTHER) == ["a.md"]
    assert names(again, row.name, "horse", OTHER, where={"year": "2025"}) == []
    assert names(again, row.name, "horse") == []
    assert again.rows(OTHER) == [row]
    assert again.rows() == []
    for mistake in (again.row, again.delete):
        with pytest.raises(UnknownName):
            mistake(row.name)
    with pytest.raises(InvalidData):
        collections.add(row.name, "b.md", b"\xff", principal=OTHER)
    assert collections.delete(row.name, OTHER) == row
    assert store.find(CollectionRow) == store.find(DocumentRow) == []
    assert list((folder / ".plait" / INDEXES).iterdir()) == []
    with pytest.raises(UnknownName):
        again.row(row.name, OTHER)


def test_the_revision_changes_with_every_commit_and_only_then(collections):
    seen = [collections.revision("policies")]
    for change in (
        lambda: collections.ingest("policies"),
        lambda: collections.add("policies", "a.md", b"text"),
        lambda: collections.remove("policies", "a.md"),
        lambda: collections.add("policies", "a.md", b"text", principal=OTHER),
    ):
        change()
        seen.append(collections.revision("policies"))
    assert len(set(seen)) == 5
    collections.ingest("policies")
    collections.ingest("words")
    assert collections.revision("policies") == seen[-1]


def test_another_embedder_is_taken_up_by_the_next_run(collections, store, folder):
    collections.ingest("policies")
    other = Collections(store, load_project(folder), lambda _: WordEmbedder(seed=5))
    assert names(other, "policies", "horses") == ["docs/horse.md"]  # by words alone
    assert set(outcomes(other.ingest("policies")).values()) == {"replaced"}
    assert len(names(other, "policies", "horses")) == 3


def test_what_is_missing_is_said_before_the_work(collections, monkeypatch, embedder):
    monkeypatch.setitem(sys.modules, "tantivy", None)
    with pytest.raises(MissingExtra, match=r"plait\[search\]"):
        collections.ingest("policies")
    assert embedder.embedded == []


class Run:
    """A job at work."""

    def __init__(self):
        self.cancel = Cancel()
        self.told = []

    def progress(self, progress):
        self.told.append(progress)
        self.cancel.check()


def test_the_job(store, folder, embedder, monkeypatch):
    monkeypatch.setattr("plait.app.ingesting.embedder_of", lambda *_: embedder)
    project = load_project(folder)
    run = Run()
    arguments = {"collection": "policies", "paths": [], "tenant": "other"}
    result = ingest(store, project, arguments, run).result
    assert [each["outcome"] for each in result["documents"]] == ["added"] * 3
    assert {row.tenant for row in store.find(DocumentRow)} == {"other"}
    assert (run.told[-1].done, run.told[-1].total) == (3, 3)
    run.cancel.request("no")
    with pytest.raises(Cancelled):
        ingest(store, project, arguments, run)


INGEST = """
import sys
from pathlib import Path
from plait.app.collection import Collections
from plait.app.settings import load_project
from plait.store.sqlite import SqliteStore
from plait.testing.embedder import WordEmbedder

project = load_project(Path(sys.argv[1]))
with SqliteStore(project.store) as store:
    collections = Collections(store, project, lambda _: WordEmbedder())
    print("ready", flush=True)
    for each in collections.ingest("policies").documents:
        print(each.name, each.outcome, flush=True)
"""


@pytest.fixture
def start(folder):
    """Starts an ingest in a process of its own."""
    running = []

    def start():
        process = subprocess.Popen(
            [sys.executable, "-c", INGEST, str(folder)], stdout=subprocess.PIPE, text=True
        )
        running.append(process)
        assert process.stdout.readline() == "ready\n"
        return process

    yield start
    for process in running:
        process.kill()
        process.wait()
        process.stdout.close()


def test_a_search_beside_an_ingest_finds_what_is_new(collections, folder, start):
    collections.ingest("policies")
    assert names(collections, "policies", "goats")[:0] == []
    (folder / "docs" / "goat.md").write_text("# Goats\n\nGoats are welcome.\n")
    stop, failures = Event(), []

    def look():
        while not stop.is_set():
            try:
                names(collections, "policies", "goats")
            except PlaitError as error:
                failures.append(error)

    thread = Thread(target=look)
    thread.start()
    process = start()
    assert process.wait(60) == 0
    assert names(collections, "policies", "goats")[0] == "docs/goat.md"
    stop.set()
    thread.join()
    assert failures == []


@pytest.mark.parametrize("kills", [2, pytest.param(150, marks=pytest.mark.long)])
def test_after_any_kill_the_indexes_equal_the_store(folder, start, kills):
    chance = random.Random(kills)
    for kill in range(kills):
        for at in range(12):
            text = f"# Page {at}\n\n" + f"Word{kill} and {at}. " * 9
            (folder / "docs" / f"page{at}.md").write_text(text)
        process = start()
        time.sleep(chance.uniform(0.0, 0.4))
        process.kill()
        process.wait()
        with SqliteStore(folder / ".plait") as store:
            row, head = store.documents.collection("default", "policies") or (None, None)
            if row is None:
                continue
            truth = [p.number for p in store.documents.passages(row.id, 0, 1 << 60, 1 << 30)]
            index = CollectionIndex(store, row, folder / ".plait")
            assert index.numbers(head, row.model) == [truth, truth]
            whole = [d.passages for d in store.find(DocumentRow, collection=row.id)]
            assert sum(whole) == len(truth)
    process = start()
    assert process.wait(60) == 0
    with SqliteStore(folder / ".plait") as store:
        assert len(store.find(DocumentRow)) == 15


def test_what_plait_yaml_names_is_there_for_every_tenant_until_it_has_its_own(collections):
    collections.ingest("policies")
    assert names(collections, "policies", "late", OTHER) == names(collections, "policies", "late")
    collections.add("policies", "own.md", b"# Own\n\nWe are never late.\n", principal=OTHER)
    assert names(collections, "policies", "late", OTHER) == ["own.md"]
    assert "own.md" not in names(collections, "policies", "late")
    collections.remove("policies", "own.md", OTHER)  # it has nothing of its own again
    assert names(collections, "policies", "late", OTHER) == names(collections, "policies", "late")
    collections.add("policies", "own.md", b"# Own\n\nWe are never late.\n", principal=OTHER)
    assert names(collections, "policies", "late", OTHER) == ["own.md"]
