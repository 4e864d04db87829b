"""Whether intervals, sets and probabilities keep what they say, on rows no fit has seen.

    PLAIT_DATA=FOLDER python bench/trust.py [--only adult german ...]

Each method is fitted on the training part, asked for a coverage of 90 %, and answers the test part
once: on average over rows, and again within each level of a group (Mondrian). Adult has its
official split, credit default one of 70 to 30; the small sets have 10 of these, whose test rows are
pooled, so that their binomial intervals, which take rows for independent, are too narrow. Groups of
fewer than 200 rows are left out: test rows of the large sets, rows in all of the small ones. The
calibration error is by `calibration_interval` in 15 bins: before by the model's own probabilities,
after by those of the same artefact. The figures go to bench/results/trust.json.
"""

import argparse
import csv
import gzip
import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray
from sklearn.datasets import load_diabetes
from threadpoolctl import threadpool_limits

from method import SEED, Missing, adult, data, keep, kept, loanapp
from plait.core.contract import Contract
from plait.core.protocol import Predictor
from plait.engines.answer import probability_columns, set_columns
from plait.engines.base import json_bytes, load, write_artefact
from plait.engines.pipeline import PIPELINE, Calibration
from plait.engines.predictor import read_pipeline
from plait.evaluate.calibration import calibration_interval
from plait.evaluate.conformal import coverage
from plait.store.frame import RawColumn, objects
from plait.train.boosting import Boosting
from plait.train.linear import Linear
from plait.train.prepare import Prepared, prepare

LEVEL, SMALL_REPEATS = 0.9, 10
METHODS = {"lightgbm": Boosting, "linear": Linear}
GERMAN = [f"a{number}" for number in range(1, 21)] + ["good"]

