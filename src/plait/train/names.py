"""Which candidates and metrics a contract may name, by what it asks for."""

from plait.core.contract import Contract
from plait.evaluate.anomaly import ANOMALY_METRICS, LABELLED_METRICS
from plait.evaluate.forecast import FORECAST_METRICS
from plait.evaluate.metric import METRICS, PINBALL
from plait.train.base import candidate_names, detectors, series_detectors
from plait.train.forecast_base import series_recipes


def known_candidates(contract: Contract) -> list[str]:
    """Return the names of the candidates that a contract may race."""
    if contract.task == "series":
        return (series_recipes if contract.horizon else series_detectors).names()
    return candidate_names(contract.task) if contract.target else detectors.names()


def known_metrics(contract: Contract) -> list[str]:
    """Return the names of the metrics that may compare a contract's candidates."""
    if contract.task == "series":
        return list(FORECAST_METRICS) if contract.horizon else []
    if contract.objective.quantile is not None:
        return [PINBALL]
    if contract.target or contract.task == "text":
        return list(METRICS)
    return list(LABELLED_METRICS if contract.anomaly.label else ANOMALY_METRICS)
