"""Pages and parts of a document."""

from plait.core.sentence import trimmed
from plait.tasks.search.document import Document, Part, lay_out


def test_parts_are_laid_out_with_an_empty_line_between():
    parts = [Part(kind="heading", text="Rates", level=2), Part(kind="text", text="Low.")]
    parsed = lay_out(parts, {"title": "Fees"})
    assert parsed.text == "Rates\n\nLow."
    assert [parsed.text[each.start : each.end] for each in parsed.blocks] == ["Rates", "Low."]
    assert [(each.level, each.title) for each in parsed.blocks] == [(2, "Rates"), (0, "")]
    assert parsed.pages == ()


def test_a_character_is_on_the_page_it_was_read_from():
    parts = [
        Part(kind="text", text=text, page=page) for text, page in (("b", 2), ("cc", 2), ("d", 4))
    ]
    parsed = lay_out(parts, {})
    document = Document(
        id="", name="", media_type="", text=parsed.text, blocks=(), pages=parsed.pages, metadata={}
    )
    found = {text: document.page(parsed.text.index(text)) for text in ("b", "cc", "d")}
    assert found == {"b": 2, "cc": 2, "d": 4}


def test_what_has_no_pages_has_no_page_number():
    document = Document(id="", name="", media_type="", text="a", blocks=(), pages=(), metadata={})
    assert document.page(0) is None


def test_trimming_moves_both_ends():
    assert trimmed("x  ab \n", 1, 7) == (3, 5)
    start, end = trimmed("a   b", 1, 4)
    assert start >= end
