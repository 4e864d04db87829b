"""How well passages support a sentence, and which stretch of them does it best.

The number is the share of the sentence's meaningful words that the best one to three neighbouring
sentences of a passage contain, by stem, each word weighed by its rarity in the passages; a word
that none of them has weighs most. What may not differ at all is looked at apart: every number,
date, percentage and amount must be in that stretch or what stands above it, every name in its
passage or what stands above it, and what one denies the other must deny. Where any of these fails,
the number is halved, which puts it below every threshold above one half.

Above a sentence stand the headings of its passage; above the row of a table also the row that names
the columns. Passages of a document that follow one another are read as one.

This reads words, not meanings. It cannot see that two words mean the same, nor that a number
belongs to another noun of the same stretch.
"""

import math
import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from plait.core.passage import Passage
from plait.core.sentence import Span, sentences
from plait.evaluate.word import Word, words

WINDOW = 3
"""Most neighbouring sentences that support one together."""

THRESHOLD = 0.7
"""From what score on a sentence counts as supported; chosen on the development set of BEGIN."""

_MARKS = re.compile(r"\[\d{1,3}\]")  # of citations, which are no part of what is said
_ITEM = re.compile(r"\A\s*(?:[-*+•·▪]|\d{1,3}[.)])\s+")  # nor is the mark of a list's item
_RULE = re.compile(r"(?=.*-)(?=.*\|)[\s:|-]+\Z")  # below the names of columns
_GAP = 8  # characters between passages that follow one another: at most a few empty lines


@dataclass(frozen=True, slots=True, kw_only=True)
class Support:
    """What supports a sentence.

    Attributes:
        score: 0 (nothing) to 1 (every word, number and name).
        passage: index of the passage that does, or -1 when none has a word of the sentence.
        start: offset of the supporting span's first character in the document.
        end: offset behind its last character, which may lie in the passage that follows.
        missing: numbers, names and denied words of the sentence that the span contradicts or lacks.
    """

    score: float
    passage: int = -1
    start: int = 0
    end: int = 0
    missing: tuple[str, ...] = ()


_Stems: TypeAlias = dict[str, frozenset[bool]]


@dataclass(frozen=True, slots=True)
class _Line:
    """A sentence or row, read once.

    Attributes:
        span: where it lies in its run of passages.
        passage: index of the passage that it begins in.
        stems: of its words and the names of its columns, and whether they are denied; some do both.
        above: the same of its headings.
    """

    span: Span
    passage: int
    stems: _Stems
    above: _Stems

    def reading(self, stem: str) -> frozenset[bool]:
        """Return whether the word is denied, or both; nothing if it is not there."""
        return self.stems.get(stem) or self.above.get(stem, frozenset())


@dataclass(frozen=True, slots=True)
class _Read:
    """Passages that follow one another: where they begin, their lines, the stems of each."""

    start: int
    lines: list[_Line]
    whole: dict[int, frozenset[str]]


class Ground:
    """Passages, read once, to hold sentences against. Safe to share between threads."""

    def __init__(self, passages: Sequence[Passage]) -> None:
        self._read = [_read(passages, run) for run in _runs(passages)]
        counts: Counter[str] = Counter()
        lines = [line for read in self._read for line in read.lines]
        for line in lines:
            counts.update(line.stems.keys())
        total = len(lines)
        self._unseen = math.log(2 + total)
        self._weights = {
            stem: math.log(1 + (1 + total) / (1 + count)) for stem, count in counts.items()
        }

    def support(self, sentence: str) -> Support:
        """Return the best support of `sentence`; of equals the first and shortest.

        What has neither letter nor digit, such as the rule of a table, says nothing and has 1.
        """
        said = _MARKS.sub(" ", sentence)
        if not any(map(str.isalnum, said)):
            return Support(score=1.0)
        asked = list(words(_ITEM.sub("", said)))
        weights = {word.stem: self._weights.get(word.stem, self._unseen) for word in asked}
        total = sum(weights.values())
        best = Support(score=0.0)
        for read in self._read:
            for first, last in _windows(len(read.lines)):
                stretch = read.lines[first:last]
                stems = set[str]().union(*(line.stems for line in stretch))
                if stems.isdisjoint(weights):
                    continue
                held = stems.union(*(line.above for line in stretch))
                found = sum(weight for stem, weight in weights.items() if stem in held) / total
                if found <= best.score:
                    continue
                missing = tuple(dict.fromkeys(_missing(asked, stretch, read.whole)))
                score = found / (2 if missing else 1)
                if score > best.score:
                    best = Support(
                        score=score,
                        passage=stretch[0].passage,
                        start=read.start + stretch[0].span[0],
                        end=read.start + stretch[-1].span[1],
                        missing=missing,
                    )
        return best


