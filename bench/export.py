"""Exports beside the engine: how alike they answer, and how long one row takes.

    PLAIT_DATA=FOLDER python bench/export.py [--seconds 3]

Each candidate whose model can be exported is fitted on each set, written as ONNX, C and Python, and
asked the rows of the gate: at least 10,000, with missing values, unseen levels, refused values, and
numbers at, just below and just above every threshold. One row is then answered from a dict to
the probabilities by the engine and each export in turn, block by block, on one thread; ratios are
of medians, with a 95 % bootstrap interval over blocks. The C file is called by ctypes, which takes
most of its time. The figures go to bench/results/export.json.
"""

import argparse
import csv
import gzip
import hashlib
import json
import os
import platform
import statistics
import tempfile
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import numpy as np
from sklearn.datasets import load_diabetes, load_iris
from threadpoolctl import threadpool_limits

from plait.app.export import FORMS
from plait.app.settings import cache_folder
from plait.core.contract import Contract
from plait.core.errors import EngineError, InvalidRequest, MissingExtra, Refused
from plait.core.schema import RowReader
from plait.registry.pull import find_pulled
from plait.store.table_read import read_table
from plait.train.base import recipes
from plait.train.export_model import Trees, plain_model
from plait.train.parity import TOLERANCE, check, make_rows
from plait.train.prepare import prepare

LIBRARIES = ("plait", "lightgbm", "numpy", "onnx", "onnxruntime", "scikit-learn")
CANDIDATES = ("linear", "lightgbm", "extra_trees")
SEED, BLOCK = 7, 100
RESULTS = Path(__file__).parent / "results" / "export.json"
ADULT = (
    "age,workclass,fnlwgt,education,education_num,marital_status,occupation,relationship,race,sex,"
    "capital_gain,capital_loss,hours_per_week,native_country,income"
)
LEAKS = ("action", "reject", "typur", "review", "unver", "gdlin", "race", "male", "married", "old",
         "min30")  # fmt: skip


def loanapp(_: Path) -> tuple[Path, str, tuple[str, ...]]:
    pulled = find_pulled("loanapp", cache_folder())
    if pulled is None:
        raise FileNotFoundError("plait models pull loanapp")
    return pulled.folder / "loans.csv", "approve", LEAKS


def adult(folder: Path) -> tuple[Path, str, tuple[str, ...]]:
    data = os.environ.get("PLAIT_DATA")
    if data is None:
        raise FileNotFoundError("PLAIT_DATA is not set")
    with gzip.open(Path(data, "tabular", "adult-train.csv.gz"), "rt") as file:
        rows = [",".join(cell.strip().replace("?", "") for cell in row) for row in csv.reader(file)]
    path = folder / "adult.csv"
    path.write_text("\n".join([ADULT, *filter(None, rows)]) + "\n")
    return path, "income", ()


def iris(folder: Path) -> tuple[Path, str, tuple[str, ...]]:
    bunch = load_iris(as_frame=True)
    frame = bunch.frame.assign(target=bunch.target_names[bunch.target])
    frame.to_csv(folder / "iris.csv", index=False)
    return folder / "iris.csv", "target", ()


def diabetes(folder: Path) -> tuple[Path, str, tuple[str, ...]]:
    load_diabetes(as_frame=True, scaled=False).frame.to_csv(folder / "diabetes.csv", index=False)
    return folder / "diabetes.csv", "target", ()


SETS = {"loanapp": loanapp, "adult": adult, "iris": iris, "diabetes": diabetes}


def blocks(runs: dict[str, Callable[[dict], object]], rows: list, seconds: float) -> dict:
    """Time one row by each, in turn; return the microseconds of each block's median."""
    taken: dict[str, list[float]] = {name: [] for name in runs}
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        for name, run in runs.items():
            times = []
            for row in rows[:BLOCK]:
                started = time.perf_counter()
                run(row)
                times.append(time.perf_counter() - started)
            taken[name].append(1e6 * statistics.median(times))
    return taken


