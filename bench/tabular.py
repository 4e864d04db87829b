"""Tabular contracts beside scikit-learn and LightGBM with what they come with.

    PLAIT_DATA=FOLDER python bench/tabular.py [--only german loanapp credit adult] [--folds N]
        [--candidates NAME ...]

The candidates race on the training part, and the rule chooses the champion there. Then its artefact
and the rivals, fitted on the same rows, answer the test part once: Adult's official one, else 30 %
of the rows, stratified. Differences in ROC AUC are paired, with 95 % bootstraps over test rows.
`--folds N` races on N folds instead of the repeats that `plait train` would take; the results say
so. loanapp is the catalogue's (`plait models pull loanapp`), without the columns that leak.
The figures go to bench/results/tabular.json.

Rivals: logistic regression (medians, standardised, one-hot), HistGradientBoostingClassifier and
LGBMClassifier, both with categories as such; every setting is its library's default, but for the
steps of the logistic regression. The rule and the portfolios were settled before a test part was
opened, but for German's, which a trial of this file saw: the rule and the settings of few rows on
synthetic data and scikit-learn's own sets, the settings of many rows and the bag of boosters on
these and on splits of the training parts of Adult and credit.
"""

import argparse
import json
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
from lightgbm import LGBMClassifier
from numpy.typing import NDArray
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from threadpoolctl import threadpool_limits

from method import CACHE, LEAKS, SEED, Missing, Run, adult, data, digests, keep, kept, loanapp
from plait.core.contract import Contract
from plait.core.decision import Decision
from plait.engines.base import load
from plait.evaluate.metric import binary_auc
from plait.evaluate.split import repeated_stratified
from plait.store.frame import RawColumn, objects
from plait.train.conclude import conclude
from plait.train.plan import plan_race
from plait.train.prepare import prepare
from plait.train.race import measure_all, race

LIBRARIES = ("scikit-learn", "lightgbm", "numpy")
DRAWS, TEST_SHARE = 2_000, 0.3
SETS = ("german", "loanapp", "credit", "adult")


def read(name: str) -> tuple[pd.DataFrame, pd.DataFrame, list[Path]]:
    """Return training rows, test rows, and the files; the target is `target`, 0 or 1."""
    if name == "loanapp":
        path = loanapp()
        frame = pd.read_csv(path).drop(columns=list(LEAKS)).replace([999, 666, 999999], np.nan)
        frame = frame.rename(columns={"approve": "target"})
        return *parted(frame), [path]
    if name == "adult":
        paths = [data(f"tabular/adult-{part}.csv.gz") for part in ("train", "test")]
        options = {"names": adult.COLUMNS, "skipinitialspace": True, "na_values": "?"}
        parts = [pd.read_csv(path, **options) for path in paths]
        for part in parts:
            part["target"] = part.pop("income").str.startswith(">50K").astype(int)
        return *parts, paths
    if name == "german":
        path = data("tabular/german.csv")
        frame = pd.read_csv(path, header=None)
        frame.columns = [f"c{at}" for at in range(20)] + ["target"]
        frame["target"] -= 1
        return *parted(frame), [path]
    path = data("tabular/credit-default.csv.gz")
    frame = pd.read_csv(path).drop(columns="ID").rename(columns={"fraud": "target"})
    return *parted(frame), [path]


