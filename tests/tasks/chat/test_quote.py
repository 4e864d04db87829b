"""What is quoted for a question."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plait.core.budget import Budget, Limits
from plait.core.context import Context
from plait.core.errors import BudgetExceeded
from plait.tasks.chat.quote import MOST_EMBEDDED, MOST_QUOTED, find_quotes


class Words:
    """An embedder by letters: enough to be near what shares words."""

    def __init__(self):
        self.asked = []

    def embed(self, texts, context):
        context.check()
        self.asked.append(list(texts))
        rows = [np.bincount([ord(c) % 61 for c in text] or [0], minlength=61) for text in texts]
        return [row / np.linalg.norm(row) for row in rows]


def texts(question, passages, embedder=None):
    return [unit.text for unit in find_quotes(question, passages, embedder, Context()).units]


def test_what_answers_is_quoted(passages):
    assert texts("When is the branch open on weekdays?", passages) == [
        "The branch is open from 9 to 16 on weekdays."
    ]


def test_nothing_is_quoted_for_what_nothing_answers(passages):
    found = find_quotes("Do you insure motorcycles?", passages, None, Context())
    assert found.units == ()
    assert found.chance < found.threshold


@pytest.mark.parametrize("question", ["", "?", "why", " \n", "x" * 100_000, "word " * 20_000])
def test_an_empty_or_huge_question_is_answered_by_nothing(passages, question):
    assert texts(question, passages) == []


def test_without_passages_there_is_nothing():
    assert texts("When is the branch open?", ()) == []


def test_a_sentence_that_refers_back_brings_the_one_before(passages):
    found = texts("How many months old may payslips of employees be at most? Older?", passages)
    if found:  # the pair stays together, in order
        assert found[:2] == [
            "Employees bring three payslips.",
            "They must not be older than four months.",
        ]


def test_the_embedder_is_asked_once_and_for_few(passages):
    embedder = Words()
    many = passages * 30
    find_quotes("When is the branch open on weekdays?", many, embedder, Context())
    assert len(embedder.asked) == 1
    assert len(embedder.asked[0]) <= 2 * MOST_EMBEDDED + 1


class Sense:
    """An embedder that knows two meanings: paying back early, and all else."""

    def embed(self, texts, context):
        sooner = [any(word in text for word in ("repay 5", "debt sooner")) for text in texts]
        return [np.array([1.0, 0.0] if each else [0.0, 1.0]) for each in sooner]


def test_what_is_meant_is_quoted_though_no_word_is_shared(passages):
    asked = "I came into money and want to clear my debt sooner"
    assert "repay 5 percent" in texts(asked, passages, Sense())[0]
    assert texts(asked, passages) == []


def test_the_deadline_holds(passages):
    late = Context(budget=Budget(Limits(deadline_seconds=0.0)))
    with pytest.raises(BudgetExceeded):
        find_quotes("When is the branch open on weekdays?", passages, Words(), late)


@settings(max_examples=30)
@given(st.text(max_size=60))
def test_quotes_are_few_and_in_order(passages, question):
    found = find_quotes(question, passages, None, Context()).units
    places = [(unit.passage, unit.start) for unit in found]
    assert places == sorted(places)
    assert len(places) == len(set(places)) <= MOST_QUOTED + 1
