"""PDF: lines to paragraphs, headings, rows; what cannot be read."""

import sys
from contextlib import suppress

import pytest

from plait.core.errors import InvalidData, MissingExtra
from plait.tasks.search import pdf as module
from plait.tasks.search.parse import parse_document

ENCRYPT = (
    "/Encrypt << /Filter /Standard /V 1 /R 2 /P -4 /O <{0}> /U <{0}> >> /ID [<00><00>]".format(
        "5a" * 32
    )
)


def test_a_paragraph_is_put_together(pdf, column, parsed):
    lines = column(
        "The bank lends up to eighty per cent of the value of the house, in de-",
        "fault of other rules, and the COVID-",
        "19 exception ends with this year, as everybody surely knows by this",
        "time of the year.",
        "A short line.",
    )
    assert parsed(pdf([lines]), "application/pdf") == [
        (
            "text",
            "The bank lends up to eighty per cent of the value of the house, in default of other "
            "rules, and the COVID-19 exception ends with this year, as everybody surely knows by "
            "this time of the year.\nA short line.",
        )
    ]


def test_space_and_size_tell_blocks_apart(pdf, column, parsed):
    page = [
        *column("Lending policy", size=20),
        *column("Rates", top=760, size=14),
        *column("First paragraph, first line, and it is long enough to be", "wrapped.", top=740),
        *column("Second paragraph.", top=700),
    ]
    document = parse_document(pdf([page]), "a.pdf")
    assert [(each.kind, each.level, each.title) for each in document.blocks] == [
        ("heading", 1, "Lending policy"),
        ("heading", 2, "Rates"),
        ("text", 0, ""),
        ("text", 0, ""),
    ]
    assert document.text.endswith("\n\nSecond paragraph.")


def test_a_table_is_a_row_per_line(pdf, column, parsed):
    rows = [("Product", "Rate"), ("Fixed, ten years", "4.1 %"), ("Variable", "3.9 %")]
    page = column("Our products are these, and they have rates:")
    for number, (left, right) in enumerate(rows):
        top = 770 - 14 * number
        page += column(left, top=top) + column(right, top=top, x=250)
    assert parsed(pdf([page]), "application/pdf")[1] == (
        "table",
        "Product | Rate\nFixed, ten years | 4.1 %\nVariable | 3.9 %",
    )


def test_items_of_a_list_stay_lines(pdf, column, parsed):
    page = column("1. The first item of the list", "2. The second item of the list", "3. Last")
    ((_, text),) = parsed(pdf([page]), "application/pdf")
    assert text.count("\n") == 2


def test_pages_are_known_and_running_heads_are_left_out(pdf, column):
    words = ("zero", "one", "two")
    pages = [
        column("The policy") + column(f"About {word}.", top=700) + column(f"Page {n} of 3", top=40)
        for n, word in enumerate(words)
    ]
    document = parse_document(pdf([*pages[:1], [], *pages[1:]]), "a.pdf")
    assert document.text == "About zero.\n\nAbout one.\n\nAbout two."
    assert [document.page(document.text.index(word)) for word in words] == [1, 3, 4]
    assert document.metadata == {"title": "Lending policy", "author": "The desk"}


@pytest.mark.parametrize(
    ("spoil", "code"),
    [
        (lambda data: b"%PDF-1.4\nnothing of the kind", "data_format"),
        (lambda data: data[:9], "data_format"),
        (lambda data: b"hello", "data_format"),
        (lambda data: b"", "data_format"),
    ],
)
def test_what_is_not_a_pdf_is_refused(pdf, column, spoil, code):
    with pytest.raises(InvalidData) as caught:
        parse_document(spoil(pdf([column("text")])), "a.pdf")
    assert (caught.value.code, caught.value.where) == (code, "a.pdf")
    assert caught.value.hint


def test_an_encrypted_pdf_is_refused(pdf, column):
    with pytest.raises(InvalidData, match="encrypted") as caught:
        parse_document(pdf([column("text")], trailer=ENCRYPT), "a.pdf")
    assert caught.value.code == "data_unreadable"


def test_a_scan_is_refused(pdf):
    with pytest.raises(InvalidData, match="scan") as caught:
        parse_document(pdf([[], []]), "a.pdf")
    assert caught.value.code == "data_empty"


@pytest.mark.parametrize("limit", ["_MOST_PAGES", "_MOST_CHARACTERS"])
def test_too_much_is_refused(pdf, column, monkeypatch, limit):
    monkeypatch.setattr(module, limit, 1)
    with pytest.raises(InvalidData) as caught:
        parse_document(pdf([column("text"), column("text")]), "a.pdf")
    assert caught.value.code == "data_too_large"


def test_every_cut_and_flip_is_read_or_refused(pdf, column):
    whole = pdf([column("A sentence of the policy.", "Another one.")])
    refused = 0
    for place in range(10, len(whole), 37):
        for data in (whole[:place], whole[:place] + b"\xff" + whole[place + 1 :]):
            with suppress(InvalidData):
                assert parse_document(data, "a.pdf").text
                continue
            refused += 1
    assert refused


def test_the_library_may_be_missing(pdf, column, monkeypatch):
    monkeypatch.setitem(sys.modules, "pypdfium2", None)
    with pytest.raises(MissingExtra, match="pypdfium2"):
        parse_document(pdf([column("text")]), "a.pdf")