Rows = NDArray[np.int64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Task:
    """A data set, the group to look within, and its splits."""

    prepared: Prepared
    group: str
    splits: Sequence[tuple[Rows, Rows]]


def column(name: str, values: Sequence[str]) -> RawColumn:
    """Return a column of text as numbers if all of it is, else as levels."""
    known = [value or None for value in values]
    try:
        numbers = [np.nan if value is None else float(value) for value in known]
    except ValueError:
        return RawColumn(name, "string", objects(known))
    return RawColumn(name, "number", np.array(numbers))


def table(names: Sequence[str], rows: Sequence[Sequence[str]]) -> list[RawColumn]:
    return [
        column(name, list(each)) for name, each in zip(names, zip(*rows, strict=True), strict=True)
    ]


def as_levels(columns: Sequence[RawColumn], name: str) -> list[RawColumn]:
    return [
        RawColumn(name, "string", objects([f"{value:.3g}" for value in each.values]))
        if each.name == name
        else each
        for each in columns
    ]


def read(path: Path) -> list[list[str]]:
    content = path.read_bytes()
    text = (gzip.decompress(content) if path.suffix == ".gz" else content).decode()
    return [[cell.strip() for cell in row] for row in csv.reader(text.splitlines()) if len(row) > 1]


def parted(rows: int, repeats: int) -> list[tuple[Rows, Rows]]:
    random = np.random.Generator(np.random.PCG64(SEED))
    orders = [random.permutation(rows) for _ in range(repeats)]
    cut = int(0.7 * rows)
    return [(np.sort(order[:cut]), np.sort(order[cut:])) for order in orders]


def task(columns: Sequence[RawColumn], target: str, group: str, repeats: int) -> Task:
    prepared = prepare(columns, Contract(task="tabular", data="", target=target))
    return Task(prepared, group, parted(len(prepared), repeats))


def of_adult() -> Task:
    train, test = adult.read("train"), adult.read("test")
    found = task(table(adult.COLUMNS, train + test), "income", "sex", 1)
    splits = [(np.arange(len(train)), np.arange(len(train), len(train) + len(test)))]
    return replace(found, splits=splits)


def credit() -> Task:
    names, *rows = read(data("tabular/credit-default.csv.gz"))
    columns = as_levels(table(names[1:], [row[1:] for row in rows]), "SEX")  # no ID
    return task(columns, "fraud", "SEX", 1)


def german() -> Task:
    return task(table(GERMAN, read(data("tabular/german.csv"))), "good", "a9", SMALL_REPEATS)


def of_loanapp() -> Task:
    names, *rows = read(loanapp())
    kept = ("obrat", "loanprc", "loanamt", "appinc", "pubrec", "dep", "emp", "self", "mortlag")
    wanted = [each for each in table(names, rows) if each.name in (*kept, "approve")]
    return task(as_levels(wanted, "self"), "approve", "self", SMALL_REPEATS)


def diabetes() -> Task:
    found = load_diabetes()
    columns = [
        RawColumn(n, "number", v) for n, v in zip(found.feature_names, found.data.T, strict=True)
    ]
    columns = as_levels([*columns, RawColumn("y", "number", found.target)], "sex")
    return task(columns, "y", "sex", SMALL_REPEATS)


TASKS: dict[str, Callable[[], Task]] = {
    "adult": of_adult,
    "credit": credit,
    "german": german,
    "loanapp": of_loanapp,
    "diabetes": diabetes,
}


def uncalibrated(predictor: Predictor, folder: Path) -> Predictor:
    """Return the same artefact with the model's own probabilities."""
    artefact = predictor.artefact
    pipeline = replace(read_pipeline(artefact), calibrate=Calibration())
    names = artefact.manifest.files.keys() - {PIPELINE}
    files = {name: (artefact.folder / name).read_bytes() for name in names}
    write_artefact(folder, artefact.manifest, {**files, PIPELINE: json_bytes(pipeline.record())})
    return load(folder)


def answers(found: Task, method: str, by: str) -> Iterator[tuple[Predictor, Rows, Path]]:
    """Yield what was fitted on each split, and the rows to test it on."""
    for train, test in found.splits:
        with TemporaryDirectory() as folder, threadpool_limits(limits=1):
            sample = found.prepared.sample(train, seed=SEED)
            sample = replace(sample, interval=LEVEL, interval_by=by)
            yield METHODS[method](Path(folder) / "artefact").fit(sample), test, Path(folder)


def covered(predictor: Predictor, found: Task, test: Rows) -> tuple[Flags, NDArray[np.float64]]:
    """Return which rows are covered, and how wide each interval or large each set is."""
    prepared = found.prepared
    answer = predictor.predict(prepared.take(test))
    truth = prepared.target[test]
    if prepared.problem == "regression":
        lower, upper = (np.asarray(answer[name]) for name in ("lower", "upper"))
        return (lower <= truth) & (truth <= upper), upper - lower
    inside = np.column_stack([answer[name] for name in set_columns(prepared.classes)])
    held: Flags = inside[np.arange(len(test)), truth.astype(int)]
    return held, inside.sum(axis=1).astype(np.float64)


def measure(found: Task, method: str) -> dict[str, object]:
    """Return coverage over all rows and within groups, and the error of the probabilities."""
    started = time.perf_counter()
    result: dict[str, object] = {}
    before, after, events, kinds = [], [], [], []
    for by in ("", found.group):
        held, sizes, groups = [], [], []
        for predictor, test, folder in answers(found, method, by):
            flags, size = covered(predictor, found, test)
            held.append(flags)
            sizes.append(size)
            groups.extend(map(str, found.prepared.columns[found.group][test]))
            pipeline = read_pipeline(predictor.artefact)
            if found.prepared.problem == "regression":
                kinds.append("quantiles" if pipeline.interval.quantiles else "residuals")
            elif not by:
                kinds.append(kind(pipeline.calibrate))
                rows = found.prepared.take(test)
                name = probability_columns(found.prepared.classes)[1]
                plain = uncalibrated(predictor, folder / "plain")
                before.append(np.asarray(plain.predict(rows)[name]))
                after.append(np.asarray(predictor.predict(rows)[name]))
                events.append(found.prepared.target[test].astype(np.int64))
        shares = coverage(np.concatenate(held), groups if by else None)
        shares = [each for each in shares if not each.group or large(found, each.group)]
        result["by group" if by else "all"] = [asdict(each) for each in shares]
        result["size by group" if by else "size"] = float(np.concatenate(sizes).mean())
    if events:
        event = np.concatenate(events)
        for when, chances in (("before", before), ("after", after)):
            error = calibration_interval(event, np.concatenate(chances), bins=15)
            result[f"calibration error {when}"] = asdict(error)
    result["kinds"] = {each: kinds.count(each) for each in sorted(set(kinds))}
    result["seconds"] = time.perf_counter() - started
    return result


def large(found: Task, level: str) -> bool:
    """Return whether a level of the group has 200 rows of its own, however often tested."""
    column = found.prepared.columns[found.group]
    return len(found.splits) == 1 or int((column == level).sum()) >= 200


def kind(calibration: Calibration | None) -> str:
    if calibration is None or calibration == Calibration():
        return "own"
    return "isotonic" if calibration.knots else "sigmoid"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="*", default=list(TASKS))
    wanted = parser.parse_args().only
    figures = kept("trust").get("figures", {})
    for name in wanted:
        try:
            found = TASKS[name]()
        except Missing as error:
            print(f"{name}: skipped, {error}")
            continue
        for method in METHODS:
            measured = figures[f"{name} {method}"] = measure(found, method)
            print(name, method, json.dumps(measured), flush=True)
            whole = {"level": LEVEL, "seed": SEED, "figures": figures}
            keep("trust", whole, ("lightgbm", "scikit-learn", "numpy"))


if __name__ == "__main__":
    main()
