"""What a sentence is made of: the words that carry its meaning, its numbers, what it denies."""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, replace

from plait.core.sentence import sentences

_TOKEN = re.compile(
    r"""
    (?P<number> [$€£¥]? (?<![\w.]) \d{1,15}+ (?: ,\d{3}(?!\d) ){0,6} (?: \.\d{1,9}+ )?
        (?: \s?(?:%|percent\b|per\ cent\b) | \s(?:million|billion|thousand)\b | [kKmM]\b )? )
    | (?P<word> [^\W_]+ (?: ['’] [^\W\d_]+ )? )
    | (?P<stop> [.,;:!?()\[\]—–|] )
    """,
    re.VERBOSE,
)
_SCALES = {"k": 1e3, "thousand": 1e3, "m": 1e6, "million": 1e6, "billion": 1e9}
_COUNTS = {
    "two": "2", "three": "3", "four": "4", "five": "5", "six": "6", "seven": "7", "eight": "8",
    "nine": "9", "ten": "10", "eleven": "11", "twelve": "12", "thirteen": "13", "fourteen": "14",
    "fifteen": "15", "sixteen": "16", "seventeen": "17", "eighteen": "18", "nineteen": "19",
    "twenty": "20", "thirty": "30", "forty": "40", "fifty": "50", "sixty": "60", "seventy": "70",
    "eighty": "80", "ninety": "90",
}  # fmt: skip
_DENIALS = frozenset({
    "cannot", "neither", "never", "no", "nobody", "none", "nor", "not", "nothing", "nowhere",
    "without",
})  # fmt: skip
_STOPS = frozenset({
    "a", "about", "actually", "all", "also", "am", "an", "and", "any", "are", "as", "at", "be",
    "because", "been", "being", "both", "but", "by", "can", "could", "d", "did", "do", "does",
    "doing", "each", "either", "else", "even", "ever", "every", "few", "for", "from",
    "further", "had", "has", "have", "having", "he", "her", "here", "hers", "herself", "him",
    "himself", "his", "how", "however", "i", "if", "in", "indeed", "into", "is", "it", "its",
    "itself", "just", "let", "like", "ll", "m", "many", "may", "me", "might", "much", "my",
    "myself", "of", "off", "oh", "ok", "okay", "on", "one", "only", "or", "other", "our",
    "ours", "ourselves", "out", "own", "please", "quite", "rather", "re", "really", "s",
    "said", "same", "say", "says", "shall", "she", "should", "since", "so", "some",
    "something", "such", "t", "than", "that", "the", "their", "theirs", "them", "themselves",
    "then", "there", "therefore", "these", "they", "thing", "things", "this", "those",
    "though", "through", "thus", "to", "too", "upon", "us", "ve", "very", "was", "we", "well",
    "were", "what", "whatever", "when", "where", "whether", "which", "while", "who", "whom",
    "whose", "why", "will", "with", "would", "yeah", "yes", "yet", "you", "your", "yours",
    "yourself",
})  # fmt: skip
_VOWEL = re.compile(r"[aeiou]|(?<=[^aeiou])y")
_DOUBLE = re.compile(r"([^aeiouylsz])\1\Z")
_REACH = 4  # words that a denial is taken to deny, within its clause


@dataclass(frozen=True, slots=True)
class Word:
    """A word that carries meaning, or a number.

    Attributes:
        stem: the word without case and inflection; a number in plain digits, with % if it has one.
        number: whether it is one.
        named: whether it is written as a name: with a capital, not only because it comes first.
        denied: whether a denial stands shortly before it in its clause, or an odd number of them;
            before a number, right before it. A denial that ends its clause denies what precedes it.
        text: as it is written.
    """

    stem: str
    number: bool
    named: bool
    denied: bool
    text: str


def words(text: str) -> Iterator[Word]:
    """Yield the meaningful words and the numbers of `text`, in order.

    No denial reaches out of its sentence; over the end of a line, within one, it does.
    """
    plain = unicodedata.normalize("NFKC", text)
    for start, end in sentences(plain):
        yield from _words(plain[start:end])


def _words(sentence: str) -> list[Word]:
    found: list[Word] = []
    reaches: list[int] = []  # how many words each denial still denies; two are none
    first, bare, clause = True, False, 0  # bare: a denial with nothing behind it yet
    for match in _TOKEN.finditer(sentence):
        kind, written = match.lastgroup, match[0]
        lower = written.casefold().replace("’", "'")
        if kind == "stop":
            _deny_last(found, bare and len(found) > clause)
            reaches, bare, clause = [], False, len(found)
            first = first or written in ".!?:|"
            continue
        if kind == "number" or lower in _COUNTS:
            value = _value(lower) if kind == "number" else _COUNTS[lower]
            found.append(Word(value, True, False, bare, written))
            bare = False
        elif lower in _DENIALS or lower.endswith("n't"):
            reaches.append(_REACH)
            bare = True
        elif lower.removesuffix("'s") not in _STOPS:
            capital = written[0].isupper() and not first
            mixed = any(map(str.isupper, written[1:])) or any(map(str.isdigit, written))
            denied = len(reaches) % 2 == 1
            found.append(Word(stem(lower), False, capital or mixed, denied, written))
            reaches, bare = [left - 1 for left in reaches if left > 1], False
        first = False
    _deny_last(found, bare and len(found) > clause)
    return found


def _deny_last(found: list[Word], bare: bool) -> None:
    """Let a denial that ends its clause, as in `the fee is not`, deny the word before it."""
    if bare:
        found[-1] = replace(found[-1], denied=not found[-1].denied)


def _value(text: str) -> str:
    """Return a number in plain digits: `$1.50 million` -> 1500000, `5 percent` -> 5%."""
    digits = re.match(r"[^\d]*([\d,]+(?:\.\d+)?)\s*(.*)", text)
    if digits is None:
        return text
    value, unit = float(digits[1].replace(",", "")), digits[2]
    mark = "%" if unit.startswith(("%", "per")) else ""
    return f"{value * _SCALES.get(unit, 1):.15g}{mark}"


def stem(word: str) -> str:
    """Return a lower-case English word without its inflection.

    These are the steps 1a, 1b and 1c of M. F. Porter, "An algorithm for suffix stripping" (1980),
    after the possessive.
    """
    word = word.removesuffix("'s").removesuffix("'")
    if len(word) < 3:
        return word
    if word.endswith("sses") or (word.endswith("ies") and len(word) > 4):
        word = word[:-2]
    elif word.endswith("s") and not word.endswith(("ss", "us", "is")):
        word = word[:-1]
    return _final_y(_past(word))


def _past(word: str) -> str:
    if word.endswith("eed"):
        return word[:-1] if len(word) > 4 else word
    for suffix in ("ed", "ing"):
        root = word.removesuffix(suffix)
        if root != word and _VOWEL.search(root):
            break
    else:
        return word
    if root.endswith(("at", "bl", "iz")):
        return root + "e"
    if _DOUBLE.search(root):
        return root[:-1]
    return root


def _final_y(word: str) -> str:
    """Bring `policy` and `polici`, `use` and `us(ed)` to one form."""
    if word.endswith("y") and _VOWEL.search(word[:-1]):
        return word[:-1] + "i"
    return word[:-1] if word.endswith("e") and len(word) > 3 else word
