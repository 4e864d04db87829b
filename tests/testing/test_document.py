"""The conformance suite of documents can fail: stores that break one promise each are found out."""

import pytest

from plait.store.document import SqliteDocuments
from plait.store.sqlite import SqliteStore
from plait.testing.document import check_documents


class Leaks(SqliteDocuments):
    def joined(self, collection, tenant, numbers):
        return super().joined(collection, "default", numbers)


class Keeps(SqliteDocuments):
    def remove_collection(self, collection):
        return not super().remove_collection(collection)


class Mixes(SqliteDocuments):
    def known(self, tenant, model, hashes):
        return super().known("default", model, hashes)


class Guesses(SqliteDocuments):
    def where(self, collection, metadata):
        return super().where(collection, dict(list(metadata.items())[:1]))


@pytest.mark.parametrize("broken", [Leaks, Keeps, Mixes, Guesses])
def test_a_broken_promise_is_found_out(tmp_path, broken):
    def make(folder):
        store = SqliteStore(folder)
        store.documents = broken(store._database, store._reader)
        return store

    with pytest.raises(AssertionError):
        check_documents(make, tmp_path)


def test_sqlite_keeps_them(tmp_path):
    check_documents(SqliteStore, tmp_path)
