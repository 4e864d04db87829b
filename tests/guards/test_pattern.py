"""Patterns of personal data and the checks behind them."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plait.guards.pattern import find, is_card, is_iban, is_ssn, luhn


def found(text, label=None):
    return [
        text[mark.start : mark.end] for mark in find(text) if label is None or mark.label == label
    ]


FOUND = [
    ("card", "pay 4111 1111 1111 1111 12/27 123", "4111 1111 1111 1111"),
    ("card", "pay 4111-1111-1111-1111.", "4111-1111-1111-1111"),
    ("card", "amex 378282246310005", "378282246310005"),
    ("card", "amex 3782 822463 10005", "3782 822463 10005"),
    ("iban", "to DE89 3704 0044 0532 0130 00 PLEASE", "DE89 3704 0044 0532 0130 00"),
    ("iban", "GB29NWBK60161331926819", "GB29NWBK60161331926819"),
    ("email", "mail first.last+tag@mail.example.co.uk, now", "first.last+tag@mail.example.co.uk"),
    ("ssn", "it is 536-22-1234", "536-22-1234"),
    ("ssn", "my SSN is 536221234", "536221234"),
    ("phone", "call (617) 555-0142 now", "(617) 555-0142"),
    ("phone", "617-555-0142 ext. 12", "617-555-0142 ext. 12"),
    ("phone", "+44 20 7946 0958", "+44 20 7946 0958"),
    ("phone", "my phone number is 6175550142", "6175550142"),
    ("ip", "from 203.0.113.7.", "203.0.113.7"),
    ("ip", "from 2001:db8::8a2e:370:7334, yes", "2001:db8::8a2e:370:7334"),
    ("secret", "postgres://ann:s3cret@db.example/x", "ann:s3cret"),
    ("secret", "key sk-proj-abcdefghijklmnop1234 here", "sk-proj-abcdefghijklmnop1234"),
    ("secret", "AKIAIOSFODNN7EXAMPLE", "AKIAIOSFODNN7EXAMPLE"),
    ("secret", "api_key = 'ab12cd34'", "ab12cd34"),
    ("passport", "passport number: C01234567", "C01234567"),
    ("passport", "L898902C36UTO7408122F1204159ZE184226B<<<<<10", None),
    ("driver licence", "driver's license no. D1234567", "D1234567"),
    ("account", "account number: 1234 5678 90", "1234 5678 90"),
    ("birth date", "born on March 3, 1980 in Ohio", "March 3, 1980"),
    ("birth date", "DOB: 03/04/1980", "03/04/1980"),
    ("address", "12 Elm Street, Springfield, IL 62704", "12 Elm Street, Springfield, IL 62704"),
    ("address", "4 N. Main St Apt 3B", "4 N. Main St Apt 3B"),
    ("address", "P.O. Box 1234", "P.O. Box 1234"),
    ("person", "ask Dr. Wei Chen about it", "Wei Chen"),
    ("person", "My name is Ana Lopez.", "Ana Lopez"),
]  # fmt: skip


def test_a_number_that_ends_a_line_is_in_no_street():
    assert found("Officers | 6\nAlder Street, Worcester | 3", "address") == []


@pytest.mark.parametrize(("label", "text", "wanted"), FOUND)
def test_it_is_found_whole(label, text, wanted):
    assert found(text, label)[0] == (text if wanted is None else wanted)


def test_a_private_key_is_found_with_its_lines_even_without_its_end():
    body = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj\n" * 20
    for end in ("", "-----END RSA PRIVATE KEY-----"):
        text = f"-----BEGIN RSA PRIVATE KEY-----\n{body}{end}"
        assert found(text, "secret")[0] == text
    assert found(f"so\n{body.splitlines()[0]}\nand", "secret") == [body.splitlines()[0]]


@pytest.mark.parametrize(
    "text",
    [
        "4111 1111 1111 1112", "1234567890123456", "0000 0000 0000 0000", "DE88370400440532013000",
        "a@b", "@home", "666-22-1234", "900-12-1234", "536-00-1234", "12:30:45", "1.2.3.4.5",
        "999.1.1.1", "127.0.0.1", "::1", "std::vector", "version 10.4.1", "$200,000 to $350,000",
        "30-year loan at 6.125%", "2024-05-01", "from 2019 to 2024", "score 620-680", "Section 4.2",
        "1,234,567.89", "the password is required", "token: none", "secret ballot",
        "sha256 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        "12 months in a row", "5 percent down", "born in Ohio", "passport required",
        "Form 1003", "req_0192f1a2b3c4", "100 200 300", "the account is closed",
    ],
)  # fmt: skip
def test_what_only_looks_like_it_is_not(text):
    assert list(find(text)) == []


@given(st.integers(10**14, 10**15 - 1))
def test_one_wrong_digit_breaks_the_check_digit(number):
    (good,) = [f"{number}{last}" for last in range(10) if luhn(f"{number}{last}")]
    for at in range(16):
        other = good[:at] + str((int(good[at]) + 1) % 10) + good[at + 1 :]
        assert not luhn(other)


def test_the_checks_know_their_rules():
    assert is_card("5555555555554444")
    assert not is_card("9999999999999995")
    assert not is_card("4111111111111112")
    assert is_iban("FR1420041010050500013M02606")
    assert not is_iban("FR1420041010050500013M02607")
    assert is_ssn("536221234")
    assert not is_ssn("000221234")


HOSTILE = (
    "1", "1-", "1 ", "-", "@", "a@", "a.", "A ", "1.", "1 A ", "::", "sk-", "AB12 ", "://a:b",
    "-----BEGIN PRIVATE KEY-----", "account is ", "born on ", "call 11 ", "+1 ", "password ",
    "Mr. A ", "4111 ", "A, AB 1", "1 St ", "\n", "A\n",
)  # fmt: skip


@pytest.mark.parametrize("piece", HOSTILE)
def test_time_grows_with_the_length_alone(piece):
    """Ten times the text takes far less than a hundred times as long."""

    def taken(length):
        text = (piece * length)[:length]
        best = []
        for _ in range(2):
            started = time.process_time()
            list(find(text))
            best.append(time.process_time() - started)
        return min(best)

    assert taken(60_000) < 40 * taken(6_000) + 0.2


@given(st.text(max_size=300))
def test_every_mark_is_a_stretch_of_the_text(text):
    for mark in find(text):
        assert 0 <= mark.start < mark.end <= len(text)
