"""Where sentences begin and end."""

import re
from collections.abc import Iterator
from typing import TypeAlias

Span: TypeAlias = tuple[int, int]

_END = re.compile(
    r"""
    ^ [^\S\n]*+ \#{1,6}\s [^\n]*+ | ^ [^\n|]*+ \| [^\n]*+      # a heading of Markdown, a row
    | (?P<marks> (?<![.!?…]) [.!?…]++ ) [)\]"'”’»*_]*+ (?=\s)  # judged by what stands around it
    | [。！？।]++ [」』”）]*+                                  # no space need follow these
    | \n [^\S\n]* (?= \n )                                     # an empty line
    | \n (?= [^\S\n]* (?: [-*+•·▪] | \d{1,3}[.)] ) \s )        # before an item of a list
    | \n (?= [^\S\n]* \#{1,6}\s | [^\n|]* \| )                 # before a heading or row
    """,
    re.VERBOSE | re.MULTILINE,
)
_WORD = re.compile(r"(?:\w\.)*\w+\Z")
_NEXT = re.compile(r"\s+[(\[\"'“‘«*_]*(\S)")
_ABBREVIATIONS = frozenset({
    "adm", "al", "approx", "bzw", "capt", "cf", "col", "dept", "dr", "ed", "eds", "est", "ff",
    "gen", "gov", "hon", "jr", "lt", "messrs", "mr", "mrs", "ms", "mt", "prof", "rep", "rev",
    "sen", "sgt", "sr", "st", "usw", "vgl", "viz", "vs",
})  # fmt: skip
_BEFORE_NUMBERS = frozenset({
    "app", "art", "arts", "cap", "ch", "chap", "eq", "eqs", "fig", "figs", "item", "lit", "nr",
    "no", "nos", "p", "para", "paras", "pp", "reg", "ref", "refs", "sec", "secs", "sect", "tab",
    "vol", "vols", "apr", "aug", "dec", "feb", "jan", "jul", "jun", "mar", "nov", "oct", "sep",
    "sept",
})  # fmt: skip
_REACH = 24  # characters; no abbreviation is longer


def sentences(text: str) -> list[Span]:
    """Return the spans of the sentences of `text`, in order.

    Every character that is not white space lies in exactly one of them. Items of lists and rows of
    tables are sentences of their own. In doubt two sentences stay one.
    """
    found = []
    start = 0
    for cut in [*_cuts(text), len(text)]:
        first, last = trimmed(text, start, cut)
        if first < last:
            found.append((first, last))
        start = cut
    return found


def _cuts(text: str) -> Iterator[int]:
    for match in _END.finditer(text):
        if match["marks"] is None or _ends(text, match["marks"], match.start(), match.end()):
            yield match.end()


def _ends(text: str, marks: str, stop: int, end: int) -> bool:
    """Tell whether the marks that begin at `stop`, with what closes after them, end a sentence."""
    following = _NEXT.match(text, end)
    first = following[1] if following else ""
    if first.islower():
        return False
    nearest = max(0, stop - _REACH)
    word = _WORD.search(text, nearest, stop)
    if marks != "." or word is None:
        return True
    before = word[0].casefold()
    if before.isdecimal():  # the number of a list item stays with the item
        line = max(nearest, text.rfind("\n", nearest, word.start()) + 1)
        return bool(text[line : word.start()].strip())
    if len(before) == 1 and word[0].isupper():  # an initial
        return False
    if before in _BEFORE_NUMBERS:
        return not first.isdecimal()
    return "." not in before and before not in _ABBREVIATIONS


def trimmed(text: str, start: int, end: int) -> Span:
    """Return the span without the white space at its ends; an empty one if nothing is left."""
    piece = text[start:end]
    return start + len(piece) - len(piece.lstrip()), start + len(piece.rstrip())
