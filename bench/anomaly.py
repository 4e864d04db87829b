"""Rows unlike the others, on scikit-learn's own sets and synthetic ones with known anomalies.

    python bench/anomaly.py

Each set has about 5 % anomalies. Every candidate is fitted on half of the rows, labels unseen, and
scores the other half: AUC and average precision by the labels, and the share of usual rows that
alarm where 1 % was asked for. Beside them the mass-volume by which the bake-off compares candidates
without labels, and which of them it ranks first: so one sees what that comparison is worth. One
row's time is that of `predict` with a dict of one row. The rival is scikit-learn's IsolationForest
and LocalOutlierFactor on the same numbers. The figures go to bench/results/anomaly.json.
"""

import tempfile
import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.datasets import load_breast_cancer, load_digits
from sklearn.ensemble import IsolationForest
from sklearn.metrics import average_precision_score, roc_auc_score
from sklearn.neighbors import LocalOutlierFactor
from threadpoolctl import threadpool_limits

from method import Floats, keep
from plait.core.contract import Anomaly, Contract
from plait.core.schema import RowReader
from plait.store.frame import RawColumn
from plait.train.anomaly import plan_anomaly, prepare_anomaly
from plait.train.base import detectors

SEED, SHARE, RARE, TIMES = 5, 0.01, 0.05, 300


def sets() -> dict[str, tuple[Floats, NDArray[np.int64]]]:
    random = np.random.Generator(np.random.PCG64(SEED))
    usual = random.normal(size=(1_900, 8)) @ random.normal(size=(8, 8))
    spread = usual.std(axis=0)
    far = random.uniform(-6, 6, (100, 8)) * spread
    apart = np.column_stack([random.permutation(column) for column in usual.T])[:100]
    centers = random.normal(0, 6, (6, 8))
    near = centers[random.integers(0, 6, 1_900)] + random.normal(0, 0.3, (1_900, 8))
    between = centers[random.integers(0, 6, 100)] + random.normal(0, 1.5, (100, 8))
    flags = np.repeat([0, 1], [1_900, 100])
    found = {
        "synthetic, far out": (np.vstack([usual, far]), flags),
        "synthetic, dependence broken": (np.vstack([usual, apart]), flags),
        "synthetic, near a cluster": (np.vstack([near, between]), flags),
    }
    for name, (data, odd) in {
        "breast cancer, malignant": _odd(load_breast_cancer(return_X_y=True), 0),
        "digits, 9 among 0 to 8": _odd(load_digits(return_X_y=True), 9),
    }.items():
        few = random.permutation(np.flatnonzero(odd))[: int(RARE * (odd == 0).sum())]
        keep = np.append(np.flatnonzero(odd == 0), few)
        found[name] = data[keep], odd[keep]
    return found


def _odd(data: tuple[Floats, NDArray[np.int64]], level: int) -> tuple[Floats, NDArray[np.int64]]:
    return data[0], (data[1] == level).astype(np.int64)


def score(data: Floats, odd: NDArray[np.int64]) -> dict[str, dict[str, float]]:
    random = np.random.Generator(np.random.PCG64(SEED))
    order = random.permutation(len(data))
    train, test = order[: len(order) // 2], order[len(order) // 2 :]
    columns = [RawColumn(f"f{at}", "number", data[train, at]) for at in range(data.shape[1])]
    contract = Contract(task="tabular", data="", anomaly=Anomaly(share=SHARE))
    prepared = prepare_anomaly(columns, contract)
    plan = plan_anomaly(prepared, contract, seed=SEED)
    splits = plan.splits.each[:2]  # for time; a race takes all
    names = prepared.input.names
    table = {f"f{at}": data[test, at] for at in range(data.shape[1]) if f"f{at}" in names}
    rows = [{name: float(column[at]) for name, column in table.items()} for at in range(len(test))]
    found = {}
    for name in detectors.names():
        make = plan.recipes[name]
        volume = np.mean([plan.judge(plan, make, split).score for split in splits])
        with tempfile.TemporaryDirectory() as folder:
            started = time.perf_counter()
            predictor = make(Path(folder)).fit(prepared.sample(np.arange(len(train)), seed=SEED))
            fitting = time.perf_counter() - started
            answer = predictor.predict(table)
            reader = RowReader(prepared.input)
            times = []
            for at in range(TIMES):
                row = rows[at % len(rows)]
                started = time.perf_counter()
                predictor.predict(reader.columns([row]))
                times.append(time.perf_counter() - started)
        found[name] = {
            **by_labels(odd[test], answer["score"]),
            "alarms of usual rows": float(np.mean(answer["prediction"][odd[test] == 0])),
            "mass_volume": float(volume),
            "row_ms_p50": 1e3 * float(np.median(times)),
            "fit_s": fitting,
        }
    theirs = IsolationForest(n_estimators=100, random_state=SEED).fit(data[train])
    found["sklearn isolation forest"] = by_labels(odd[test], -theirs.score_samples(data[test]))
    local = LocalOutlierFactor(n_neighbors=20, novelty=True).fit(data[train])
    found["sklearn local outlier factor"] = by_labels(odd[test], -local.score_samples(data[test]))
    return found


def by_labels(odd: NDArray[np.int64], scores: Floats) -> dict[str, float]:
    return {
        "auc": float(roc_auc_score(odd, scores)),
        "average_precision": float(average_precision_score(odd, scores)),
    }


@threadpool_limits.wrap(limits=1)
def main() -> None:
    results = {}
    for name, (data, odd) in sets().items():
        results[name] = found = score(data, odd)
        first = min(detectors.names(), key=lambda each: found[each]["mass_volume"])
        best = max(detectors.names(), key=lambda each: found[each]["auc"])
        print(f"\n{name}: {len(data):,} rows; without labels {first}, by labels {best}")
        print(f"{'':30}   AUC     AP  alarms  volume  row ms  fit s")
        for each, values in found.items():
            auc, precision, *others = values.values()
            more = "  ".join(f"{value:6.3f}" for value in others)
            print(f"{each:30} {auc:.3f}  {precision:.3f}  {more}")
    keep("anomaly", {"sets": results, "seed": SEED}, ("numpy", "scikit-learn"))


if __name__ == "__main__":
    main()
