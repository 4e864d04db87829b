"""The candidate of series that follows level and trend, and lets the trend fade."""

from plait.core.contract import Paradigm
from plait.engines.series import Part
from plait.train.forecast_base import MethodCandidate, Past, best_part
from plait.train.series_season import read_cycle


class Damped(MethodCandidate):
    """Exponential smoothing with a damped trend, of the series without its season or a cycle."""

    name = "damped_ets"
    paradigm: Paradigm = "linear"
    complexity = 1
    model = "damped exponential smoothing"

    def parts(self, past: Past) -> tuple[Part, ...]:
        """Return the variant whose forecasts of the past were best."""
        season = self._steps.season
        cycles = dict.fromkeys((season, read_cycle(past.batch, season)))
        variants = [Part(method="damped", season=cycle) for cycle in cycles]
        return (best_part(past, variants, self._steps),)
