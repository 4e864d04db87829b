"""Uploaded files: kept as they came, each tenant's for itself."""

import shutil

import pytest

import plait
from plait.app.files import HOLD, Files
from plait.core.context import LOCAL, Principal
from plait.core.errors import InvalidRequest, UnknownName
from plait.store.record import CollectionRow

OTHER = Principal(tenant="other")


@pytest.fixture
def app(desk, tmp_path):
    with plait.open(shutil.copytree(desk, tmp_path / "desk")) as app:
        yield app


@pytest.fixture
def files(app):
    return Files(app.store)


def test_a_file_there_and_back(files):
    row = files.add("C:\\docs\\a.md", b"\xff\x00", LOCAL, {"purpose": "user_data"})
    assert row.metadata == {"filename": "a.md", "purpose": "user_data"}
    assert (row.size, row.media_type, row.tenant) == (2, "text/markdown", LOCAL.tenant)
    assert files.get(row.id, LOCAL) == row
    assert files.data(row.id, LOCAL) == b"\xff\x00"
    assert files.list(LOCAL) == [row]
    files.remove(row.id, LOCAL)
    assert files.list(LOCAL) == []


def test_two_files_of_one_name_are_two(files):
    first, second = (files.add("a.md", data, LOCAL) for data in (b"1", b"2"))
    assert [files.data(each.id, LOCAL) for each in (first, second)] == [b"1", b"2"]
    assert files.list(LOCAL) == [second, first]


def test_tenants_never_see_each_others(files, app):
    row = files.add("a.md", b"1", LOCAL)
    for ask in (files.get, files.data, files.remove):
        with pytest.raises(UnknownName) as caught:
            ask(row.id, OTHER)
        assert caught.value.code == "unknown_document"
    assert files.list(OTHER) == []
    files.add("b.md", b"2", OTHER)
    assert {each.name for each in app.store.find(CollectionRow)} == {HOLD}
    assert [each.metadata["filename"] for each in files.list(OTHER)] == ["b.md"]


@pytest.mark.parametrize("name", ["", "..", "a/", " ", "a" * 256, "a\nb", "a\x00"])
def test_a_name_that_is_none(files, name):
    with pytest.raises(InvalidRequest):
        files.add(name, b"1", LOCAL)


def test_nothing_is_no_file(files):
    with pytest.raises(InvalidRequest):
        files.add("a.md", b"", LOCAL)
