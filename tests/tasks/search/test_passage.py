"""Passages: exact, whole, along the seams."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plait.tasks.search.parse import parse_document
from plait.tasks.search.passage import split

SOURCE = """\
# Policy

## Rates

The first sentence is here. The second one follows it.

| kind | rate |
|---|---|
| fixed | 4 |

## Limits

None.
"""


def markdown(text):
    return parse_document(text.encode(), "a.md")


def test_passages_follow_headings():
    pieces = split(markdown(SOURCE))
    assert [piece.headings for piece in pieces] == [("Policy", "Rates"), ("Policy", "Limits")]
    assert pieces[0].text.startswith("# Policy\n\n## Rates\n\nThe first")
    assert pieces[1].text == "## Limits\n\nNone."
    assert pieces[1].indexed == "Policy > Limits\n## Limits\n\nNone."


def test_a_long_section_is_cut_at_sentences_and_a_table_stays_whole():
    texts = [piece.text for piece in split(markdown(SOURCE), size=50)]
    assert texts == [
        "# Policy\n\n## Rates\n\nThe first sentence is here.",
        "The second one follows it.",
        "| kind | rate |\n|---|---|\n| fixed | 4 |",
        "## Limits\n\nNone.",
    ]


def test_a_long_table_is_cut_between_rows():
    rows = [f"| row {number} | {number} |" for number in range(20)]
    texts = [
        piece.text
        for piece in split(markdown("\n".join(["| a | b |", "|---|---|", *rows])), size=60)
    ]
    assert all(
        line.startswith("|") and line.endswith("|") for text in texts for line in text.split("\n")
    )
    assert len(texts) > 5


def test_headings_of_one_rank_do_not_share_a_passage():
    assert [piece.headings for piece in split(markdown("# A\n\n# B\n\ntext"))] == [("A",), ("B",)]


def test_a_comment_between_paragraphs_is_in_no_passage():
    texts = [piece.text for piece in split(markdown("one\n\n<!-- hidden -->\n\ntwo"))]
    assert texts == ["one", "two"]


def test_tokens_may_be_counted_instead_of_characters():
    text = " ".join(f"word{number}" for number in range(100)) + "."
    pieces = split(markdown(text), size=7, measure=lambda text: len(text.split()))
    assert [len(piece.text.split()) for piece in pieces] == [7] * 14 + [2]


def test_a_passage_knows_its_page(pdf, column):
    pages = [
        column(f"Page {word} says it.", f"And {word} again.") for word in ("one", "two", "six")
    ]
    pieces = split(parse_document(pdf(pages), "a.pdf"), size=20)
    assert [(piece.page, piece.text) for piece in pieces][2:4] == [
        (2, "Page two says it."), (2, "And two again."),
    ]  # fmt: skip


BLOCK = st.one_of(
    st.sampled_from(["# A", "## B", "### C", "---", "<!-- no -->", "```\nx = 1\n\n\ny = 2\n```"]),
    st.lists(
        st.sampled_from(["A rule.", "and more", "e.g. 4.5", "x" * 40, "日本語。"]), min_size=1
    ).map(" ".join),
    st.lists(st.sampled_from(["| a | b |", "| long cell here | 2 |"]), min_size=1).map(
        lambda rows: "\n".join(["| h | i |", "|---|---|", *rows])
    ),
    st.lists(st.sampled_from(["- one", "- two. And more.", "  - three"]), min_size=1).map(
        "\n".join
    ),
)


@pytest.mark.parametrize("media_type", ["text/markdown", "text/plain"])
@given(blocks=st.lists(BLOCK, min_size=1, max_size=8), size=st.integers(8, 80))
def test_every_character_is_in_one_passage_at_its_place(media_type, blocks, size):
    source = "\n\n".join([*blocks, "end"])
    document = parse_document(source.encode(), "a", media_type=media_type)
    pieces = split(document, size=size)
    assert pieces == split(document, size=size)
    seen = [0] * len(document.text)
    for piece in pieces:
        assert piece.text == document.text[piece.start : piece.end] == piece.text.strip()
        assert 0 < len(piece.text) <= size
        for offset in range(piece.start, piece.end):
            seen[offset] += 1
        if piece.start and not any(
            c.isspace() for c in document.text[piece.start - 1 : piece.start + 1]
        ):
            word = document.text[: piece.start].split()[-1] + piece.text.split()[0]
            assert len(word) >= size or "。" in word or "|" in word
    assert max(seen) == 1
    for block in document.blocks:
        for offset in range(block.start, block.end):
            assert seen[offset] or document.text[offset].isspace()