def ratio(a: list[float], b: list[float]) -> dict[str, float]:
    """Return the ratio of the medians of two lists of block medians, with its interval."""
    random = np.random.default_rng(SEED)
    pairs = np.array(list(zip(a, b, strict=True)))
    drawn = pairs[random.integers(0, len(pairs), size=(2000, len(pairs)))]
    ratios = np.median(drawn[:, :, 0], axis=1) / np.median(drawn[:, :, 1], axis=1)
    low, high = np.quantile(ratios, [0.025, 0.975])
    middle = statistics.median(a) / statistics.median(b)
    return {"ratio": round(middle, 3), "low": round(float(low), 3), "high": round(float(high), 3)}


def measure(candidate: str, prepared, folder: Path, seconds: float) -> dict[str, object]:
    """Fit one candidate on all rows and export it every way."""
    started = time.perf_counter()
    predictor = recipes.load(candidate)(folder).fit(
        prepared.sample(np.arange(len(prepared)), seed=SEED)
    )
    model = plain_model(predictor.artefact, "bench")
    trees = [part for part in model.parts if isinstance(part, Trees)]
    rows = make_rows(model)
    reader = RowReader(model.input)
    runs = {"engine": lambda row: predictor.predict(reader.columns([row]))}
    found: dict[str, object] = {
        "fit_s": round(time.perf_counter() - started, 1),
        "trees": sum(len(part.roots) for part in trees),
        "nodes": sum(len(part.nodes) for part in trees),
    }
    gates = {}
    for target, form in FORMS.items():
        content = form.write(model)
        begun = time.perf_counter()
        run = form.runner(model, content)
        if run is None:
            gates[target] = {"skipped": "there is no C compiler here"}
            continue
        loaded = time.perf_counter() - begun
        parity = check(predictor, model, run, rows)
        gates[target] = {
            **parity.record(),
            "bytes": len(content),
            "load_s": round(loaded, 3),
            "gate_s": round(time.perf_counter() - begun, 2),
        }
        runs[target] = lambda row, run=run: run([row])
    usual = [row for row in rows if _is_answered(runs["engine"], row)]
    taken = blocks(runs, usual, seconds)
    return {
        **found,
        "parity": gates,
        "row_us": {name: round(statistics.median(each), 2) for name, each in taken.items()},
        "against the engine": {
            name: ratio(each, taken["engine"]) for name, each in taken.items() if name != "engine"
        },
    }


def _is_answered(run: Callable[[dict], object], row: dict) -> bool:
    try:
        run(row)
    except (InvalidRequest, EngineError):
        return False
    return True


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=3.0, help="per model, of timing")
    parser.add_argument("--only", nargs="*", default=list(SETS), choices=list(SETS))
    asked = parser.parse_args()
    found: dict[str, object] = {}
    hashes = {}
    for name in asked.only:
        with tempfile.TemporaryDirectory() as scratch, threadpool_limits(1):
            folder = Path(scratch)
            try:
                path, target, exclude = SETS[name](folder)
            except FileNotFoundError as error:
                print(f"{name}: skipped, {error}")
                found[name] = {"skipped": str(error)}
                continue
            hashes[name] = hashlib.sha256(path.read_bytes()).hexdigest()
            contract = Contract(task="tabular", data=str(path), target=target, exclude=exclude)
            prepared = prepare(read_table(path).columns, contract)
            models = {}
            for candidate in CANDIDATES:
                try:
                    models[candidate] = measure(
                        candidate, prepared, folder / candidate, asked.seconds
                    )
                except (MissingExtra, Refused) as error:
                    models[candidate] = {"failed": str(error)}
                print(name, candidate, json.dumps(models[candidate], indent=2), flush=True)
            found[name] = {"rows": len(prepared), "models": models}
    whole = {
        "tolerance": TOLERANCE,
        "sets": found,
        "sha256": hashes,
        "versions": {name: version(name) for name in LIBRARIES},
        "machine": {"processor": platform.machine(), "python": platform.python_version()},
        "seed": SEED,
    }
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(whole, indent=2) + "\n")


if __name__ == "__main__":
    main()
