"""The candidate of series that adds up the others that need no model."""

from collections.abc import Mapping, Sequence
from itertools import product

import numpy as np

from plait.core.contract import Paradigm
from plait.engines.series import Part
from plait.engines.series_batch import Floats
from plait.train.forecast_base import MethodCandidate, Past, forecast_parts, scaled_error
from plait.train.series_season import read_cycle

SHARES = 4
"""Weights are whole multiples of one over this."""

SMOOTHERS = ("theta", "optimised_theta", "damped")


class Combination(MethodCandidate):
    """A weighted mean of naive, seasonal naive, theta and damped forecasts."""

    name = "combination"
    paradigm: Paradigm = "linear"
    complexity = 2
    model = f"weighted mean of methods, weights in {SHARES}ths by past forecasts"

    def parts(self, past: Past) -> tuple[Part, ...]:
        """Return the methods with the weights under which forecasts of the past were best."""
        season = self._steps.season
        cycles = list(dict.fromkeys((season, read_cycle(past.batch, season))))
        methods = dict.fromkeys(
            [
                Part(method="naive", season=1),
                Part(method="seasonal_naive", season=season),
                *(Part(method=each, season=cycle) for cycle in cycles for each in SMOOTHERS),
            ]
        )
        said = {part: forecast_parts(past.batch, [part], self._steps.horizon) for part in methods}
        errors = {part: scaled_error(past, each, season) for part, each in said.items()}
        best = _best_of_each(errors)
        weights = _weights(past, [said[part] for part in best], season)
        return tuple(
            Part(method=part.method, season=part.season, weight=weight)
            for part, weight in zip(best, weights, strict=True)
            if weight > 0
        )


def _best_of_each(errors: Mapping[Part, float]) -> list[Part]:
    """Return of each method the variant with the least error."""
    found: dict[str, Part] = {}
    for part in sorted(errors, key=lambda each: errors[each]):
        found.setdefault(part.method, part)
    return list(found.values())


def _weights(past: Past, said: Sequence[Floats], season: int) -> tuple[float, ...]:
    """Return the weights, of all that add up to 1, with the least error; of equal ones the first.

    The plain mean is tried first and must be beaten: what was best in the past by little is so by
    chance (Claeskens et al. 2016, International Journal of Forecasting 32:754-762).
    """
    equal = (1 / len(said),) * len(said)
    tried = [equal]
    for shares in product(range(SHARES + 1), repeat=len(said)):
        if sum(shares) == SHARES:
            tried.append(tuple(share / SHARES for share in shares))
    stacked = np.stack(said)
    errors = [scaled_error(past, np.tensordot(each, stacked, 1), season) for each in tried]
    return tried[int(np.argmin(errors))]