def parted(frame: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    train, test = train_test_split(
        frame, test_size=TEST_SHARE, stratify=frame["target"], random_state=SEED
    )
    return train, test


def raw(frame: pd.DataFrame) -> list[RawColumn]:
    found = []
    for name in frame.columns:
        if pd.api.types.is_numeric_dtype(frame[name]):
            found.append(RawColumn(name, "number", frame[name].to_numpy(np.float64)))
        else:
            values = (None if each != each else each for each in frame[name])
            found.append(RawColumn(name, "string", objects(values)))
    return found


def rivals() -> dict[str, object]:
    numbers = make_column_selector(dtype_include="number")
    names = make_column_selector(dtype_exclude="number")
    linear = make_pipeline(
        make_column_transformer(
            (make_pipeline(SimpleImputer(strategy="median"), StandardScaler()), numbers),
            (OneHotEncoder(handle_unknown="ignore"), names),
        ),
        LogisticRegression(max_iter=2000),
    )
    boosted = HistGradientBoostingClassifier(categorical_features="from_dtype", random_state=SEED)
    light = LGBMClassifier(random_state=SEED, n_jobs=1, verbose=-1)
    return {"logistic regression": linear, "HistGradientBoosting": boosted, "LightGBM": light}


def categorised(train: pd.DataFrame, test: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the features with text columns as categories of the training rows."""
    train, test = train.drop(columns="target").copy(), test.drop(columns="target").copy()
    for name in train.columns:
        if not pd.api.types.is_numeric_dtype(train[name]):
            train[name] = train[name].astype("category")
            test[name] = pd.Categorical(test[name], categories=train[name].cat.categories)
    return train, test


def auc(truth: NDArray[np.int64], chance: NDArray[np.float64]) -> float:
    return float(binary_auc(truth == 1, chance, np.ones(len(truth))))


def difference(
    truth: NDArray[np.int64], ours: NDArray[np.float64], theirs: NDArray[np.float64]
) -> dict[str, float]:
    """Return the paired difference in AUC with its 95 % bootstrap."""
    dice = np.random.default_rng(SEED)
    draws = []
    while len(draws) < DRAWS:
        rows = dice.integers(0, len(truth), len(truth))
        if 0 < truth[rows].sum() < len(rows):
            one, other = (auc(truth[rows], each[rows]) for each in (ours, theirs))
            draws.append(one - other)
    low, high = np.quantile(draws, [0.025, 0.975])
    gap = auc(truth, ours) - auc(truth, theirs)
    return {name: round(float(v), 4) for name, v in (("gap", gap), ("low", low), ("high", high))}


def linear_against_trees(decision: Decision) -> str:
    """Return what the decision says of the linear candidate and of the best of the trees."""
    kinds = ("linear", "tree")
    best = {each.paradigm: each for each in reversed(decision.standings) if each.paradigm in kinds}
    return "; ".join(f"{each.name} ({each.score:.4f}): {each.why}" for each in best.values())


def run(name: str, work: Path, options: argparse.Namespace) -> dict:
    train, test, paths = read(name)
    print(f"{name}: {len(train):,} rows to train on, {len(test):,} to test on", flush=True)
    contract = Contract(
        task="tabular",
        data=name,
        target="target",
        metric="roc_auc",
        candidates=tuple(options.candidates or ()),
    )
    prepared = prepare(raw(train), contract)
    plan = plan_race(prepared, contract, seed=SEED)
    if options.folds:
        target = prepared.target.astype(np.int64)
        splits = repeated_stratified(target, folds=options.folds, repeats=1, seed=SEED)
        plan = replace(plan, splits=splits)
    job = Run(work)
    started = time.perf_counter()
    raced = race(plan, job, folder=work)
    measured = measure_all(raced, job)
    seconds = time.perf_counter() - started
    _, decision = conclude(contract, raced, measured, name=name, by="bench", created=0.0)
    truth = test["target"].to_numpy(np.int64)
    columns = {each.name: each.values for each in raw(test) if each.name in prepared.columns}
    answers = {
        each.name: np.asarray(load(each.folder).predict(columns)["probability_1"])
        for each in raced.results
    }
    features, asked = categorised(train, test)
    theirs = {
        rival: model.fit(features, train["target"]).predict_proba(asked)[:, 1]
        for rival, model in rivals().items()
    }
    ours = answers[decision.winner]
    found = {
        "rows": [len(train), len(test)],
        "sha256": digests(*paths),
        "splits": [plan.splits.folds, plan.splits.repeats],
        "champion": decision.winner,
        "auc": {each: round(auc(truth, p), 4) for each, p in (answers | theirs).items()},
        "champion minus rival": {each: difference(truth, ours, p) for each, p in theirs.items()},
        "race": {
            standing.name: {
                "auc": round(standing.score, 4),
                "p50_ms": round(standing.measurements["latency_ms_p50"], 4),
                "size_mb": round(standing.measurements["size_mb"], 3),
                "why": standing.why,
            }
            for standing in decision.standings
        },
        "linear against trees": linear_against_trees(decision),
        "fit_seconds": {each.name: round(each.seconds, 2) for each in raced.results},
        "race_seconds": round(seconds, 1),
        "summary": decision.summary,
    }
    print(json.dumps({k: v for k, v in found.items() if k != "sha256"}, indent=2), flush=True)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--only", nargs="+", choices=SETS, default=SETS)
    parser.add_argument("--folds", type=int)
    parser.add_argument("--candidates", nargs="+")
    options = parser.parse_args()
    CACHE.mkdir(exist_ok=True)
    found = kept("tabular")
    for name in options.only:
        work = CACHE / f"tabular-{name}"
        work.mkdir(exist_ok=True)
        try:
            with threadpool_limits(limits=1):
                found[name] = run(name, work, options)
        except Missing as error:
            print(f"{name}: skipped, {error}")
            continue
        found["seed"] = SEED
        keep("tabular", found, LIBRARIES)


if __name__ == "__main__":
    main()
