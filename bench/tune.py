"""Whether more settings, or successive halving over them, choose better ones in the same time.

    python bench/tune.py [--quick] [--only few middle many]

Boosted trees choose their settings in folds within the rows they are given: `small`, the portfolio
that plait has, whole. Beside it `one`, the first of a wider portfolio and no search; `six` and
`wide`, the first six and all twelve of it, judged like the small one, which takes longer; `rows`,
successive halving (Jamieson and Talwalkar 2016) on growing shares of the rows, its rungs sized to
cost about what `small` does; and to 10,000 rows `folds`, halving from one inner fold to all. The
wider portfolio was drawn once, and put in order greedily, each next the one that gains most, on
18 sets of the same makers with other seeds: a zero-shot portfolio (Auto-sklearn 2.0, Feurer et al.
2022). It was fixed before the sets below were looked at.

The evaluation is nested: a method sees the rows to train on alone, and what it chose is fitted on
them and judged once on rows that it never saw. The sets are made ones, with levels, gaps and noise,
and scikit-learn's own. A gain is what is lost less than by `small`, in percent of what the mean
answer loses (log loss, or squared error); its interval is a bootstrap over sets. The time of a
method is processor time, of choosing alone. The figures go to bench/results/tune.json.
"""

import argparse
import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray
from sklearn import datasets
from threadpoolctl import threadpool_limits

from method import Floats, interval, keep, kept
from plait.core.protocol import Sample
from plait.core.schema import Field, Schema
from plait.engines.encode import Encoder
from plait.train.base import MANY_ROWS, inner_folds
from plait.train.boosting import BAG
from plait.train.code import ordered_codes
from plait.train.portfolio import (
    FEW,
    MANY,
    Choice,
    Fold,
    Settings,
    attempt,
    dataset,
    folds_of,
    grow,
    parameters,
)

LEAST_ROWS = 200
"""Fewer rows say nothing of settings; a rung with fewer is left out."""

LADDERS = {2: (9, 3, 1), 1: (6, 1), 0: (3,)}
"""Rungs that there are rows for -> how many settings are judged on each, the last one whole."""

LADDER_OF_MANY = (12, 4, 1)
SHARES = (9, 3)
FOLD_RUNGS = (6, 2)

USUAL: Mapping[str, int | float | bool] = {
    "num_leaves": 31,
    "learning_rate": 0.1,
    "feature_fraction": 1.0,
    "lambda_l2": 0.0,
    "min_data_in_leaf": 20,
    "bagging_fraction": 1.0,
    "extra_trees": False,
}
"""What is searched, and what LightGBM takes where it is told nothing."""

DRAWN = {
    "few": (
        (14, 0.055, 0.78, 0.04, 12, 0.62, False),
        (19, 0.039, 0.58, 0.05, 7, 1.0, True),
        (24, 0.072, 0.34, 1.7, 59, 1.0, True),
        (5, 0.1, 0.57, 3.33, 29, 0.89, False),
        (73, 0.079, 0.66, 4.15, 5, 1.0, False),
        (9, 0.128, 0.79, 0.03, 11, 0.8, False),
        (6, 0.1, 0.5, 5.0, 20, 1.0, False),
        (8, 0.05, 0.5, 0.0, 10, 1.0, True),
        (8, 0.15, 0.5, 5.0, 20, 1.0, False),
        (10, 0.045, 0.75, 6.3, 88, 0.72, False),
        (6, 0.078, 0.85, 0.11, 44, 1.0, True),
        (23, 0.037, 0.74, 5.02, 25, 1.0, True),
    ),
    "many": (
        (26, 0.032, 0.83, 0.74, 9, 1.0, False),
        (19, 0.039, 0.58, 0.05, 7, 1.0, True),
        (17, 0.092, 0.32, 2.2, 75, 1.0, False),
        (23, 0.037, 0.74, 5.02, 25, 1.0, True),
        (14, 0.055, 0.78, 0.04, 12, 0.62, False),
        (61, 0.043, 0.86, 0.05, 3, 1.0, False),
        (6, 0.1, 0.5, 5.0, 20, 1.0, False),
        (15, 0.1, 0.7, 1.0, 20, 1.0, False),
        (63, 0.1, 0.6, 5.0, 50, 1.0, False),
        (9, 0.128, 0.79, 0.03, 11, 0.8, False),
        (8, 0.05, 0.5, 0.0, 10, 1.0, True),
        (73, 0.079, 0.66, 4.15, 5, 1.0, False),
    ),
}
"""The wider portfolios, best first: 20 drawn at random, and what plait had."""


