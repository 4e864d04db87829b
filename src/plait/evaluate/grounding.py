"""How well passages support a sentence, and which stretch of them does it best.

The number is the share of the sentence's meaningful words that the best one to three neighbouring
sentences of a passage contain, by stem, each word weighed by its rarity in the passages; a word
that none of them has weighs most. What may not differ at all is looked at apart: every number,
date, percentage and amount must be in that stretch, every name in its passage or what stands above
it, and what one denies the other must deny. Where any of these fails, the number is halved, which
puts it below every threshold above one half.

This reads words, not meanings. It cannot see that two words mean the same, nor that a number
belongs to another noun of the same stretch.
"""

import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from plait.core.passage import Passage
from plait.core.sentence import Span, sentences
from plait.evaluate.word import Word, words

WINDOW = 3
"""Most neighbouring sentences that support one together."""

THRESHOLD = 0.7
"""From what score on a sentence counts as supported; chosen on the development set of BEGIN."""

_MARKS = re.compile(r"\[\d{1,3}\]")  # of citations, which are no part of what is said


@dataclass(frozen=True, slots=True, kw_only=True)
class Support:
    """What supports a sentence.

    Attributes:
        score: 0 (nothing) to 1 (every word, number and name).
        passage: index of the passage that does, or -1 when none has a word of the sentence.
        start: offset of the supporting span's first character in the document.
        end: offset behind its last character.
        missing: numbers, names and denied words of the sentence that the span contradicts or lacks.
    """

    score: float
    passage: int = -1
    start: int = 0
    end: int = 0
    missing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Read:
    """A passage, read once: the spans of its sentences and the words of each."""

    spans: list[Span]
    words: list[list[Word]]
    above: frozenset[str]  # stems of its headings
    whole: frozenset[str]  # stems of all of it and its headings


class Ground:
    """Passages, read once, to hold sentences against. Safe to share between threads."""

    def __init__(self, passages: Sequence[Passage]) -> None:
        self._passages = passages
        self._read = [_read(passage) for passage in passages]
        counts: Counter[str] = Counter()
        for read in self._read:
            for each in read.words:
                counts.update({word.stem for word in each})
        total = sum(len(read.words) for read in self._read)
        self._unseen = math.log(2 + total)
        self._weights = {
            stem: math.log(1 + (1 + total) / (1 + count)) for stem, count in counts.items()
        }

    def support(self, sentence: str) -> Support:
        """Return the best support of `sentence`; of equals the first and shortest."""
        asked = list(words(_MARKS.sub(" ", sentence)))
        weights = {word.stem: self._weights.get(word.stem, self._unseen) for word in asked}
        if not weights:
            return Support(score=0.0)
        total = sum(weights.values())
        best = Support(score=0.0)
        for at, read in enumerate(self._read):
            for first, last in _windows(len(read.spans)):
                inside = [word for each in read.words[first:last] for word in each]
                stems = {word.stem for word in inside}
                found = sum(
                    weight
                    for stem, weight in weights.items()
                    if stem in stems or stem in read.above
                )
                if found / total <= best.score or not stems & weights.keys():
                    continue
                missing = tuple(dict.fromkeys(_missing(asked, inside, stems, read)))
                score = found / total / (2 if missing else 1)
                if score > best.score:
                    best = Support(
                        score=score,
                        passage=at,
                        start=self._passages[at].start + read.spans[first][0],
                        end=self._passages[at].start + read.spans[last - 1][1],
                        missing=missing,
                    )
        return best


def support(sentence: str, passages: Sequence[Passage]) -> Support:
    """Return how well `passages` support `sentence`; for several sentences make one `Ground`."""
    return Ground(passages).support(sentence)


def _read(passage: Passage) -> _Read:
    spans = sentences(passage.text)
    found = [list(words(passage.text[start:end])) for start, end in spans]
    above = frozenset(word.stem for each in passage.headings for word in words(each))
    whole = above.union(word.stem for each in found for word in each)
    return _Read(spans, found, above, whole)


def _windows(count: int) -> Iterator[Span]:
    """Yield every stretch of at most `WINDOW` of `count` sentences, the short ones first."""
    for size in range(1, min(WINDOW, count) + 1):
        yield from ((first, first + size) for first in range(count - size + 1))


def _missing(
    asked: Iterable[Word], inside: Sequence[Word], stems: set[str], read: _Read
) -> Iterator[str]:
    """Yield what of the sentence the stretch `inside` lacks or contradicts."""
    affirmed = {word.stem for word in inside if not word.denied}
    denied = {word.stem for word in inside if word.denied}
    for word in asked:
        if word.number:
            if word.stem not in stems and f"{word.stem}%" not in stems:
                yield word.text
        elif word.named and word.stem not in read.whole:
            yield word.text
        elif word.stem in stems and word.stem not in (denied if word.denied else affirmed):
            yield f"not {word.text}" if word.denied else word.text
