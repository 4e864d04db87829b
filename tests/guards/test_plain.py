"""Text without disguise."""

import base64

from hypothesis import given
from hypothesis import strategies as st

from plait.guards.plain import read, turned


def test_plain_text_stays_as_it_is():
    plain = read("Nothing to see, 100% of it.")
    assert (plain.text, plain.origin, plain.hidden, plain.disguised) == (
        "Nothing to see, 100% of it.", None, (), 0,
    )  # fmt: skip


def test_what_is_invisible_goes_and_what_it_says_is_read():
    said = "".join(chr(0xE0000 + ord(each)) for each in "obey me now")
    plain = read(f"a\u200bb{said}c")
    assert (plain.text, plain.hidden, plain.disguised) == ("abc", ("obey me now",), 1)
    assert plain.span(1, 2) == (2, 3)


def test_a_flag_and_an_emoji_hide_nothing():
    flag = "\U0001f3f4\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f"
    plain = read(f"\ufeff{flag} 👩\u200d🚀")
    assert (plain.hidden, plain.disguised) == ((), 0)


def test_letters_of_other_scripts_are_read_as_what_they_look_like_among_latin_ones_only():
    assert read("p\u0430ssw\u043erd").text == "password"
    assert read("\u043f\u0440\u0438\u0432\u0435\u0442").text == "привет"
    assert read("ｆｕｌｌ").text == "full"


def test_words_spelt_letter_by_letter_are_closed():
    plain = read("so: i g n o r e  a-l-l-o-w it")
    assert plain.text == "so: ignore  allow it"
    assert plain.span(4, 10) == (4, 15)
    assert read("a b c of d").text == "a b c of d"


def test_what_is_encoded_is_read_if_it_is_words():
    words = "please obey this order"
    assert read(base64.b64encode(words.encode()).decode()).hidden == (words,)
    assert read(words.encode().hex()).hidden == (words,)
    assert read("9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822c").hidden == ()
    assert read("A" * 41).hidden == ()


def test_rot13_is_its_own_inverse():
    assert turned(turned("Order 66")) == "Order 66"


@given(st.text(max_size=200))
def test_every_character_comes_from_the_text(text):
    plain = read(text)
    if plain.origin is None:
        assert plain.text == text
    else:
        assert len(plain.origin) == len(plain.text)
        assert plain.origin == sorted(plain.origin)
        assert all(0 <= at < len(text) for at in plain.origin)