def told(values: Sequence[int | float | bool]) -> Settings:
    settings = {
        name: value
        for (name, usual), value in zip(USUAL.items(), values, strict=True)
        if value != usual or name in ("num_leaves", "learning_rate")
    }
    return {**settings, "bagging_freq": 1} if "bagging_fraction" in settings else settings


WIDE = {size: tuple(map(told, values)) for size, values in DRAWN.items()}


@dataclass(frozen=True)
class Made:
    """A set: its columns, what they are to tell, and how many rows are learned from."""

    name: str
    problem: str
    rows: int
    columns: Sequence[NDArray]
    target: Floats


def answers_of_trees(random: np.random.Generator, x: Floats, depth: int, trees: int) -> Floats:
    """Return the sum of oblivious trees drawn at random: steps, and products of steps."""
    total = np.zeros(len(x))
    for _ in range(trees):
        node = np.zeros(len(x), dtype=np.int64)
        for _ in range(depth):
            column, cuts = int(random.integers(x.shape[1])), random.normal(size=2**depth)
            node = node * 2 + (x[:, column] > cuts[node % len(cuts)])
        total += random.normal(size=int(node.max()) + 1)[node]
    return total


def yes_or_no(random: np.random.Generator, odds: Floats) -> Floats:
    return (random.random(len(odds)) < 1 / (1 + np.exp(-odds))).astype(np.float64)


def even(random: np.random.Generator, low: float, high: float) -> float:
    """Return a number of an even chance per factor."""
    return float(np.exp(random.uniform(np.log(low), np.log(high))))


