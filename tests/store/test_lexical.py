import random
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plait.core.errors import MissingExtra
from plait.store.lexical import FORMAT, DamagedIndex, LexicalIndex
from plait.store.record import PassageRow

TEXTS = [
    "Late payments are reported to the bureaus.",
    "A payment is late after fifteen days.",
    "Horses are not accepted as collateral.",
    "The running costs of a loan",
    "loan loan loan",
]


def passage(number, text, document=1, headings=()):
    return PassageRow(
        number=number,
        tenant="default",
        privacy=1,
        created=1.0,
        collection="col_1",
        document=document,
        start=0,
        page=None,
        headings=headings,
        text=text,
        sha256="",
    )


@pytest.fixture
def index(tmp_path):
    made = LexicalIndex(tmp_path, make=True)
    made.apply([], [[passage(at, text, at % 2) for at, text in enumerate(TEXTS)]], (7, 2**61))
    return made


def numbers(hits):
    return [number for number, _ in hits]


def test_the_best_comes_first_and_stems_count(index):
    assert numbers(index.search("late payment", 9)) == [0, 1]
    assert numbers(index.search("how much does it COST to run?", 9))[:1] == [3]
    assert numbers(index.search("loans", 1)) == [4]
    scores = [score for _, score in index.search("late payment reported", 9)]
    assert scores == sorted(scores, reverse=True)


def test_headings_are_found(index):
    index.apply([], [[passage(9, "It depends.", headings=("Mortgages", "Prepayment"))]], (8, 1))
    assert numbers(index.search("mortgage prepayment", 9)) == [9]


def test_only_the_documents_asked_for(index):
    assert numbers(index.search("late payment", 9, [0])) == [0]
    assert numbers(index.search("late payment", 9, [1, 5])) == [1]
    assert index.search("late payment", 9, []) == []
    full = dict(index.search("late payment", 9))
    assert dict(index.search("late payment", 9, [0]))[0] == pytest.approx(full[0])


def test_what_it_knows_goes_with_the_commit(index, tmp_path):
    assert index.head == (7, 2**61)
    other = LexicalIndex(tmp_path)
    assert (other.head, other.numbers()) == ((7, 2**61), [0, 1, 2, 3, 4])
    index.apply([(1, 3)], [[passage(5, "new")], [passage(6, "newer")]], (9, 5))
    assert other.head == (7, 2**61)
    assert numbers(other.search("late", 9)) == [0, 1]
    other.reload()
    assert (other.head, other.numbers()) == ((9, 5), [0, 4, 5, 6])
    assert numbers(other.search("late", 9)) == [0]
    index.apply([], [[passage(0, "only")]], (1, 1), afresh=True)
    assert (index.head, index.numbers()) == ((1, 1), [0])


def test_a_question_is_words_and_never_syntax(index):
    for odd in (
        "",
        "?!",
        "late AND (",
        'text:"late',
        "number:[0 TO 9]",
        "a^b~*",
        "\ud83d late",
        "\0",
    ):
        found = index.search(odd, 9)
        assert ("late" in odd or "TO" in odd) == (0 in numbers(found)), odd


@given(question=st.text(max_size=300))
def test_no_question_fails(question, tmp_path_factory):
    if not hasattr(test_no_question_fails, "index"):
        made = LexicalIndex(tmp_path_factory.mktemp("index"), make=True)
        made.apply([], [[passage(at, text) for at, text in enumerate(TEXTS)]], (1, 1))
        test_no_question_fails.index = made
    test_no_question_fails.index.search(question, 5)


def test_very_long_questions(index):
    assert index.search("a" * 20_000, 9) == []
    many = " ".join(f"word{at}" for at in range(5_000))
    assert numbers(index.search(f"horses {many}", 9)) == [2]


@pytest.mark.parametrize("damage", ["cut", "zero", "gone"])
def test_damage_is_one_error(index, tmp_path, damage):
    folder, chance, refused = tmp_path / FORMAT, random.Random(0), 0
    files = [each for each in folder.iterdir() if not each.name.startswith(".")]
    for file in files:
        whole = file.read_bytes()
        if damage == "gone":
            file.unlink()
        else:
            fresh = file.with_name("fresh")  # in place it would pull memory from under an index
            fresh.write_bytes(bytes(len(whole)) if damage == "zero" else whole[: len(whole) // 2])
            fresh.replace(file)
        try:
            found = LexicalIndex(tmp_path).search("late", 9)
            assert numbers(found) == [0, 1]
        except DamagedIndex:
            refused += 1
        fresh = file.with_name("fresh")
        fresh.write_bytes(whole)
        fresh.replace(file)
    assert refused >= len(files) - 3, chance
    assert LexicalIndex(tmp_path).numbers() == [0, 1, 2, 3, 4]


def test_there_is_none_until_it_is_made(tmp_path):
    with pytest.raises(DamagedIndex):
        LexicalIndex(tmp_path)
    assert LexicalIndex(tmp_path, make=True).head == (0, 0)


def test_without_the_library(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "tantivy", None)
    with pytest.raises(MissingExtra, match=r"plait\[search\]"):
        LexicalIndex(tmp_path, make=True)
