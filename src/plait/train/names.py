"""Which candidates and metrics a contract may name, by what it asks for."""

from typing import Any

from plait.core.contract import Contract
from plait.core.table import Table
from plait.evaluate.anomaly import ANOMALY_METRICS, LABELLED_METRICS
from plait.evaluate.forecast import FORECAST_METRICS
from plait.evaluate.metric import METRICS, PINBALL
from plait.train.base import (
    detectors,
    engine_run,
    recipes,
    series_detectors,
    text_recipes,
)
from plait.train.forecast_base import series_recipes


def known_candidates(contract: Contract) -> list[str]:
    """Return the names of the candidates that a contract may race."""
    return _table(contract).names()


def weights_run(contract: Contract, candidate: str) -> str:
    """Return the engine whose weights a candidate runs as they are; "" where it runs none.

    Raises:
        UnknownName: `unknown_component`, there is no such candidate.
    """
    return engine_run(_table(contract), candidate)


def known_metrics(contract: Contract) -> list[str]:
    """Return the names of the metrics that may compare a contract's candidates."""
    if contract.task == "series":
        return list(FORECAST_METRICS) if contract.horizon else []
    if contract.objective.quantile is not None:
        return [PINBALL]
    if contract.target or contract.task == "text":
        return list(METRICS)
    return list(LABELLED_METRICS if contract.anomaly.label else ANOMALY_METRICS)


def _table(contract: Contract) -> Table[Any]:
    """Return the candidates that a contract may race."""
    if contract.task == "series":
        return series_recipes if contract.horizon else series_detectors
    if contract.task == "text":
        return text_recipes
    return recipes if contract.target else detectors