def blobs(random: np.random.Generator, total: int, width: int, seed: int, classes: int):
    informative = max(4, int(random.integers(max(3, width // 4), width + 1)))
    return datasets.make_classification(
        total,
        max(width, informative),
        n_informative=informative,
        n_redundant=0,
        n_classes=classes,
        n_clusters_per_class=int(random.integers(1, 4)),
        flip_y=random.uniform(0, 0.3),
        class_sep=random.uniform(0.4, 1.5),
        weights=[random.uniform(0.6, 0.92)] if classes == 2 and random.random() < 0.5 else None,
        random_state=seed,
    )


def friedman(random: np.random.Generator, total: int, width: int, seed: int):
    make = (datasets.make_friedman1, datasets.make_friedman2, datasets.make_friedman3)[
        int(random.integers(3))
    ]
    more = {"n_features": max(5, width)} if make is datasets.make_friedman1 else {}
    x, y = make(total, noise=0, random_state=seed, **more)
    return x, y / y.std() + random.normal(size=total) * even(random, 0.05, 1.5)


def steps(random: np.random.Generator, total: int, width: int, _: int):
    x = random.normal(size=(total, width))
    raw = answers_of_trees(random, x, int(random.integers(2, 5)), int(random.integers(3, 20)))
    odds = raw / raw.std() * even(random, 0.5, 4) + random.uniform(-2, 0)
    return x, yes_or_no(random, odds)


def slopes_and_steps(random: np.random.Generator, total: int, width: int, _: int):
    x = random.normal(size=(total, width))
    slope = x @ (random.normal(size=width) * (random.random(width) < 0.6))
    slope = slope / (slope.std() + 1e-9) * random.uniform(0, 1)
    raw = answers_of_trees(random, x, int(random.integers(1, 5)), int(random.integers(3, 20)))
    return x, slope + raw / raw.std() + random.normal(size=total) * even(random, 0.1, 2)


def products(random: np.random.Generator, total: int, width: int, _: int):
    x = random.normal(size=(total, width))
    odds = x @ (random.normal(size=width) * (random.random(width) < 0.7))
    odds = odds / (odds.std() + 1e-9) * random.uniform(0.3, 2.5)
    for _ in range(int(random.integers(0, 6))):
        one, other = random.integers(width, size=2)
        odds = odds + random.normal() * np.abs(x[:, one]) * x[:, other]
    return x, yes_or_no(random, odds - random.uniform(-2, 1))


FAMILIES: Sequence[tuple[str, str, Callable]] = (
    ("blobs", "binary", lambda r, n, p, s: blobs(r, n, p, s, 2)),
    ("friedman", "regression", friedman),
    ("steps", "binary", steps),
    ("blobs", "multiclass", lambda r, n, p, s: blobs(r, n, p, s, int(r.integers(3, 6)))),
    ("slopes and steps", "regression", slopes_and_steps),
    ("products", "binary", products),
)


def made(seed: int, low: int, high: int) -> Made:
    """Return a set drawn at random: about a fifth of its columns have levels, others have gaps."""
    random = np.random.Generator(np.random.PCG64(seed))
    rows = int(even(random, low, high))
    total = rows + max(2_000, rows // 3)
    name, problem, make = FAMILIES[seed % len(FAMILIES)]
    x, target = make(random, total, int(random.integers(5, 31)), seed)
    columns = []
    for values in np.array(x, dtype=np.float64).T:
        if random.random() < 0.2:
            levels = int(even(random, 3, 60))
            code = np.argsort(np.argsort(values)) * levels // total
            code = random.permutation(levels)[code]
            columns.append(np.array([f"l{each}" for each in code], dtype=object))
        else:
            if random.random() < 0.3:
                values[random.random(total) < random.uniform(0, 0.3)] = np.nan
            columns.append(values)
    return Made(f"{name} {seed}", problem, rows, columns, np.asarray(target, dtype=np.float64))


def own(load: Callable, problem: str) -> Made:
    x, target = load(return_X_y=True)
    name = load.__name__.removeprefix("load_")
    return Made(name, problem, 3 * len(x) // 4, list(x.T), np.asarray(target, dtype=np.float64))


def sets(size: str, *, quick: bool) -> list[tuple[Made, int]]:
    """Return the sets, each with how many splits it gets.

    Large ones have two classes or numbers to tell: three classes take several times as long.
    """
    if size == "middle":
        seeds = [2_000] if quick else [2_000, 2_002, 2_003, 2_004, 2_006]
        return [(made(seed, 3_000, 9_000), 1) for seed in seeds]
    if size == "many":
        seeds = [4_000] if quick else [4_000, 4_001, 4_002, 4_003, 4_004, 4_006, 4_007, 4_008]
        found = [(made(seed, 11_000, 18_000), 1) for seed in seeds]
        return found if quick else [*found, (made(4_100, 50_000, 50_001), 1)]
    found = [(made(1_000 + at, 300, 4_000), 2) for at in range(4 if quick else 16)]
    bundled = [
        (own(datasets.load_breast_cancer, "binary"), 3),
        (own(datasets.load_wine, "multiclass"), 3),
        (own(datasets.load_diabetes, "regression"), 3),
    ]
    if not quick:
        digits = own(datasets.load_digits, "multiclass")
        bundled.append((replace(digits, rows=600), 1))
    return [*found, *bundled]


def sample_of(found: Made, rows: NDArray[np.int64], seed: int) -> Sample:
    kinds = ["category" if each.dtype == object else "number" for each in found.columns]
    fields = tuple(Field(name=f"c{at}", kind=kind, nullable=True) for at, kind in enumerate(kinds))
    count = 0 if found.problem == "regression" else int(found.target.max()) + 1
    return Sample(
        input=Schema(fields),
        columns={f"c{at}": each[rows] for at, each in enumerate(found.columns)},
        target=found.target[rows].tolist(),
        classes=tuple(f"k{at}" for at in range(count)),
        problem=found.problem,
        seed=seed,
    )


@dataclass
class Search:
    """The rows that a method may choose by, and the attempts so far, each with what it took."""

    sample: Sample
    folds: Sequence[Fold]
    attempts: dict[str, tuple[Choice, float]] = field(default_factory=dict)

    @property
    def judges(self) -> Sequence[Fold]:
        return self.folds[:1] if len(self.sample.target) > MANY_ROWS else self.folds

    def best(
        self, portfolio: Sequence[Settings], folds: Sequence[Fold], most: int, label: str
    ) -> tuple[list[Settings], float]:
        """Return the best few of the settings by rows held out, and what it took to know."""
        losses, seconds = [], 0.0
        for settings in portfolio:
            choice, took = self.attempt(settings, folds, label)
            losses.append(choice.loss)
            seconds += took
        return [portfolio[at] for at in np.argsort(losses, kind="stable")[:most]], seconds

    def attempt(
        self, settings: Settings, folds: Sequence[Fold], label: str
    ) -> tuple[Choice, float]:
        key = f"{label} {json.dumps(settings, sort_keys=True)}"
        if key not in self.attempts:
            started = time.process_time()
            choice = attempt(folds, settings, self.sample)
            self.attempts[key] = choice, time.process_time() - started
        return self.attempts[key]

    def narrowed(self, share: int) -> tuple[list[Fold], float]:
        """Return the judges with that share of the rows, drawn once."""
        started = time.process_time()
        random = np.random.Generator(np.random.PCG64(self.sample.seed))
        found = []
        for each in self.judges:
            rows = each.grown.num_data()
            drawn = np.sort(random.permutation(rows)[: rows // share])
            grown, judged = each.grown.subset(drawn).construct(), each.judged
            if len(self.sample.target) > MANY_ROWS:
                held = each.judged.num_data()
                judged = each.judged.subset(np.sort(random.permutation(held)[: held // share]))
            found.append(replace(each, grown=grown, judged=judged.construct()))
        return found, time.process_time() - started

    def small(self) -> tuple[Settings, float]:
        return self.whole(MANY if len(self.sample.target) > MANY_ROWS else FEW)

    def whole(self, portfolio: Sequence[Settings]) -> tuple[Settings, float]:
        (best,), seconds = self.best(portfolio, self.judges, 1, "whole")
        return best, seconds

    def rows(self, wide: Sequence[Settings]) -> tuple[Settings, float]:
        grown = self.judges[0].grown.num_data()
        shares = [share for share in SHARES if grown // share >= LEAST_ROWS]
        many = len(self.sample.target) > MANY_ROWS
        ladder = LADDER_OF_MANY if many else LADDERS[len(shares)]
        alive, total = list(wide[: ladder[0]]), 0.0
        for share, most in zip(shares, ladder[1:], strict=True):
            folds, spent = self.narrowed(share)
            alive, seconds = self.best(alive, folds, most, f"1/{share}")
            total += spent + seconds
        if many:  # what is chosen meets all folds in any case
            return alive[0], total
        best, seconds = self.whole(alive)
        return best, total + seconds

    def by_folds(self, wide: Sequence[Settings]) -> tuple[Settings, float]:
        alive, first = self.best(wide[: FOLD_RUNGS[0]], self.folds[:1], FOLD_RUNGS[1], "one fold")
        best, rest = self.whole(alive)
        return best, first + rest


def judged(found: Made, search: Search, settings: Settings, test: NDArray[np.int64]) -> float:
    """Return the loss, on rows no method saw, of what is fitted with settings chosen."""
    sample = search.sample
    many = len(sample.target) > MANY_ROWS
    choice, _ = search.attempt(settings, search.folds, "all folds" if many else "whole")
    encoder = Encoder(ordered_codes(sample, np.arange(len(sample.target))))
    rows = dataset(
        encoder.matrix(sample.columns, len(sample.target)), np.asarray(sample.target), sample
    )
    columns = {f"c{at}": each[test] for at, each in enumerate(found.columns)}
    matrix, truth = encoder.matrix(columns, len(test)), found.target[test]
    usual = parameters(settings, sample)
    raw = np.mean(
        [
            grow({**usual, "seed": sample.seed + dice}, rows, choice.rounds).predict(
                matrix, raw_score=True, num_threads=1
            )
            for dice in range(BAG)
        ],
        axis=0,
    )
    return loss(raw, truth, found.problem)


def loss(raw: Floats, truth: Floats, problem: str) -> float:
    if problem == "regression":
        return float(np.mean((raw - truth) ** 2))
    scores = np.column_stack([np.zeros(len(raw)), raw]) if problem == "binary" else raw
    most = scores.max(axis=1)
    whole = most + np.log(np.exp(scores - most[:, None]).sum(axis=1))
    return float(np.mean(whole - scores[np.arange(len(raw)), truth.astype(np.int64)]))


def usual_loss(sample: Sample, truth: Floats) -> float:
    """Return what the mean answer loses."""
    target = np.asarray(sample.target)
    if not sample.classes:
        return float(np.mean((truth - target.mean()) ** 2))
    shares = np.bincount(target.astype(np.int64), minlength=len(sample.classes)) / len(target)
    return float(-np.mean(np.log(np.maximum(shares, 1e-9)[truth.astype(np.int64)])))


def compared(found: Made, seed: int, size: str) -> dict[str, object]:
    """Return the loss of each method on rows held out, and what its choice took."""
    order = np.random.Generator(np.random.PCG64(seed)).permutation(len(found.target))
    train, test = order[: found.rows], order[found.rows :]
    sample = sample_of(found, train, seed)
    folds = folds_of(sample, np.asarray(sample.target), inner_folds(sample))
    for each in folds:
        each.grown.construct()
        each.judged.construct()
    search, wide = Search(sample, folds), WIDE["many" if size == "many" else "few"]
    ways = {
        "small": search.small,
        "one": lambda: search.whole(wide[:1]),
        "six": lambda: search.whole(wide[:6]),
        "wide": lambda: search.whole(wide),
        "rows": lambda: search.rows(wide),
        **({"folds": lambda: search.by_folds(wide)} if size != "many" else {}),
    }
    base, losses, figures = usual_loss(sample, found.target[test]), {}, {}
    for name, way in ways.items():
        settings, seconds = way()
        key = json.dumps(settings, sort_keys=True)
        if key not in losses:
            losses[key] = judged(found, search, settings, test) / base
        figures[name] = {"loss": losses[key], "seconds": seconds}
    print(found.name, found.rows, seed, figures, flush=True)
    return {"set": found.name, "rows": found.rows, "seed": seed, "methods": figures}


def summed(runs: Sequence[Mapping[str, object]]) -> dict[str, dict[str, object]]:
    """Return each method's gain over `small` in percent, over sets, and its share of the time."""
    found = {}
    for name in runs[0]["methods"]:
        gains: dict[str, list[float]] = {}
        for run in runs:
            methods = run["methods"]
            gain = 100 * (methods["small"]["loss"] - methods[name]["loss"])
            gains.setdefault(run["set"], []).append(gain)
        means = np.array([np.mean(each) for each in gains.values()])
        seconds, usual = (
            np.array([run["methods"][each]["seconds"] for run in runs]) for each in (name, "small")
        )
        found[name] = {
            "gain": interval(means),
            "better": int((means > 0.05).sum()),
            "worse": int((means < -0.05).sum()),
            "sets": len(means),
            "time": round(float(seconds.sum() / usual.sum()), 2),
            "median time": round(float(np.median(seconds / usual)), 2),
        }
    return found


@threadpool_limits.wrap(limits=1)
def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--only", nargs="*", default=["few", "middle", "many"])
    wanted = parser.parse_args()
    for size in wanted.only:
        runs: list[dict[str, object]] = []
        for found, splits in sets(size, quick=wanted.quick):
            runs += [compared(found, seed, size) for seed in range(1 if wanted.quick else splits)]
            if not wanted.quick:
                figures = {**kept("tune").get("figures", {})}
                figures[size] = {"summary": summed(runs), "runs": runs}
                libraries = ("lightgbm", "scikit-learn", "numpy")
                keep("tune", {"figures": figures, "wide": WIDE}, libraries)
        report(size, runs)


def report(size: str, runs: Sequence[Mapping[str, object]]) -> None:
    print(f"\n{size}: gain over the small portfolio, in percent of what the mean answer loses")
    print("method         gain [95 %]               better  worse  of   time")
    for name, row in summed(runs).items():
        mean, low, high = row["gain"].values()
        said = f"{mean:+.2f} [{low:+.2f}, {high:+.2f}]"
        print(
            f"{name:12}  {said:25}  {row['better']:5}  {row['worse']:5}  {row['sets']}  "
            f"{row['time']:.2f} x"
        )


if __name__ == "__main__":
    main()
