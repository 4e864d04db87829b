"""What a series contract asks to be raced: forecasts, from points in time that roll on."""

import time
from dataclasses import replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from threadpoolctl import threadpool_limits

from plait.core.contract import Contract
from plait.core.errors import InvalidData
from plait.evaluate.forecast import forecast_metric, naive_scale, rolling_origins
from plait.evaluate.metric import score
from plait.evaluate.split import Split, Splits
from plait.evaluate.threshold import Costs
from plait.train.forecast_base import Steps, series_recipes
from plait.train.plan import Fold, Make, Plan, able, libraries
from plait.train.series import PreparedSeries

LEAST_STEPS = 10
"""To train on: so many steps, two seasons and a horizon."""

_LIBRARIES = ("numpy", "scipy", "lightgbm", "plait")


def plan_series(prepared: PreparedSeries, contract: Contract, *, seed: int = 0) -> Plan:
    """Return the race that a series contract asks for.

    Args:
        prepared: the series.
        contract: what must be delivered.
        seed: of everything random.

    Raises:
        UnknownName: `unknown_metric`, or `unknown_component` for a candidate.
        InvalidData: `data_too_small`, the series are too short to judge forecasts.
    """
    steps = Steps(prepared.horizon, prepared.season)
    names, notes = able(contract, series_recipes)
    metric = forecast_metric(contract.metric, where="metric")
    least = max(2 * steps.season, steps.horizon, LEAST_STEPS)
    lengths = np.diff(prepared.bounds).tolist()
    _check_season(int(np.median(lengths)), steps, least)
    return Plan(
        prepared=replace(prepared, notes=(*notes, *prepared.notes)),
        recipes={name: partial(series_recipes.load(name), steps=steps) for name in names},
        metric=metric,
        splits=_told(prepared, rolling_origins(lengths, steps.horizon, least=least)),
        costs=Costs(),
        seed=seed,
        libraries=(*_LIBRARIES, *libraries(names, series_recipes)),
        judge=judge_series,
    )


def _check_season(length: int, steps: Steps, least: int) -> None:
    """Refuse a season that leaves too few steps to judge by, where a shorter one would not."""
    needed = 2 * steps.horizon + least
    shortest = 2 * steps.horizon + max(steps.horizon, LEAST_STEPS)
    if shortest <= length < needed:
        raise InvalidData(
            "data_too_small",
            f"series of {length:,} steps are too short for a season of {steps.season:,}",
            where="season",
            hint=f"give series of at least {needed:,} steps, or a shorter `season`",
        )


def _told(prepared: PreparedSeries, splits: Splits) -> Splits:
    """Return the splits whose steps to test are not all missing.

    Raises:
        InvalidData: `data_too_small`, fewer than two are left.
    """
    kept = tuple(
        split
        for split in splits
        if np.isfinite(prepared.target[split.test].astype(np.float64)).any()
    )
    if len(kept) < 2:
        raise InvalidData(
            "data_too_small",
            "of the last steps, by which forecasts are judged, nearly all are missing",
            hint="give series that go on longer, or a shorter `horizon`",
        )
    return replace(splits, folds=len(kept), each=kept) if len(kept) < len(splits) else splits


def judge_series(plan: Plan, make: Make, split: Split) -> Fold:
    """Fit on what came before a point in time, and score the forecasts of the steps after it."""
    prepared = plan.prepared
    if not isinstance(prepared, PreparedSeries):
        raise TypeError("only series can be judged so")
    sample = prepared.sample(split.train, seed=plan.seed)
    with TemporaryDirectory(prefix="plait-fold-") as folder:
        started = time.perf_counter()
        with threadpool_limits(limits=1):  # sums in one order, whatever else the machine does
            runnable = make(Path(folder)).fit(sample)
            seconds = time.perf_counter() - started
            answer = runnable.predict(sample.columns)
    said, low, high = (np.array(answer[name]) for name in ("prediction", "lower", "upper"))
    truth = prepared.target[split.test].reshape(said.shape).astype(np.float64)
    scales = [naive_scale(each, prepared.season) for each in sample.columns["history"]]
    inverse = 1 / np.repeat(scales, prepared.horizon).reshape(said.shape)
    there = np.isfinite(truth) & np.isfinite(inverse)
    value = score(plan.metric, truth[there], said[there], inverse[there])
    covered = ((low <= truth) & (truth <= high))[np.isfinite(truth)]
    return Fold(value, [], seconds, covered=covered.tolist())
