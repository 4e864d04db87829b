"""HTML for a notebook: whatever a name holds, it stays text."""

import pytest

from plait.core import page

EVIL = "<script>alert(1)</script> & more"
SAFE = "&lt;script&gt;alert(1)&lt;/script&gt; &amp; more"


@pytest.mark.parametrize(
    ("made", "html"),
    [
        (page.heading(EVIL), f"<p><b>{SAFE}</b></p>"),
        (page.paragraph(EVIL), f"<p>{SAFE}</p>"),
        (page.remark(EVIL), f"<p><small>{SAFE}</small></p>"),
        (page.bullets([EVIL, "b"]), f"<ul><li>{SAFE}</li><li>b</li></ul>"),
        (page.bullets([]), ""),
    ],
)
def test_text_stays_text(made, html):
    assert made == html


def test_a_table_has_one_row_in_bold():
    assert page.table(["<a>"], [["1"], ["<2>"]], bold=1) == (
        "<table><thead><tr><th>&lt;a&gt;</th></tr></thead>"
        "<tbody><tr><td>1</td></tr><tr><td><b>&lt;2&gt;</b></td></tr></tbody></table>"
    )


def test_a_table_may_have_none_in_bold_and_no_rows():
    assert "<b>" not in page.table(["a"], [["1"]])
    assert page.table(["a"], []).endswith("<tbody></tbody></table>")
