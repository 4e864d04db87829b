"""A file of a million rows: plait against LightGBM's own `predict` on a matrix that is ready.

    PLAIT_DATA=... python bench/batch.py [--rows 1000000] [--rounds 3]

The rows are drawn from the credit-default set: 20 numbers and 3 categories, 23 columns in all, with
noise on the amounts. The model has 300 trees of 31 leaves. Three things are timed apart:

- answering: the columns of a chunk into answers (encode, trees, calibrate) against the trees alone,
  one thread each, chunk by chunk in turn; the ratio has a 95 % bootstrap interval over chunks
- reading and checking, and writing, alone
- the whole of `predict_file`, Parquet to Parquet, against `Booster.predict` on the whole matrix,
  each with as many threads as the machine has cores, in turn; files are in the ratio

Peak memory is that of a fresh process that answers one file. The figures go to
bench/results/batch.json.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import duckdb
import lightgbm
import numpy as np

import plait
from method import SEED, data, keep, ratio, start
from method.model import LEAVES, TREES, project, train
from plait.app.batch import CHUNK_ROWS
from plait.app.cells import read_columns
from plait.engines.encode import Encoder
from plait.engines.pipeline import NumberCode, OrdinalCode
from plait.store.frame import Frame
from plait.store.table_read import read_chunks
from plait.store.table_write import TableWriter

LIBRARIES = ("lightgbm", "duckdb", "numpy")
CATEGORIES = ("SEX", "EDUCATION", "MARRIAGE")
CHILD = """
import resource, sys, time
import plait
with plait.open(sys.argv[1]) as app:
    app.live.task("credit")
    started = time.perf_counter()
    app.predict_file("credit", sys.argv[2], sys.argv[3])
    taken = time.perf_counter() - started
