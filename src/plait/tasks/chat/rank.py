"""Which stretches of the passages answer a question, and whether any does.

Two logistic models with a few plain features: one ranks what can be quoted, the other says whether
the best of it answers. `bench/answerable.py` fits both on questions that were written for it,
judges them on each kind of document by a fit on the others, and prints the numbers that stand here.

Who tells of themselves in words that the documents lack ("I lost my job, can I pay later?") shares
few words with what answers. There a missing word says nothing, so such questions have weights of
their own, which lean on vectors; `Question.personal` tells them.
"""

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from plait.tasks.chat.term import akin, terms, told
from plait.tasks.chat.unit import Unit

MOST_TERMS = 64
"""Of a question, those that are looked for."""

_FAINT = terms(
    "cost pay paid price amount number allow apply able possible available include require long "
    "large high maximum minimum limit day month year time percent percentage share much"
)
_FAINT_WEIGHT = 0.4
_SELF = re.compile(r"\b(?:i|me|my|mine|we|us|our|ours)\b", re.IGNORECASE)
_MOST_ABSENT = 0.15  # of a question whose words are taken to be the documents' own


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """The frozen coefficients of both models, and where the second says yes.

    Attributes:
        relevance: of the features of a unit; see `Question.rank`.
        answerable: of the features of the best unit; see `Question.answerable`.
        threshold: an answer is given from this probability on. It refuses about 9 in 10 of what
            nothing answers, on kinds of documents that the fit had not seen; of near misses in the
            documents' own words about 3 in 4.
    """

    relevance: Mapping[str, float]
    answerable: Mapping[str, float]
    threshold: float


WITH_VECTORS = Weights(
    relevance={
        "own": 2.35, "all": 2.4, "near": 4.5, "near_own": 6.9, "early": 1.2, "list": 1.14,
        "key": -4.9,
    },
    answerable={"constant": -8.42, "score": 1.12, "absent": -1.1, "names": -1.73, "terms": -1.75},
    threshold=0.66,
)  # fmt: skip
PERSONAL = Weights(
    relevance={"near": 4.84, "near_own": 12.01, "early": 0.97, "key": -0.67},
    answerable={"constant": -4.43, "score": 0.47, "terms": 1.4},
    threshold=0.71,
)
"""With vectors, for questions in which someone tells of themselves."""
WITHOUT_VECTORS = Weights(
    relevance={"own": 4.43, "all": 2.85, "early": 3.02, "list": 0.52, "key": -5.09},
    answerable={"constant": -4.83, "score": 0.89, "absent": -1.36, "names": -1.19, "terms": -0.26},
    threshold=0.62,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranked:
    """A unit and how well it answers.

    Attributes:
        unit: what could be quoted.
        score: log-odds, but for a constant, that it answers the question if anything does.
        features: what the score is made of.
        covers: the question's terms it holds, context included.
    """

    unit: Unit
    score: float
    features: Mapping[str, float]
    covers: frozenset[str]


class Question:
    """A question read against what could answer it.

    Attributes:
        weights: its terms -> how much each says: more, the fewer units hold it.
        absent: the share of it that no unit holds, 0 to 1.
        personal: whether someone tells of themselves in words that the units lack.
    """

    def __init__(self, text: str, units: Sequence[Unit]) -> None:
        self._units = units
        self._own = [terms(unit.text) for unit in units]
        self._all = [terms(unit.whole) for unit in units]
        counts = Counter(term for each in self._all for term in each)
        wanted = told(text)
        self._named = frozenset(word.stem for word in wanted if word.named or word.number)
        stems = list(dict.fromkeys(word.stem for word in wanted))[:MOST_TERMS]
        self._asked = frozenset(stems)
        self._forms = {term: akin(term, counts) for term in stems}
        self.weights = {term: self._weight(term, counts) for term in stems}
        self._total = sum(self.weights.values()) or 1.0
        present = frozenset(term for term, forms in self._forms.items() if forms)
        self.absent = 1.0 - self._share(present)
        self.personal = self.absent > _MOST_ABSENT and _SELF.search(text) is not None

    def rank(
        self, frozen: Weights, near: Sequence[float], near_own: Sequence[float]
    ) -> list[Ranked]:
        """Return the units with their scores, the best first.

        Args:
            frozen: the coefficients.
            near: cosine of the question and each unit under its context.
            near_own: cosine of the question and each unit alone.
        """
        found = []
        for at, unit in enumerate(self._units):
            covers = self._covered(self._all[at])
            features = {
                "own": self._share(self._covered(self._own[at])),
                "all": self._share(covers),
                "near": near[at],
                "near_own": near_own[at],
                "early": 1.0 / (1.0 + unit.passage),
                "list": float(unit.kind == "list"),
                "key": self._stray(unit.key),
            }
            score = _sum(frozen.relevance, features)
            found.append(Ranked(unit=unit, score=score, features=features, covers=covers))
        return sorted(found, key=lambda each: -each.score)

    def evidence(self, best: Ranked) -> dict[str, float]:
        """Return the features that tell whether `best` answers the question.

        `names` tells whether it lacks a name or number of the question.
        """
        return {
            "constant": 1.0,
            "score": best.score,
            "absent": self.absent,
            "names": float(bool(self._named - best.covers)),
            "terms": min(len(self.weights), 10) / 5.0,
        }

    def answerable(self, frozen: Weights, best: Ranked) -> float:
        """Return the probability that `best` answers the question."""
        return 1.0 / (1.0 + math.exp(-_sum(frozen.answerable, self.evidence(best))))

    def _stray(self, key: str) -> float:
        """Return the share of what a row is about that the question does not speak of."""
        about = terms(key)
        stray = sum(not akin(term, self._asked) for term in about)
        return stray / len(about) if about else 0.0

    def _weight(self, term: str, counts: Counter[str]) -> float:
        held = sum(counts[form] for form in self._forms[term])
        faint = _FAINT_WEIGHT if term in _FAINT else 1.0
        return faint * math.log(1.0 + (1.0 + len(self._units)) / (1.0 + held))

    def _share(self, covered: frozenset[str]) -> float:
        """Return how much of what the question says lies in the terms covered, 0 to 1."""
        return sum(self.weights[term] for term in covered) / self._total

    def _covered(self, vocabulary: frozenset[str]) -> frozenset[str]:
        """Return the terms of which the vocabulary holds a form."""
        return frozenset(term for term, forms in self._forms.items() if forms & vocabulary)


def _sum(weights: Mapping[str, float], features: Mapping[str, float]) -> float:
    return sum(weight * features[name] for name, weight in weights.items())
