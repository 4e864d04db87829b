r"""A text as weights of its word and character n-grams: TF-IDF, in plain Python.

The words are `\w+` of the text in lower case, alone and in pairs. The character n-grams are those
of 2 to 5 characters within each stretch between white space, a space on either side. A term that
occurs c times weighs (1 + ln c) times its inverse document frequency, and the weights of words, and
those of characters, have a Euclidean length of 1. The same as scikit-learn's `TfidfVectorizer` with
`sublinear_tf`, for `word` (1, 2) with the pattern `\b\w+\b` and for `char_wb` (2, 5).
"""

import math
import re
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import TypeAlias

from plait.engines.onnx import MOST_CHARACTERS

Place: TypeAlias = tuple[int, int]
"""The first and the last stretch of the text that a term touches."""

SHORTEST, LONGEST = 2, 5
_WORD = re.compile(r"\w+")


def stretches(text: str) -> list[str]:
    """Return what stands between white space; what is beyond 32,768 characters is not read."""
    return text[:MOST_CHARACTERS].split()


def word_terms(chunks: Sequence[str]) -> tuple[list[str], list[Place]]:
    """Return the words and the pairs of words, and the place of each."""
    words: list[str] = []
    at: list[int] = []
    for number, chunk in enumerate(chunks):
        found = _WORD.findall(chunk.lower())
        words += found
        at += [number] * len(found)
    pairs = [f"{one} {two}" for one, two in pairwise(words)]
    return words + pairs, [*zip(at, at, strict=True), *pairwise(at)]


def character_terms(chunks: Sequence[str]) -> tuple[list[str], list[Place]]:
    """Return the character n-grams of each stretch, and the place of each.

    A stretch shorter than the n-grams counts once, whole.
    """
    terms: list[str] = []
    places: list[Place] = []
    for number, chunk in enumerate(chunks):
        padded = f" {chunk.lower()} "
        length, before = len(padded), len(terms)
        for size in range(SHORTEST, min(LONGEST, length) + 1):
            terms += [padded[i : i + size] for i in range(length - size + 1)]
        places += [(number, number)] * (len(terms) - before)
    return terms, places


class Vectoriser:
    """Turns texts into sparse vectors; safe to share between threads.

    Attributes:
        words: the known words and pairs, in the order of their positions.
        characters: the known character n-grams, whose positions follow.
        idf: inverse document frequency of each position.
    """

    def __init__(
        self, words: Sequence[str], characters: Sequence[str], idf: Sequence[float]
    ) -> None:
        if len(idf) != len(words) + len(characters):
            raise ValueError("it has not one frequency per term")
        self.words, self.characters = tuple(words), tuple(characters)
        self.idf = tuple(idf)
        self._words = {term: at for at, term in enumerate(self.words)}
        self._characters = {term: at for at, term in enumerate(self.characters, len(self.words))}

    def __len__(self) -> int:
        return len(self.idf)

    def vector(self, chunks: Sequence[str]) -> dict[int, float]:
        """Return position -> weight of the known terms of a text, given as its stretches."""
        words = self._weigh(word_terms(chunks)[0], self._words)
        return words | self._weigh(character_terms(chunks)[0], self._characters)

    def familiarity(self, chunks: Sequence[str]) -> float:
        """Return the share of a text's words that are known; 1 where the vocabulary is empty."""
        words = [word for chunk in chunks for word in _WORD.findall(chunk.lower())]
        if not self._words:
            return 1.0
        return sum([word in self._words for word in words]) / max(1, len(words))

    def places(self, chunks: Sequence[str]) -> list[tuple[int, Place]]:
        """Return the position and the place of every occurrence of a known term."""
        found = []
        for (terms, places), known in (
            (word_terms(chunks), self._words),
            (character_terms(chunks), self._characters),
        ):
            pairs = zip(terms, places, strict=True)
            found += [(known[term], place) for term, place in pairs if term in known]
        return found

    def _weigh(self, terms: Sequence[str], known: Mapping[str, int]) -> dict[int, float]:
        counts: dict[int, int] = {}
        for term in terms:
            at = known.get(term)
            if at is not None:
                counts[at] = counts.get(at, 0) + 1
        idf = self.idf
        weights = {
            at: idf[at] if count == 1 else (1.0 + math.log(count)) * idf[at]
            for at, count in counts.items()
        }
        length = math.sqrt(sum([weight * weight for weight in weights.values()]))
        return {at: weight / length for at, weight in weights.items()}
