"""plait beside FLAML, both with the same 90 seconds: quality on test rows, and time of one row.

    PLAIT_DATA=FOLDER python bench/automl.py [--install] [--only german ...] [--seeds 0 1]
        [--seconds 90]

FLAML lives in an environment of its own, which `--install` makes:

    python -m venv .bench/flaml
    .bench/flaml/bin/pip install flaml lightgbm xgboost-cpu scikit-learn pandas

It searches every estimator that it finds there, by ROC AUC, its other settings as they come;
CatBoost is not there. plait trains a contract as `plait train --minutes 1.5` does, but for the low
priority of its jobs, and what its rule chose answers. Both have a process of their own, one thread
and the same rows to train on, and run in turn: plait, FLAML, plait, FLAML. So whatever else the
machine does hits both; the seconds of the processor that each got are told.

How plait spends a short time was settled on the training part of Adult, and changed once more when
it had no time to finish what led there, before its score on the test rows was looked at.

Five sets, chosen before any score was seen: those of bench/tabular.py, and the electricity market,
drawn at random as AutoML benchmarks have it. Adult has its official test part; of the others 30 %
of the rows test, stratified, drawn anew for each seed. Differences in ROC AUC are paired, with 95 %
bootstraps over test rows. Latency is the median of single rows in the process that trained:
`App.predict` of a dict, which checks it and keeps a record of it, and `AutoML.predict` of a data
frame of one row. The figures go to bench/results/automl.json.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.model_selection import train_test_split

import plait
from method import CACHE, SEED, Missing, Run, data, digests, keep, kept, start
from plait.app.training import train
from plait.engines.base import read_artefact
from tabular import TEST_SHARE, auc, difference, read

FLAML = CACHE / "flaml"
PACKAGES = ("flaml", "lightgbm", "xgboost-cpu", "scikit-learn", "pandas")
SETS = ("german", "loanapp", "credit", "adult", "electricity")
BAR = 20.0
ASKED = 300
LIBRARIES = ("scikit-learn", "lightgbm", "numpy")

RIVAL = """
import json, sys, time
import numpy, pandas
from importlib.metadata import version
from flaml import AutoML

