"""The words of a question that carry its meaning."""

from collections.abc import Iterable

from plait.evaluate.word import Word, words

_ASKING = frozenset({
    "again", "another", "anyone", "anything", "become", "becomes", "before", "below", "between",
    "come", "could", "count", "counts", "during", "ever", "get", "gets", "getting", "give", "given",
    "gives", "go", "goes", "going", "got", "happen", "happens", "know", "long", "m", "make",
    "makes", "many", "mean", "means", "might", "mine", "more", "most", "must", "need", "needed",
    "needs", "nobody", "now", "often", "old", "once", "please", "soon", "someone", "something",
    "still", "take", "taken", "takes", "tell", "under", "until", "up", "use", "used", "using",
    "want", "way", "within",
})  # fmt: skip


def told(text: str) -> list[Word]:
    """Return the words that carry meaning, in order, without those that only ask."""
    return [word for word in words(text) if word.text.casefold() not in _ASKING]


def terms(text: str) -> frozenset[str]:
    """Return the stems of the words that carry meaning."""
    return frozenset(word.stem for word in told(text))


def akin(term: str, vocabulary: Iterable[str]) -> frozenset[str]:
    """Return the members of `vocabulary` that are forms of one word with `term`.

    Those are equal, or share a beginning of five letters that is three quarters of the longer.
    """
    return frozenset(each for each in vocabulary if each == term or _kin(each, term))


def _kin(one: str, other: str) -> bool:
    if not (one.isalpha() and other.isalpha()):
        return False
    shared = 0
    for left, right in zip(one, other, strict=False):
        if left != right:
            break
        shared += 1
    return shared >= 5 and shared >= 0.75 * max(len(one), len(other))
