"""HTML: what a reader of the page sees."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plait.core.errors import InvalidData
from plait.tasks.search.html import parse_html
from plait.tasks.search.parse import parse_document


def shown(source):
    found = parse_html(source.encode(), "a.html")
    return [found.text[each.start : each.end] for each in found.blocks]


@pytest.mark.parametrize(
    ("source", "blocks"),
    [
        ("<p>One <b>bo</b>ld\n  word<p>Two<br>lines", ["One bold word", "Two\nlines"]),
        ("a &amp; b &lt;c&gt; caf&eacute;&nbsp;5&#8364; so&shy;ft", ["a & b <c> café 5€ soft"]),
        ("1 < 2 and <3", ["1 < 2 and <3"]),
        ("<p title='a > b' class=\"x>y\">seen</p>", ["seen"]),
        ("<p title=it's>seen</p><p>too</p>", ["seen", "too"]),
        ("<!-- <p>no --> yes <![CDATA[ no ]]><?php no ?><!doctype no>", ["yes"]),
        ("a<script>if (1 < 2) '<p>no</p>'</script><STYLE>p{}</STYLE>b", ["ab"]),
        ("<nav><ul><li>Home</ul></nav>text", ["text"]),
        ("<div><nav>Home</div>after a nav that never ends", ["after a nav that never ends"]),
        ("<header>Site</header><main><p>Policy</p></main><footer>(c)</footer>", ["Policy"]),
        ("<p hidden>no</p><p title='hidden'>yes</p>", ["yes"]),
        ("yes<div style='display: none'>no<p>no</div>", ["yes"]),
        ("<ul><li>a<li>b<ul><li>c</ul></ul>", ["- a\n- b\n- c"]),
        ("<ol><li>a</li>\n<li>b</li></ol>end", ["1. a\n2. b", "end"]),
        ("<pre>\n  def f():\n    pass\n</pre>", ["  def f():\n    pass"]),
        ("<dl><dt>Term<dd>What it is</dl>", ["Term\nWhat it is"]),
        ("</p></table></b>a", ["a"]),
        ("<p>a</p", ["a"]),
    ],
)  # fmt: skip
def test_text(source, blocks):
    assert shown(source) == blocks


def test_a_table_is_a_row_per_line():
    source = """<table><caption>Rates</caption><thead><tr><th>Kind<th>Rate</thead>
        <tr><td><p>Fixed</p></td><td> 4.1 %</td></tr><tr><td></td><td>3</td></tr><tr><td></table>"""
    assert shown(source) == ["Rates\nKind | Rate\nFixed | 4.1 %\n | 3"]


def test_headings_have_levels_and_words():
    found = parse_html(
        b"<title>T &amp; t</title><h1>A\n <i>b</i></h1><p>x<h3>C<a>\xc2\xb6</a></h3>", "a"
    )
    headings = [(each.level, each.title) for each in found.blocks if each.kind == "heading"]
    assert headings == [(1, "A b"), (3, "C")]
    assert found.metadata == {"title": "T & t"}


def test_kinds(parsed):
    source = "<h2>a</h2><p>b<ul><li>c</ul><table><tr><td>d</table><pre>e</pre>"
    assert [kind for kind, _ in parsed(source, "text/html")] == [
        "heading", "text", "text", "table", "code",
    ]  # fmt: skip


def test_the_declared_encoding_is_used():
    page = '<meta charset="windows-1252"><p>Gebühr'.encode("cp1252")
    assert parse_html(page, "a.html").text == "Gebühr"
    page = b'<meta http-equiv=Content-Type content="text/html; charset=klingon">a'
    with pytest.raises(InvalidData, match="klingon"):
        parse_html(page, "a.html")


@pytest.mark.parametrize(
    "bomb",
    ["<div>", "<b><div>", "<table><tr><td>", "<ul><li>", "<!--", "<a ", "<a x='", "</", "&", "<",
     "<![CDATA[", "<script>", "<p hidden ", "<nav>"],
)  # fmt: skip
def test_a_bomb_takes_time_in_proportion_to_its_length(bomb):
    begun = time.process_time()
    parse_html((bomb * 30_000 + "x").encode(), "a.html")
    assert time.process_time() - begun < 5  # the square of it would take minutes


def test_endless_numbers_and_attributes_are_no_trouble():
    assert shown("a&#" + "1" * 5_000 + ";b") == ["a\ufffdb"]
    assert shown("<a " + "".join(f"x{n}=1 " for n in range(50_000)) + ">b") == ["b"]


@given(st.text(alphabet="<>/!-=\"' &;#\nabpli", max_size=80))
def test_any_page_is_read(source):
    found = parse_html(source.encode(), "a.html")
    assert all(found.text[each.start : each.end].strip() for each in found.blocks)


@given(
    st.text(
        alphabet=st.characters(exclude_categories=["Cc", "Cs", "Zs"], exclude_characters="<&\xad"),
        min_size=1,
    )
)
def test_text_without_markup_comes_through(text):
    if text.strip():
        document = parse_document(f"<p>{text}</p>".encode(), "a.html")
        assert document.text.split() == text.split()
