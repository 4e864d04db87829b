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
import json
import statistics
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
from sklearn.datasets import load_diabetes, load_iris
from threadpoolctl import threadpool_limits

from method import LEAKS, SEED, Missing, adult, digests, in_turn, keep, loanapp, ratio
from plait.app.export import FORMS
from plait.core.contract import Contract
from plait.core.errors import EngineError, InvalidRequest, MissingExtra, Refused
from plait.core.schema import RowReader
from plait.store.table_read import read_table
from plait.train.base import recipes
from plait.train.export_model import Trees, plain_model
from plait.train.parity import TOLERANCE, check, make_rows
from plait.train.prepare import prepare

LIBRARIES = ("lightgbm", "numpy", "onnx", "onnxruntime", "scikit-learn")
CANDIDATES = ("linear", "lightgbm", "extra_trees")
BLOCK = 100


def of_loanapp(_: Path) -> tuple[Path, str, tuple[str, ...]]:
    return loanapp(), "approve", LEAKS


def of_adult(folder: Path) -> tuple[Path, str, tuple[str, ...]]:
    path = folder / "adult.csv"
    rows = [adult.COLUMNS, *adult.read("train")]
    path.write_text("".join(f"{','.join(row)}\n" for row in rows))
    return path, "income", ()


def iris(folder: Path) -> tuple[Path, str, tuple[str, ...]]:
    bunch = load_iris(as_frame=True)
    frame = bunch.frame.assign(target=bunch.target_names[bunch.target])
    frame.to_csv(folder / "iris.csv", index=False)
    return folder / "iris.csv", "target", ()


def diabetes(folder: Path) -> tuple[Path, str, tuple[str, ...]]:
    load_diabetes(as_frame=True, scaled=False).frame.to_csv(folder / "diabetes.csv", index=False)
    return folder / "diabetes.csv", "target", ()


SETS = {"loanapp": of_loanapp, "adult": of_adult, "iris": iris, "diabetes": diabetes}


def times(run: Callable[[dict], object], rows: list) -> list[float]:
    """Return the seconds that each of some rows took."""
    taken = []
    for row in rows[:BLOCK]:
        started = time.perf_counter()
        run(row)
        taken.append(time.perf_counter() - started)
    return taken


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
    asks = {name: partial(times, run, usual) for name, run in runs.items()}
    taken = {
        name: [1e6 * statistics.median(block) for block in blocks]
        for name, blocks in in_turn(asks, seconds).items()
    }
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
            except Missing as error:
                print(f"{name}: skipped, {error}")
                found[name] = {"skipped": str(error)}
                continue
            hashes[name] = digests(path)[path.name]
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
    whole = {"tolerance": TOLERANCE, "sets": found, "sha256": hashes, "seed": SEED}
    keep("export", whole, LIBRARIES)


if __name__ == "__main__":
    main()