seconds, seed, asked = float(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
train, test = pandas.read_csv("train.csv"), pandas.read_csv("test.csv")
target = train.pop("target").to_numpy()
test.pop("target")
for name in train.columns:
    if not pandas.api.types.is_numeric_dtype(train[name]):
        train[name] = train[name].astype("category")
        test[name] = pandas.Categorical(test[name], categories=train[name].cat.categories)
automl = AutoML()
started, computed = time.perf_counter(), time.process_time()
automl.fit(
    train, target, task="classification", metric="roc_auc", time_budget=seconds,
    n_jobs=1, seed=seed, verbose=0,
)
found = {
    "seconds": time.perf_counter() - started,
    "processor seconds": time.process_time() - computed,
    "winner": automl.best_estimator,
    "settings": {k: str(v) for k, v in (automl.best_config or {}).items()},
    "estimators": list(automl.estimator_list),
    "chances": automl.predict_proba(test)[:, 1].tolist(),
}
rows = [test.iloc[[at % len(test)]] for at in range(asked)]
for row in rows[:20]:
    automl.predict(row)
taken = []
for row in rows:
    started = time.perf_counter()
    automl.predict(row)
    taken.append(time.perf_counter() - started)
found["p50_ms"] = 1000 * float(numpy.median(taken))
names = ["flaml", "lightgbm", "xgboost-cpu", "scikit-learn", "pandas", "numpy"]
found["versions"] = {name: version(name) for name in names}
json.dump(found, open("flaml.json", "w"))
"""

PROJECT = """\
project: automl
contracts:
  {name}: {{task: tabular, data: train.csv, target: target, metric: roc_auc}}
"""


def install() -> None:
    """Make FLAML's environment."""
    subprocess.run([sys.executable, "-m", "venv", FLAML], check=True)
    subprocess.run([FLAML / "bin" / "pip", "install", "-q", *PACKAGES], check=True)


def parts(name: str, seed: int) -> tuple[pd.DataFrame, pd.DataFrame, list[Path]]:
    """Return the rows to train on, those to test on, and the files."""
    if name == "electricity":
        path = data("drift/elec2.csv.gz")
        frame, paths = pd.read_csv(path).rename(columns={"class": "target"}), [path]
    else:
        train, test, paths = read(name)
        if name == "adult":
            return train, test, paths
        frame = pd.concat([train, test]).sort_index()
    train, test = train_test_split(
        frame, test_size=TEST_SHARE, stratify=frame["target"], random_state=SEED + seed
    )
    return train, test, paths


def processor_seconds() -> float:
    """Return what this process and those that it started have used."""
    return sum(os.times()[:4])


def train_plait(name: str, seconds: float, seed: int) -> None:
    """Train in the current folder; write what came of it to plait.json."""
    Path("plait.yaml").write_text(PROJECT.format(name=name))
    test = pd.read_csv("test.csv")
    arguments = {"contract": name, "add": [], "seed": seed, "release": True, "by": "bench"}
    with plait.open(".") as app:
        started, computed = time.perf_counter(), processor_seconds()
        ended = train(
            app.store, app.project, {**arguments, "minutes": seconds / 60}, Run(Path("job"))
        )
        with app.store.transaction():
            ended.keep()
        taken = time.perf_counter() - started
        computed = processor_seconds() - computed
        decision = app.decision(ended.result["decision"])
        manifest = read_artefact(Path("job", decision.winner)).manifest
        features = test[list(manifest.input.names)]  # without those that say nothing
        rows = [
            {k: None if v != v else v for k, v in row.items()}
            for row in features.to_dict(orient="records")
        ]
        step = 1000
        answers = [
            answer
            for at in range(0, len(rows), step)
            for answer in app.predict(name, rows[at : at + step]).predictions
        ]
        found = {
            "seconds": taken,
            "processor seconds": computed,
            "winner": decision.winner,
            "not finished": dict(decision.not_finished),
            "race": {each.name: round(each.score, 4) for each in decision.standings},
            "summary": decision.summary,
            "chances": [answer.probabilities["1"] for answer in answers],
        }
        asked = [rows[at % len(rows)] for at in range(ASKED)]
        for row in asked[:20]:
            app.predict(name, row)
        times = []
        for row in asked:
            began = time.perf_counter()
            app.predict(name, row)
            times.append(time.perf_counter() - began)
        found["p50_ms"] = 1000 * float(np.median(times))
    Path("plait.json").write_text(json.dumps(found))


def run(name: str, seed: int, seconds: float) -> dict:
    """Let both train on a set, one after the other."""
    train, test, paths = parts(name, seed)
    work = CACHE / "automl" / f"{name}-{seed}"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    train.to_csv(work / "train.csv", index=False)
    test.to_csv(work / "test.csv", index=False)
    (work / "rival.py").write_text(RIVAL)
    told = [str(seconds), str(seed)]
    commands = {
        "plait": [sys.executable, str(Path(__file__).resolve()), "--train", name, *told],
        "flaml": [str(FLAML / "bin" / "python"), "rival.py", *told, str(ASKED)],
    }
    found = {}
    for each, command in commands.items():
        with (work / f"{each}.log").open("wb") as log:
            subprocess.run(
                command,
                cwd=work,
                stdout=log,
                stderr=log,
                check=True,
                env={**os.environ, "OMP_NUM_THREADS": "1"},
            )
        found[each] = json.loads((work / f"{each}.json").read_text())
    truth = test["target"].to_numpy(np.int64)
    ours, theirs = (np.array(found[each].pop("chances")) for each in ("plait", "flaml"))
    for each, chances in (("plait", ours), ("flaml", theirs)):
        found[each] = {
            "auc": round(auc(truth, chances), 4),
            **{k: round(v, 4) if isinstance(v, float) else v for k, v in found[each].items()},
        }
    gap = difference(truth, ours, theirs)
    ratio = round(found["flaml"]["p50_ms"] / found["plait"]["p50_ms"], 1)
    print(
        f"{name}, seed {seed}: AUC {found['plait']['auc']:.4f} ({found['plait']['winner']}) and "
        f"{found['flaml']['auc']:.4f} ({found['flaml']['winner']}), difference {gap['gap']:+.4f} "
        f"({gap['low']:+.4f} to {gap['high']:+.4f}); one row {found['plait']['p50_ms']:.3f} and "
        f"{found['flaml']['p50_ms']:.2f} ms, {ratio:.0f} times; "
        f"trained {found['plait']['seconds']:.0f} and {found['flaml']['seconds']:.0f} s",
        flush=True,
    )
    return {
        "budget": seconds,
        "rows": [len(train), len(test)],
        "sha256": digests(*paths),
        "plait": found["plait"],
        "flaml": found["flaml"],
        "plait minus flaml": gap,
        "times as fast": ratio,
    }


def verdict(runs: dict) -> dict:
    """Return what all runs come to."""
    gaps = [each["plait minus flaml"] for each in runs.values()]
    ranks = [1.0 if gap["gap"] > 0 else 1.5 if gap["gap"] == 0 else 2.0 for gap in gaps]
    return {
        "runs": len(runs),
        "significantly worse": [n for n, each in zip(runs, gaps, strict=True) if each["high"] < 0],
        "significantly better": [n for n, each in zip(runs, gaps, strict=True) if each["low"] > 0],
        "mean rank": {"plait": np.mean(ranks), "flaml": 3 - np.mean(ranks)},
        "least times as fast": min(each["times as fast"] for each in runs.values()),
        "bar of that": BAR,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--install", action="store_true")
    parser.add_argument("--only", nargs="+", choices=SETS, default=SETS)
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1])
    parser.add_argument("--seconds", type=float, default=90.0)
    parser.add_argument("--train", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.train:
        name, seconds, seed = options.train
        train_plait(name, float(seconds), int(seed))
        return
    if options.install:
        install()
    if not FLAML.exists():
        raise Missing("python bench/automl.py --install")
    runs = kept("automl").get("runs", {})
    for seed in options.seeds:
        for name in options.only:
            try:
                runs[f"{name}/{seed}"] = run(name, seed, options.seconds)
            except Missing as error:
                print(f"{name}: skipped, {error}")
                continue
            found = {"runs": runs, "verdict": verdict(runs)}
            keep("automl", found, LIBRARIES)
    if runs:
        print(json.dumps(verdict(runs), indent=2))


if __name__ == "__main__":
    start(main)
