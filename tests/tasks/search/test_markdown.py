"""Markdown: blocks of the source, as it is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plait.core.errors import InvalidData
from plait.tasks.search.markdown import parse_markdown

SOURCE = """\
---
title: "Lending policy"
tags: [a, b]
---
# The *whole* `policy`, [in short](a.md)

It holds
**today**.

<!-- not for readers -->

Rates
-----

- one
- two

  # not a heading

| a | b |
|---|---|
| 1 | 2 |

```python
# no heading
```
"""


def texts(found):
    return [(each.kind, found.text[each.start : each.end]) for each in found.blocks]


def test_blocks_are_stretches_of_the_source():
    found = parse_markdown(SOURCE.encode(), "a.md")
    assert found.text == SOURCE
    assert texts(found) == [
        ("heading", "# The *whole* `policy`, [in short](a.md)"),
        ("text", "It holds\n**today**."),
        ("heading", "Rates\n-----"),
        ("text", "- one\n- two\n\n  # not a heading"),
        ("table", "| a | b |\n|---|---|\n| 1 | 2 |"),
        ("code", "```python\n# no heading\n```"),
    ]


def test_a_heading_has_its_words_and_level():
    found = parse_markdown(SOURCE.encode(), "a.md")
    headings = [(each.level, each.title) for each in found.blocks if each.kind == "heading"]
    assert headings == [(1, "The whole policy, in short"), (2, "Rates")]


def test_front_matter_is_metadata():
    found = parse_markdown(SOURCE.encode(), "a.md")
    assert found.metadata == {"title": "Lending policy", "tags": "[a, b]"}
    assert parse_markdown(b"---\na: b\n", "a.md").metadata == {}  # never closed: a rule and text


def test_depth_costs_nothing():
    found = parse_markdown(b">" * 100_000 + b" deep\n\nlast", "a.md")
    assert texts(found)[-1] == ("text", "last")


def test_too_many_lines_are_refused():
    with pytest.raises(InvalidData, match="lines") as caught:
        parse_markdown(b"\n" * 200_001, "a.md")
    assert (caught.value.code, caught.value.where) == ("data_too_large", "a.md")


@given(st.text(alphabet="ab#-*>|` \n[]:<!1.", max_size=80))
def test_blocks_are_in_order_and_hold_something(text):
    found = parse_markdown(text.encode(), "a.md")
    end = 0
    for block in found.blocks:
        assert end <= block.start < block.end <= len(text)
        assert found.text[block.start : block.end].strip() == found.text[block.start : block.end]
        end = block.end
