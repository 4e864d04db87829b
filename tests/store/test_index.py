"""Whatever happens to an index, it ends up equal to the store."""

import random
import shutil
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from plait.core.context import Context
from plait.core.errors import StoreError
from plait.store import index as index_module
from plait.store.backup import restore
from plait.store.index import INDEXES, CollectionIndex
from plait.store.lexical import LexicalIndex
from plait.store.lock import taken
from plait.store.sqlite import SqliteStore
from plait.testing.embedder import WordEmbedder

EMBEDDER = WordEmbedder()
MODEL = EMBEDDER.artefact.id


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "store"


@pytest.fixture
def index(store, collection, folder):
    return CollectionIndex(store, collection, folder)


def head(store):
    return store.documents.collection("default", "docs")[1]


def truth(store):
    return [row.number for row in store.documents.passages("col_1", 0, 1 << 60, 1 << 30)]


def agrees(store, index):
    """Check that both indexes hold what the store does, no more, no less, nothing twice."""
    expected = truth(store)
    assert index.numbers(head(store), MODEL) == [expected, expected]


def texts(store, index, question, top=9, within=None):
    """Search both ways, and return the texts that are still there."""
    now = head(store)
    (vector,) = EMBEDDER.embed([question], Context())
    found = (
        index.lexical(now, question, top, within),
        index.dense(now, vector, MODEL, top, within),
    )
    return tuple(
        [there[number][0].text for number, _ in hits if number in there]
        for hits in found
        for there in [index.joined(number for number, _ in hits)]
    )


def test_documents_come_change_and_go(store, keep, index):
    agrees(store, index)
    keep(store, "a", "late payments", "grey horses")
    keep(store, "b", "late trains")
    lexical, dense = texts(store, index, "a late payment")
    assert lexical == ["late payments", "late trains"]
    assert set(dense) == {*lexical, "grey horses"}
    keep(store, "a", "white horses")
    assert texts(store, index, "late")[0] == ["late trains"]
    store.documents.remove("col_1", "b")
    lexical, dense = texts(store, index, "late horses")
    assert lexical == dense == ["white horses"]
    agrees(store, index)


def test_what_is_removed_is_gone_before_any_index_hears_of_it(store, keep, index):
    keep(store, "a", "late payments")
    before = head(store)
    hits = index.lexical(before, "late", 9)
    store.documents.remove("col_1", "a")
    assert hits
    assert index.joined(number for number, _ in hits) == {}


@pytest.mark.parametrize("seed", range(3))
def test_any_walk_ends_equal(store, keep, index, collection, folder, seed):
    chance = random.Random(seed)
    others = [index]
    for _ in range(40):
        name = chance.choice("abcdef")
        if chance.random() < 0.3:
            store.documents.remove("col_1", name)
        else:
            keep(store, name, *(f"text {chance.random()}" for _ in range(chance.randint(0, 4))))
        if chance.random() < 0.3:
            agrees(store, chance.choice(others))
        if chance.random() < 0.1:
            others.append(CollectionIndex(store, collection, folder))
    for each in others:
        agrees(store, each)


def test_one_that_is_lost_or_damaged_is_made_again(store, keep, index, collection, folder):
    keep(store, "a", "late payments", "grey horses")
    agrees(store, index)
    files = [each for each in (folder / INDEXES).rglob("*") if each.is_file()]
    for file in files:
        for damage in (b"", b"\0" * 300):
            fresh = folder / "fresh"  # in place it would pull memory from under an open index
            fresh.write_bytes(damage)
            fresh.replace(file)
            agrees(store, CollectionIndex(store, collection, folder))
            assert texts(store, index, "late")[0] == ["late payments"]
            file.parent.mkdir(exist_ok=True)
    shutil.rmtree(folder / INDEXES)
    agrees(store, CollectionIndex(store, collection, folder))
    assert texts(store, index, "late")[0] == ["late payments"]


def test_damage_that_shows_only_in_a_search(store, keep, index, monkeypatch):
    keep(store, "a", "late payments")
    agrees(store, index)
    sound, calls = LexicalIndex.search, []

    def once(self, *arguments):
        calls.append(1)
        if len(calls) == 1:
            raise index_module.DamagedIndex("rotten")
        return sound(self, *arguments)

    monkeypatch.setattr(LexicalIndex, "search", once)
    assert texts(store, index, "late")[0] == ["late payments"]
    monkeypatch.setattr(LexicalIndex, "search", lambda *_: once(None) and calls.clear())
    calls.clear()

    def always(*_):
        raise index_module.DamagedIndex("No space left on device")

    monkeypatch.setattr(LexicalIndex, "search", always)
    with pytest.raises(StoreError, match="No space left") as caught:
        texts(store, index, "late")
    assert caught.value.code == "store_unreachable"


