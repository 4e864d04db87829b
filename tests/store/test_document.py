from dataclasses import replace

import apsw
import pytest

from plait.core.errors import StoreError
from plait.store.database import FILE
from plait.store.record import DocumentRow, SourceRow


def test_a_mistake_within_leaves_the_document_that_was_there(store, collection, keep):
    before = keep(store, "a", "one")
    with pytest.raises(apsw.ConstraintError):  # there is no such collection
        keep(store, "a", "two", collection=replace(collection, id="none"))
    assert store.find(DocumentRow) == [before]


def test_odd_names_texts_and_bytes_come_back(store, collection, keep):
    name = 'sub/it\'s "odd" \U0001f40e.md'
    row = keep(store, name, "Zoë\u2028\x1f", year="2024'; DROP TABLE passage; --")
    assert store.find(DocumentRow, name=name) == [row]
    assert store.find(SourceRow, document=row.number)[0].text == "Zoë\u2028\x1f"
    assert store.documents.where("col_1", {"year": "2024'; DROP TABLE passage; --"}) == [row.number]
    assert store.documents.where("col_1", {"year": "2024"}) == []


def test_many_numbers_at_once(store, collection, keep):
    keep(store, "a", *(f"text {at}" for at in range(3_000)))
    found = store.documents.joined("col_1", "default", range(1, 5_000))
    assert sorted(found) == list(range(1, 3_001))
    assert len(store.documents.codes(collection.model, range(1, 5_000))) == 3_000


def test_a_full_disk_is_said(store, collection, keep, monkeypatch):
    def full(*_):
        raise apsw.FullError

    monkeypatch.setattr("plait.store.document._next", full)
    with pytest.raises(StoreError) as caught:
        keep(store, "a", "one")
    assert caught.value.code == "store_full"
    assert store.find(DocumentRow) == []
    assert (store._folder / FILE).exists()
