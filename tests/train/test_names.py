"""What a contract may name follows from what it asks for."""

import pytest

from plait.core.contract import Anomaly, Contract
from plait.train.names import known_candidates, known_metrics


@pytest.mark.parametrize(
    ("contract", "candidate", "metric"),
    [
        (Contract(task="tabular", data="", target="y"), "lightgbm", "roc_auc"),
        (Contract(task="text", data="", target="y"), "tfidf_linear", "macro_f1"),
        (Contract(task="series", data="", target="y", horizon=3), "theta", "mase"),
        (Contract(task="tabular", data=""), "isolation_forest", "mass_volume"),
        (
            Contract(task="tabular", data="", anomaly=Anomaly(label="odd")),
            "robust_z",
            "average_precision",
        ),
    ],
)
def test_each_kind_has_its_own(contract, candidate, metric):
    assert candidate in known_candidates(contract)
    assert metric in known_metrics(contract)


def test_points_of_a_series_are_compared_in_one_way():
    contract = Contract(task="series", data="", target="y")
    assert "ewma" in known_candidates(contract)
    assert known_metrics(contract) == []
