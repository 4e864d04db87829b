"""What a sentence is made of."""

import pytest

from plait.evaluate.word import stem, words


def stems(text):
    return [word.stem for word in words(text)]


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("$1,250.50", "1250.5"), ("5%", "5%"), ("5 percent", "5%"), ("$1.5 million", "1500000"),
        ("200k", "200000"), ("twelve", "12"), ("043", "43"),
    ],
)  # fmt: skip
def test_numbers_come_in_plain_digits(written, value):
    (word,) = words(written)
    assert (word.stem, word.number) == (value, True)


@pytest.mark.parametrize(
    "forms",
    [
        ("policy", "policies", "policy's"), ("approve", "approved", "approves", "approving"),
        ("stop", "stopped", "stopping"), ("loan", "loans"), ("rate", "rates", "rated"),
        ("apply", "applied", "applies", "applying"),
    ],
)  # fmt: skip
def test_inflected_forms_share_a_stem(forms):
    assert len({stem(form) for form in forms}) == 1


def test_words_that_only_look_inflected_stay():
    assert [stem(word) for word in ("bus", "this", "red", "sing", "need", "class")] == [
        "bus", "this", "red", "sing", "need", "class",
    ]  # fmt: skip


def test_words_without_meaning_are_left_out():
    assert stems("It is what it is, and that's that.") == []


def test_a_denial_reaches_over_its_clause_only():
    found = {word.stem: word.denied for word in words("We do not accept cash, cards work.")}
    assert found == {"accept": True, "cash": True, "card": False, "work": False}
    assert [word.denied for word in words("It can't expire")] == [True]


def denied(text):
    return [word.stem for word in words(text) if word.denied]


def test_a_denial_reaches_over_the_end_of_a_line_but_out_of_no_sentence():
    assert denied("It is paid without\ninterest.") == ["interest"]
    for end in ("\n\n", "\n- ", "\n2. ", "\n## ", "\n| ", " | ", ". "):
        assert denied(f"Was it? No{end}Fees apply") == []


def test_two_denials_are_none_and_one_that_ends_its_clause_looks_back():
    assert denied("No loan may not be made") == ["loan"]
    assert denied("It binds us, the bank pays, the fees are not, cash is") == ["fee"]


def test_a_number_is_denied_only_right_behind_a_denial():
    assert denied("The fee is not 79 dollars") == ["79", "dollar"]
    assert denied("no more than 79") == ["mor"]


def test_a_name_has_a_capital_that_no_sentence_begins():
    found = {word.text: word.named for word in words("Rates in Boston fell. Loans by FHA rose.")}
    assert found == {"Rates": False, "Boston": True, "fell": False, "Loans": False, "FHA": True,
                     "rose": False}  # fmt: skip


def test_a_long_hostile_text_is_read():
    for piece in ("1,", "1", "a'", "$", "%", "1 ", "'"):
        list(words(piece * 30_000))
