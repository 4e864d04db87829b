"""Which stretch answers, and whether any does."""

import pytest

from plait.tasks.chat.rank import PERSONAL, WITH_VECTORS, WITHOUT_VECTORS, Question
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


@pytest.mark.parametrize(
    ("question", "personal"),
    [
        ("I came into money and want to clear my debt sooner", True),
        ("We're broke: can we hand in the dough later?", True),
        ("What does early repayment cost?", False),
        ("What does early repayment cost me?", False),  # in the words of the passages
        ("Do motorcycles count?", False),  # lacks words, but tells of nobody
        ("Does the unit in Minos iris?", False),  # no `mine`, `us` or `i` of its own
        ("", False),
    ],
)
def test_who_tells_of_themselves_in_other_words_is_personal(passages, question, personal):
    assert Question(question, units(passages)).personal is personal


def test_a_personal_question_is_judged_by_vectors_alone(passages):
    found = units(passages)
    read = Question("I came into money and want to clear my debt sooner", found)
    near = [float("repay 5 percent" in unit.text) for unit in found]
    best = read.rank(PERSONAL, near, near)[0]
    assert "repay 5 percent" in best.unit.text
    assert read.answerable(PERSONAL, best) > PERSONAL.threshold
    far = [0.1 for _ in found]
    assert read.answerable(PERSONAL, read.rank(PERSONAL, far, far)[0]) < PERSONAL.threshold
