"""What a file is, and which are refused."""

import os

import pytest

from plait.core.errors import InvalidData, UnknownName
from plait.tasks.search.parse import parse_document, read_document


@pytest.mark.parametrize(
    ("name", "data", "media_type"),
    [
        ("a.md", b"# A", "text/markdown"),
        ("A.HTM", b"<p>a", "text/html"),
        ("a.txt", b"<html>a", "text/plain"),
        ("a.rst", b"a", "text/plain"),
        ("page", b"\n<!DOCTYPE html><p>a", "text/html"),
    ],
)
def test_name_and_first_bytes_tell_what_it_is(name, data, media_type):
    assert parse_document(data, name).media_type == media_type


def test_a_pdf_is_one_whatever_its_name(pdf, column):
    document = parse_document(pdf([column("text")]), "upload.bin")
    assert (document.media_type, document.text) == ("application/pdf", "text")


def test_the_caller_may_say_what_it_is():
    document = parse_document(b"<p>a", "upload", media_type="Text/HTML; charset=utf-8")
    assert (document.media_type, document.text) == ("text/html", "a")
    with pytest.raises(UnknownName, match="parsers"):
        parse_document(b"a", "upload", media_type="video/mp4")


def test_the_id_is_that_of_the_text():
    one, same = parse_document(b"a\r\n", "a.md"), parse_document(b"a\n", "b.md")
    assert one.id == same.id != parse_document(b"b\n", "a.md").id
    assert one.id.startswith("doc_")
    assert one.name == "a.md"


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "data_empty"),
        (b" \n\xc2\xa0", "data_empty"),
        (b"<!-- nothing -->", "data_empty"),
        (b"PK\x03\x04abc", "data_format"),
        (b"\x1f\x8babc", "data_format"),
        (b"{\\rtf1 a}", "data_format"),
        (b"a\0b", "data_format"),
        (b"\xfcber", "data_encoding"),
        (b"a" * 101, "data_too_large"),
    ],
)
@pytest.mark.parametrize("name", ["a.md", "a.html"])
def test_bad_input_has_a_code_a_place_and_a_hint(name, data, code):
    with pytest.raises(InvalidData) as caught:
        parse_document(data, name, most_bytes=100)
    assert caught.value.code == code
    assert caught.value.where.startswith(name)
    assert caught.value.hint


def test_a_renamed_zip_is_refused_as_a_pdf():
    with pytest.raises(InvalidData, match="ZIP"):
        parse_document(b"PK\x03\x04abc", "a.pdf")


def test_a_huge_file_is_refused_without_being_read(tmp_path):
    path = tmp_path / "huge.txt"
    with path.open("wb") as file:
        os.truncate(file.fileno(), 100 * 2**20)
    with pytest.raises(InvalidData, match="64 MiB") as caught:
        read_document(path)
    assert caught.value.code == "data_too_large"


def test_a_file_is_read(tmp_path):
    path = tmp_path / "a.md"
    path.write_text("# A\n\ntext")
    document = read_document(path)
    assert (document.name, len(document.blocks)) == (str(path), 2)


def test_what_is_not_there_is_named(tmp_path):
    (tmp_path / "policy.md").write_text("a")
    with pytest.raises(InvalidData, match=r"policy\.md") as caught:
        read_document(tmp_path / "polcy.md")
    assert caught.value.code == "data_missing"
    with pytest.raises(InvalidData) as caught:
        read_document(tmp_path)
    assert caught.value.code == "data_unreadable"
