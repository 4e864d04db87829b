"""Plain text: encodings, paragraphs."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plait.core.errors import InvalidData
from plait.tasks.search.text import decode, parse_text


def test_paragraphs_are_split_at_empty_lines():
    text = parse_text(b"One\r\ntwo.\r\n \t\r\n\r\n  Three.\r\n", "a.txt")
    assert text.text == "One\ntwo.\n \t\n\n  Three.\n"
    assert [text.text[each.start : each.end] for each in text.blocks] == ["One\ntwo.", "Three."]


@given(st.text(alphabet="ab \n\t\u00a0\u2028", max_size=60))
def test_every_character_is_in_one_paragraph(text):
    found = parse_text(text.encode(), "a.txt")
    covered = "".join(found.text[each.start : each.end] for each in found.blocks)
    assert "".join(covered.split()) == "".join(text.split())


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_byte_order_mark_is_understood_and_dropped(encoding):
    assert decode("Gebühr 5 €".encode(encoding), "a.txt") == "Gebühr 5 €"


@pytest.mark.parametrize(
    ("declared", "encoding"),
    [("windows-1252", "cp1252"), ("ISO-8859-1", "cp1252"), ("Shift_JIS", "shift_jis")],
)
def test_a_declared_encoding_is_used(declared, encoding):
    text = "日本" if encoding == "shift_jis" else "Gebühr – 5 €"
    assert decode(text.encode(encoding), "a.html", declared) == text


@pytest.mark.parametrize(
    ("data", "where"),
    [
        ("ok\nGebühr".encode("latin-1"), "a.txt:2"),
        (b"\xff\xfeabc", "a.txt:1"),
        (b"caf\xc3", "a.txt:1"),
        (b"\xed\xa0\x80", "a.txt:1"),
    ],
)
def test_other_bytes_are_refused_at_their_line(data, where):
    with pytest.raises(InvalidData) as caught:
        decode(data, "a.txt")
    assert (caught.value.code, caught.value.where) == ("data_encoding", where)
    assert caught.value.hint


@pytest.mark.parametrize("declared", ["klingon", "hex", "idna", "unicode_escape", "utf-7"])
def test_what_nobody_should_declare_is_refused(declared):
    with pytest.raises(InvalidData, match=declared) as caught:
        decode(b"abc", "a.html", declared)
    assert caught.value.code == "data_encoding"


def test_a_nul_is_refused_at_its_line():
    with pytest.raises(InvalidData, match="NUL") as caught:
        decode("a\nb".encode("utf-16-le"), "a.txt")
    assert (caught.value.code, caught.value.where) == ("data_format", "a.txt:1")
