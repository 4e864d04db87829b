"""Where sentences end, and where they do not."""

import time
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plait.core.sentence import sentences


def cut(text):
    return [text[start:end] for start, end in sentences(text)]


@pytest.mark.parametrize(
    "text",
    [
        "One sentence. | Another one! | Is it a third?",
        "Dr. Smith and Mrs. Jones met J. R. Tolkien. | They ate.",
        "Rates, e.g. 4.5 percent, i.e. low ones, hold. | See Sec. 3 and Fig. 2.1 for more.",
        "The answer is no. | Then see no. 5 and No. 6.",
        "It costs 3.50 euros. | 20 people paid.",
        'He said "Stop." | Then he left. | (She stayed.) | \u201cWhy?\u201d he asked.',
        "Wait... | What?! it goes on. | Or not.",
        "The U.S. Government lends. | It does.",
        "A paragraph without an end\n\n| Another",
        "The rules:\n| - one rule\n| - another. | It has two\n| 1. First. | More\n| 2. Second",
        "これは文です。| これも！| 終わり。| Fin",
        "See https://a.example/b.html?x=1. | Or plait.yaml at v1.2.3.",
        "## Heading\n| Body text.",
    ],
)
def test_cuts(text):
    assert cut(text.replace("| ", "")) == [each.strip() for each in text.split("|")]


def test_rows_of_a_table_are_sentences():
    assert cut("Such:\n| a | b |\n| 1. | 2. |\nSo.") == ["Such:", "| a | b |", "| 1. | 2. |", "So."]
    assert cut("Kind | Rate\n Fixed | 4.1 %") == ["Kind | Rate", "Fixed | 4.1 %"]


def test_nothing_has_no_sentences():
    assert sentences("") == sentences(" \n ") == []


@given(st.text(alphabet="aA1 .!?…\n|-#*\"')。\u00a0", max_size=60))
def test_every_character_is_in_one_sentence(text):
    spans = sentences(text)
    assert "".join("".join(text[start:end].split()) for start, end in spans) == "".join(
        text.split()
    )
    assert all(end <= start for (_, end), (start, _) in pairwise(spans))
    assert all(text[start:end] == text[start:end].strip() != "" for start, end in spans)


@pytest.mark.parametrize("bomb", [".", ". ", '."', "\n \n", "1. ", "A. ", "a", "\n|", "| ", "a. ("])
def test_time_grows_with_the_length_only(bomb):
    begun = time.process_time()
    sentences("x" + bomb * 50_000 + "x")
    assert time.process_time() - begun < 5