def support(sentence: str, passages: Sequence[Passage]) -> Support:
    """Return how well `passages` support `sentence`; for several sentences make one `Ground`."""
    return Ground(passages).support(sentence)


def _runs(passages: Sequence[Passage]) -> list[list[int]]:
    """Return the indices of the passages, those in a row that follow one another together."""
    order = sorted(range(len(passages)), key=lambda at: _place(passages[at]))
    runs: list[list[int]] = []
    for at in order:
        before = passages[runs[-1][-1]] if runs else None
        if before is not None and _follows(before, passages[at]):
            runs[-1].append(at)
        else:
            runs.append([at])
    return sorted(runs, key=min)


def _place(passage: Passage) -> tuple[str, str, int]:
    return passage.collection, passage.document, passage.start


def _follows(before: Passage, after: Passage) -> bool:
    return _place(before)[:2] == _place(after)[:2] and 0 <= after.start - before.end <= _GAP


def _read(passages: Sequence[Passage], run: Sequence[int]) -> _Read:
    start, text = passages[run[0]].start, ""
    begins = []
    for at in run:
        text += "\n" * (passages[at].start - start - len(text))
        begins.append(len(text))
        text += passages[at].text
    above = {at: _stems(*passages[at].headings) for at in run}
    lines = []
    for span, columns in _under_columns(text):
        at = run[bisect_right(begins, span[0]) - 1]
        lines.append(_Line(span, at, _stems(text[slice(*span)], columns), above[at]))
    whole = {
        at: frozenset[str]().union(
            *({*line.stems, *line.above} for line in lines if line.passage == at)
        )
        for at in run
    }
    return _Read(start, lines, whole)


def _stems(*texts: str) -> _Stems:
    """Return the stems of the words, and whether each is denied."""
    found: _Stems = {}
    for text in texts:
        for word in words(text):
            found[word.stem] = found.get(word.stem, frozenset()) | {word.denied}
    return found


def _under_columns(text: str) -> Iterator[tuple[Span, str]]:
    """Yield each sentence, and the row that names its columns, if it is a row below one.

    That is a row with a rule under it; of tables without rules the first row, without digits.
    """
    spans = sentences(text)
    rows = [text[start:end] for start, end in spans]
    columns = ""
    for at, (span, row) in enumerate(zip(spans, rows, strict=True)):
        after = rows[at + 1] if at + 1 < len(rows) else ""
        if not _is_row(row):
            columns = ""
        elif _RULE.match(after):
            columns = row
        elif at == 0 or not _is_row(rows[at - 1]):
            bare = row.startswith("|") or any(map(str.isdigit, row))
            columns = row if _is_row(after) and not bare else ""
        yield span, columns


def _is_row(text: str) -> bool:
    return "|" in text and "\n" not in text


def _windows(count: int) -> Iterator[Span]:
    """Yield every stretch of at most `WINDOW` of `count` sentences, the short ones first."""
    for size in range(1, min(WINDOW, count) + 1):
        yield from ((first, first + size) for first in range(count - size + 1))


def _missing(
    asked: Sequence[Word], stretch: Sequence[_Line], whole: Mapping[int, frozenset[str]]
) -> Iterator[str]:
    """Yield what of the sentence the stretch lacks or contradicts.

    A word reads as it does in the line that shares most with the sentence.
    """
    stems = {word.stem for word in asked}
    ranked = sorted(stretch, key=lambda line: -len(stems.intersection(line.stems)))
    near = frozenset[str]().union(*(whole[line.passage] for line in stretch))
    for word in asked:
        forms = (word.stem, f"{word.stem}%") if word.number else (word.stem,)
        readings = (line.reading(form) for form in forms for line in ranked)
        reading = next(filter(None, readings), None)
        if reading is None:
            if word.number or (word.named and word.stem not in near):
                yield word.text
        elif word.denied not in reading:
            yield f"not {word.text}" if word.denied else word.text
