"""What can be quoted from a passage."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plait.core.passage import Passage
from plait.tasks.chat.unit import plain, units


def kinds(passage, text):
    return [(unit.kind, unit.text) for unit in units([replace(passage, text=text)])]


def test_a_row_is_shown_with_the_names_of_its_columns(passages):
    row = units(passages[1:2])[1]
    assert row.text == "Purpose: Renovation; Largest loan: 80,000 dollars; Longest term: 12 years"
    assert (row.kind, row.key) == ("row", "Renovation")
    assert passages[1].text[row.start : row.end] == "| Renovation | 80,000 dollars | 12 years |"


def test_header_and_rule_of_a_table_are_no_answers(passages):
    assert len(units(passages[1:2])) == 2


def test_a_row_without_its_header_shows_its_cells(passages):
    assert kinds(passages[0], "| a \\| b | 2 |") == [("row", "a | b; 2")]


def test_the_first_row_of_a_table_without_rules_names_the_columns(passages):
    text = "Limits\n\nCountry | Limit\nNorway | 170 EUR\nJapan | 160 EUR"
    assert kinds(passages[0], text)[1:] == [
        ("row", "Country: Norway; Limit: 170 EUR"),
        ("row", "Country: Japan; Limit: 160 EUR"),
    ]
    assert kinds(passages[0], "Norway | 170 EUR\nJapan | 160 EUR")[0] == ("row", "Norway; 170 EUR")


def test_a_list_can_be_quoted_whole_or_by_item(passages):
    found = units(passages[2:3])
    assert [unit.kind for unit in found] == ["list", "item", "item", "sentence", "sentence"]
    whole = found[0]
    assert whole.text == "Freelancers bring:\n- two tax assessments\n- a profit and loss account"
    assert passages[2].text[whole.start : whole.end].endswith("loss account")
    assert found[1].whole.endswith("Freelancers bring:\ntwo tax assessments")


def test_a_list_too_long_is_not_quoted_whole(passages):
    text = "Bring:\n" + "\n".join(f"- {'x' * 90} {at}" for at in range(20))
    whole = units([replace(passages[0], text=text)])[0]
    assert whole.end - whole.start <= 900


def test_a_sentence_that_refers_back_stands_under_the_one_before(passages):
    last = units(passages[2:3])[-1]
    assert last.leans
    assert "Employees bring three payslips." in last.context


def test_headings_and_comments_are_no_answers_and_a_listing_is_one(passages):
    text = "# Title\n\n<!-- no -->\n\n```sh\nplait serve. And\nmore\n```\n\nText."
    assert [kind for kind, _ in kinds(passages[0], text)] == ["sentence", "sentence"]
    assert kinds(passages[0], text)[0][1].startswith("```sh plait serve.")


def test_a_heading_within_the_text_is_no_answer(passages):
    assert kinds(passages[0], "Early repayment\n\nIt is free.") == [("sentence", "It is free.")]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("- one\n  two", "one two"),
        ("**Note.** Stay", "Note. Stay"),
        ("2. go", "go"),
        ("a*b", "a*b"),
    ],
)
def test_marks_are_taken_off(text, shown):
    assert plain(text) == shown


@given(st.text(alphabet="ab.|-:#*`~<!> \n1", max_size=120))
def test_units_lie_in_the_text_and_only_lists_lie_over_others(text):
    passage = Passage(
        id="", collection="", document="", name="", start=0, end=len(text), text=text, score=0.0
    )
    last = 0
    for unit in units([passage]):
        assert 0 <= unit.start < unit.end <= len(text)
        if unit.kind != "list":
            assert unit.start >= last
            last = unit.end
