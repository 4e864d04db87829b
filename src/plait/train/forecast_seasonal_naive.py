"""The candidate of series that says the last season again: what the others must beat."""

from plait.core.contract import Paradigm
from plait.engines.series import Part
from plait.train.forecast_base import MethodCandidate, Past


class SeasonalNaive(MethodCandidate):
    """The numbers of the last season again."""

    name = "seasonal_naive"
    paradigm: Paradigm = "rule"
    complexity = 0
    model = "numbers of the last season"

    def parts(self, past: Past) -> tuple[Part, ...]:
        """Return the one method."""
        del past
        return (Part(method="seasonal_naive", season=self._steps.season),)