# the peak of this program alone: that of rusage is inherited from who started it
peak = next(line for line in open("/proc/self/status") if line.startswith("VmHWM"))
print(taken, int(peak.split()[1]) / 1024)
"""


def draw(folder: Path, rows: int) -> None:
    """Write `rows` rows as Parquet, and a tenth of them too, also as CSV and JSON lines."""
    source = data("tabular/credit-default.csv.gz")
    with duckdb.connect() as connection:
        connection.execute(f"CREATE TABLE found AS FROM read_csv('{source}')")
        names = [row[0] for row in connection.execute("DESCRIBE found").fetchall()]
        cells = [
            f"chr((65 + {name})::INT) AS {name}" if name in CATEGORIES
            else f"{name} + (random() * 100)::INT AS {name}" if "AMT" in name
            else name
            for name in names if name not in ("ID", "fraud")
        ]  # fmt: skip
        connection.execute("SELECT setseed(0.5)")
        connection.execute(
            f"CREATE TABLE drawn AS FROM found, range({rows // 30_000 + 1}) "
            f"SELECT {', '.join(cells)}, fraud AS y ORDER BY random() LIMIT {rows}"
        )
        few = f"(FROM drawn LIMIT {rows // 10})"
        connection.execute(f"COPY drawn TO '{folder / 'many.parquet'}'")
        connection.execute(f"COPY {few} TO '{folder / 'few.parquet'}'")
        connection.execute(f"COPY {few} TO '{folder / 'few.csv'}'")
        connection.execute(f"COPY {few} TO '{folder / 'few.jsonl'}' (FORMAT json)")


def make(folder: Path) -> tuple[lightgbm.Booster, Encoder]:
    """Train the model on some rows, and make a project whose contract answers by it."""
    frame = next(read_chunks(folder / "few.parquet", 20_000, strings=CATEGORIES))
    names = [name for name in frame.names if name != "y"]
    levels = {name: tuple(sorted(set(frame[name].values.tolist()))) for name in CATEGORIES}
    codes = tuple(
        OrdinalCode(column=name, levels=levels[name]) if name in levels else NumberCode(column=name)
        for name in names
    )
    encoder = Encoder(codes)
    matrix = encoder.matrix({name: frame[name].values for name in names}, frame.height)
    booster = train(matrix, frame["y"].values)
    project(folder, "credit", codes, booster)
    return booster, encoder


def seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def parts(folder: Path, booster: lightgbm.Booster, encoder: Encoder) -> dict[str, object]:
    """Time each part of the work on the same chunks, one thread for all."""
    times: dict[str, list[float]] = {
        name: [] for name in ("read", "check", "answer", "LightGBM", "write")
    }
    with plait.open(folder) as app, TableWriter(folder / "parts.parquet") as writer:
        predictor = app.live.task("credit").predictor
        fields = predictor.artefact.manifest.input.fields
        chunks = read_chunks(folder / "few.parquet", CHUNK_ROWS, strings=CATEGORIES)
        while True:
            started = time.perf_counter()
            frame = next(chunks, None)
            if frame is None:
                break
            times["read"].append(time.perf_counter() - started)
            started = time.perf_counter()
            columns = read_columns(frame, fields, "bench")
            times["check"].append(time.perf_counter() - started)
            matrix = encoder.matrix(columns, frame.height)
            for name in ("answer", "LightGBM", "LightGBM", "answer"):
                started = time.perf_counter()
                if name == "answer":
                    answers = predictor.predict(columns)
                else:
                    booster.predict(matrix, num_threads=1)
                times[name].append(time.perf_counter() - started)
            started = time.perf_counter()
            writer.write(Frame((*frame.columns, *Frame.of(answers).columns)))
            times["write"].append(time.perf_counter() - started)
    rows = len(times["read"]) * CHUNK_ROWS
    found: dict[str, object] = {
        f"{name}_us_per_row": round(
            1e6 * sum(taken) / rows / (2 if name in ("answer", "LightGBM") else 1), 3
        )
        for name, taken in times.items()
    }
    found["LightGBM / answer"] = ratio(times["LightGBM"], times["answer"], np.sum)
    return found


def whole(folder: Path, name: str, target: str) -> tuple[float, float]:
    """Answer one file in a fresh process; return the seconds and the peak memory in MiB."""
    command = [sys.executable, "-c", CHILD, str(folder), str(folder / name), str(folder / target)]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    taken, peak = map(float, said.split())
    return taken, peak


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        draw(folder, options.rows)
        booster, encoder = make(folder)
        apart = parts(folder, booster, encoder)
        chunks = read_chunks(folder / "many.parquet", CHUNK_ROWS, strings=CATEGORIES)
        matrix = np.concatenate(
            [
                encoder.matrix({each.name: each.values for each in frame.columns}, frame.height)
                for frame in chunks
            ]
        )
        ours, theirs, peaks = [], [], {}
        for _ in range(options.rounds):
            theirs.append(seconds(lambda: booster.predict(matrix, num_threads=os.cpu_count())))
            taken, peaks["many"] = whole(folder, "many.parquet", "out.parquet")
            ours.append(taken)
        few: dict[str, dict[str, float]] = {}
        for suffix in ("parquet", "csv", "jsonl"):
            taken, peak = whole(folder, f"few.{suffix}", f"out.{suffix}")
            few[suffix] = {"seconds": round(taken, 2), "peak_mib": round(peak)}
        found = {
            "model": f"{TREES} trees x {LEAVES} leaves, 23 columns (3 of text)",
            "rows": options.rows,
            "parts": apart,
            "whole": {
                "plait_seconds": round(statistics.median(ours), 2),
                "LightGBM_seconds": round(statistics.median(theirs), 2),
                "LightGBM / plait": ratio(theirs, ours, np.sum),
                "threads": os.cpu_count(),
                "peak_mib": round(peaks["many"]),
            },
            "a tenth of the rows": few,
            "seed": SEED,
        }
    print(json.dumps(keep("batch", found, LIBRARIES), indent=2))


if __name__ == "__main__":
    start(main)
