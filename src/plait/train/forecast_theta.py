"""The candidate of series that bends a straight line: the theta method."""

from plait.core.contract import Paradigm
from plait.engines.series import Part
from plait.train.forecast_base import MethodCandidate, Past, best_part
from plait.train.series_season import read_cycle


class Theta(MethodCandidate):
    """Theta, standard or optimised, of the series without its season or without a longer cycle."""

    name = "theta"
    paradigm: Paradigm = "linear"
    complexity = 1
    model = "theta, standard or optimised, by past forecasts"

    def parts(self, past: Past) -> tuple[Part, ...]:
        """Return the variant whose forecasts of the past were best."""
        season = self._steps.season
        cycles = dict.fromkeys((season, read_cycle(past.batch, season)))
        variants = [
            Part(method=method, season=cycle)
            for cycle in cycles
            for method in ("theta", "optimised_theta")
        ]
        return (best_part(past, variants, self._steps),)
