"""The candidate of series that says: as it is now, so it stays."""

from plait.core.contract import Paradigm
from plait.engines.series import Part
from plait.train.forecast_base import MethodCandidate, Past


class Naive(MethodCandidate):
    """The last number, again and again."""

    name = "naive"
    paradigm: Paradigm = "rule"
    complexity = 0
    model = "last number"

    def parts(self, past: Past) -> tuple[Part, ...]:
        """Return the one method."""
        del past
        return (Part(method="naive", season=1),)
