"""Which stretch answers, and whether any does."""

import pytest

from plait.tasks.chat.rank import WITH_VECTORS, WITHOUT_VECTORS, Question
from plait.tasks.chat.unit import units


def best(question, passages):
    found = units(passages)
    read = Question(question, found)
    none = [0.0] * len(found)
    ranked = read.rank(WITHOUT_VECTORS, none, none)
    return ranked[0], read.answerable(WITHOUT_VECTORS, ranked[0]), read


@pytest.mark.parametrize(
    ("question", "holds"),
    [
        ("What does early repayment cost?", "1 percent"),
        ("What is the longest term for a renovation?", "12 years"),
        ("What is the longest term for a purchase?", "30 years"),
        ("Which papers do freelancers bring?", "tax assessments"),
        ("When is the branch open on weekdays?", "from 9 to 16"),
    ],
)
def test_the_best_stretch_answers(passages, question, holds):
    assert holds in best(question, passages)[0].unit.text


def test_a_row_about_something_else_counts_for_less(passages):
    asked = "What is the largest loan for a renovation?"
    found = units(passages)
    none = [0.0] * len(found)
    ranked = Question(asked, found).rank(WITHOUT_VECTORS, none, none)
    strays = {each.unit.key: each.features["key"] for each in ranked if each.unit.kind == "row"}
    assert strays == {"Renovation": 0.0, "Purchase": 1.0}
    assert WITHOUT_VECTORS.relevance["key"] < 0
    assert WITH_VECTORS.relevance["key"] < 0


def test_a_name_that_stands_nowhere_speaks_against_an_answer(passages):
    known = best("When is the branch open on weekdays?", passages)[1]
    named = best("When is the branch in Oslo open on weekdays?", passages)[1]
    assert named < known / 2


def test_what_is_absent_is_told(passages):
    _, chance, read = best("Do you insure motorcycles?", passages)
    assert chance < 0.1
    assert read.evidence(best("Do you insure motorcycles?", passages)[0])["absent"] == 1.0


def test_a_question_without_words_is_survived(passages):
    assert best("???", passages)[1] < WITHOUT_VECTORS.threshold