def test_a_restored_store_does_not_deceive_it(store, keep, index, collection, folder, tmp_path):
    keep(store, "a", "one")
    store.backup(tmp_path / "backup")
    keep(store, "b", "two", "three")
    agrees(store, index)
    store.close()
    restore(tmp_path / "backup", folder, overwrite=True)
    with SqliteStore(folder) as again:
        ahead = CollectionIndex(again, collection, folder)
        agrees(again, ahead)
        store_b = keep(again, "c", "four")  # the log goes on with the numbers it gave before
        assert store_b.number == 2
        late = CollectionIndex(again, collection, folder)
        agrees(again, late)
        assert texts(again, late, "two")[0] == []


def test_a_restored_store_that_went_on_does_not_either(
    store, keep, index, collection, folder, tmp_path
):
    keep(store, "a", "one")
    store.backup(tmp_path / "backup")
    keep(store, "b", "two")
    agrees(store, index)
    store.close()
    restore(tmp_path / "backup", folder, overwrite=True)
    with SqliteStore(folder) as again:
        keep(again, "c", "four")
        keep(again, "d", "five")
        late = CollectionIndex(again, collection, folder)
        agrees(again, late)
        assert texts(again, late, "four")[0] == ["four"]


def test_another_model_has_vectors_of_its_own(store, keep, index, collection):
    keep(store, "a", "late payments")
    agrees(store, index)
    other = replace(collection, model="art_other")
    keep(store, "b", "grey horses", collection=other)
    now = head(store)
    assert index.numbers(now, MODEL) == [[1, 2], [1]]
    assert index.numbers(now, "art_other") == [[1, 2], [2]]


def test_only_documents_that_say_so(store, keep, index):
    keep(store, "a", "late payments", year="2024")
    keep(store, "b", "late trains", year="2025")
    within = index.where({"year": "2025"})
    assert texts(store, index, "late", within=within) == (["late trains"], ["late trains"])
    assert texts(store, index, "late", within=index.where({"year": "1999"})) == ([], [])
    assert index.where({}) is None


def test_who_does_not_hold_the_lock_reads_what_is_committed(store, keep, index, folder):
    keep(store, "a", "late payments")
    agrees(store, index)
    with taken(folder / INDEXES / "col_1" / "lock") as mine:
        assert mine
        keep(store, "b", "late trains")
        assert texts(store, index, "late")[0] == ["late payments"]
        assert "late trains" in texts(store, index, "late")[1]
    assert set(texts(store, index, "late")[0]) == {"late payments", "late trains"}


def test_a_first_reader_waits_for_whoever_makes_it(store, keep, index, folder):
    keep(store, "a", "late payments")
    with ThreadPoolExecutor() as pool:
        with taken(folder / INDEXES / "col_1" / "lock"):
            found = pool.submit(texts, store, index, "late")
            time.sleep(0.1)
            assert not found.done()
        assert found.result()[0] == ["late payments"]


def test_it_does_not_wait_for_ever(store, keep, index, folder, monkeypatch):
    keep(store, "a", "late payments")
    monkeypatch.setattr(index_module, "_WAIT_SECONDS", 0.0)
    with taken(folder / INDEXES / "col_1" / "lock"), pytest.raises(StoreError) as caught:
        texts(store, index, "late")
    assert caught.value.code == "store_busy"


def test_threads_search_while_documents_come(store, keep, index):
    keep(store, "a", "late payments")

    def look(_):
        return all("late payments" in each for each in texts(store, index, "late payments", 30))

    with ThreadPoolExecutor(4) as pool:
        looks = [pool.submit(look, at) for at in range(60)]
        for at in range(20):
            keep(store, f"b{at % 7}", f"other {at}")
        assert all(each.result() for each in looks)
    agrees(store, index)


def test_the_file_spares_reading(store, keep, index, collection, folder, monkeypatch):
    monkeypatch.setattr(index_module, "_WORTH_KEEPING", 10)
    keep(store, "a", *(f"text {at}" for at in range(30)))
    agrees(store, index)
    keep(store, "b", "late")
    agrees(store, index)
    read = []
    fresh = CollectionIndex(store, collection, folder)
    pages = fresh._vectors
    monkeypatch.setattr(fresh, "_vectors", lambda *about: read.append(about) or pages(*about))
    agrees(store, fresh)
    assert read == [(MODEL, 31, 31)]


def test_a_collection_that_goes_takes_its_files_along(store, keep, index, folder):
    keep(store, "a", "one")
    agrees(store, index)
    store.documents.remove_collection("col_1")
    index.remove()
    assert list((folder / INDEXES).iterdir()) == []
