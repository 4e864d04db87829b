"""One row: plait against a bare FastAPI route and the booster itself, the same model in all.

    python bench/predict.py [--seconds 20]

Servers run as processes of their own and are asked in turn by one keep-alive client, block by
block, so that the machine's moods hit all alike. Ratios are of medians, with a 95 % bootstrap
interval over blocks. The figures go to bench/results/predict.json.
"""

import argparse
import ctypes
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import lightgbm
import numpy as np

import plait
from method import SEED, in_turn, keep, milliseconds, ratio
from method.model import LEAVES, TREES, project, train
from method.server import Server
from plait.core.schema import RowReader
from plait.engines.pipeline import NumberCode
from plait.engines.prediction import PredictionReader

LIBRARIES = ("lightgbm", "fastapi", "uvicorn", "numpy")
FEATURES, ROWS = 14, 20_000

BARE = """
import sys
import lightgbm, numpy, uvicorn
from fastapi import FastAPI
from pydantic import BaseModel

booster = lightgbm.Booster(model_file="model.txt")
names = [f"x{i}" for i in range(FEATURES)]
app = FastAPI()

class Body(BaseModel):
    rows: list[dict[str, float]]

@app.post("/predict")
async def predict(body: Body):
    matrix = numpy.array([[row[name] for name in names] for row in body.rows])
    return {"probabilities": booster.predict(matrix, num_threads=1).tolist()}

uvicorn.run(app, port=int(sys.argv[1]), log_level="warning", access_log=False)
"""

PLAIT = """
import sys
import plait
from plait.serve.run import serve

app = plait.open(".", port=int(sys.argv[1]))
if sys.argv[2] == "off":
    from plait.flow.record import Record

    Record.__call__ = lambda *_: None
serve(app)
"""


def make(folder: Path) -> None:
    """Make a project whose contract answers by a model of numbers."""
    random = np.random.default_rng(SEED)
    x = random.normal(size=(ROWS, FEATURES))
    y = (x[:, 0] * x[:, 1] + np.sin(3 * x[:, 2]) + x[:, 3] + random.normal(size=ROWS) > 0) * 1
    codes = tuple(NumberCode(column=f"x{i}") for i in range(FEATURES))
    project(folder, "bench", codes, train(x, y))


def over_http(folder: Path, seconds: float, rows: list[dict[str, float]]) -> dict[str, object]:
    """Ask the three servers in turn."""
    bodies = [json.dumps({"rows": [row]}).encode() for row in rows[:100]]
    other = folder / "off"
    make(other)
    bare = BARE.replace("FEATURES", str(FEATURES))
    servers = {}
    for name, code, home, port, path in (
        ("bare", bare, folder, 8391, "/predict"),
        ("plait", PLAIT, folder, 8392, "/v1/predict/bench"),
        ("plait, tracing off", PLAIT, other, 8393, "/v1/predict/bench"),
    ):
        told = [sys.executable, "-c", code, str(port), "off" if home == other else "on"]
        servers[name] = Server(told, port, path, home)
    try:
        for server in servers.values():
            assert server.ready(bodies[0]), server.log.read_text()
            server.block(bodies)
        asks = {name: partial(server.block, bodies) for name, server in servers.items()}
        every = in_turn(asks, seconds)
    finally:
        for server in servers.values():
            server.close()
    found: dict[str, object] = {
        name: {
            **milliseconds(np.concatenate(taken), 50, 95, 99),
            "requests": sum(map(len, taken)),
        }
        for name, taken in every.items()
    }
    blocks = {name: [statistics.median(each) for each in taken] for name, taken in every.items()}
    found["plait / bare"] = ratio(blocks["plait"], blocks["bare"])
    on, off = blocks["plait"], blocks["plait, tracing off"]
    found["tracing_adds_ms"] = round(1000 * (statistics.median(on) - statistics.median(off)), 4)
    return found


def c_call(booster: lightgbm.Booster) -> Callable[[list[float]], float]:
    """Return LightGBM's fastest call for one row, on a buffer that is filled before it is timed."""
    library = ctypes.PyDLL(lightgbm.basic._LIB._name)
    fast, written = ctypes.c_void_p(), ctypes.c_int64()
    start = library.LGBM_BoosterPredictForMatSingleRowFastInit
    what = (0, 0, -1, 1, FEATURES, b"num_threads=1 verbosity=-1")
    assert start(booster._handle, *what, ctypes.byref(fast)) == 0
    row, answer = (ctypes.c_double * FEATURES)(), (ctypes.c_double * 1)()
    buffers = (ctypes.byref(row), ctypes.byref(written), ctypes.byref(answer))
    run = partial(library.LGBM_BoosterPredictForMatSingleRowFast, fast, *buffers)

    def call(values: list[float]) -> float:
        row[:] = values
        started = time.perf_counter()
        run()
        return time.perf_counter() - started

    return call


def in_process(folder: Path, rows: list[dict[str, float]]) -> dict[str, object]:
    """Time one row from dict to answer, and LightGBM alone, in turn.

    `answer` is what a task does of a row: dict, checks, encoding, trees, calibration, `Prediction`.
    `plait.predict` is that within a flow: admission, spans, and the record of the request.
    `32 at once` is per row of 32 that are answered together, what micro-batching could win.
    """
    booster = lightgbm.Booster(model_file=folder / "model.txt")
    matrix = np.array([list(row.values()) for row in rows])
    with plait.open(folder) as app:
        task = app.live.task("bench")
        engine, reader = task.predictor, RowReader(task.predictor.artefact.manifest.input)
        answers = PredictionReader(task.predictor.artefact.manifest.output)
        c_seconds = c_call(booster)

        def answer(several: tuple[dict[str, float], ...]) -> object:
            return answers.read(engine.predict(reader.columns(several)))

        def timed(work: Callable[[int], object]) -> Callable[[int], float]:
            def run(i: int) -> float:
                started = time.perf_counter()
                work(i)
                return time.perf_counter() - started

            return run

        together = tuple(rows[:32])
        kinds: dict[str, Callable[[int], float]] = {
            "C call": lambda i: c_seconds(list(rows[i].values())),
            "answer": timed(lambda i: answer((rows[i],))),
            "32 at once": lambda i: timed(lambda _: answer(together))(i) / 32,
            "plait.predict": timed(lambda i: app.predict("bench", rows[i])),
            "Booster.predict": timed(lambda i: booster.predict(matrix[i : i + 1], num_threads=1)),
        }
        blocks: dict[str, list[float]] = {name: [] for name in kinds}
        for _ in range(60):
            for name, seconds in kinds.items():
                blocks[name].append(statistics.median(seconds(i) for i in range(100)))
    found: dict[str, object] = {
        f"{name}_us": round(1e6 * statistics.median(taken), 2) for name, taken in blocks.items()
    }
    for over, under in (
        ("answer", "C call"),
        ("plait.predict", "C call"),
        ("plait.predict", "Booster.predict"),
        ("answer", "32 at once"),
    ):
        found[f"{over} / {under}"] = ratio(blocks[over], blocks[under])
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=20.0)
    seconds = parser.parse_args().seconds
    random = np.random.default_rng(SEED + 1)
    rows = [
        {f"x{i}": float(v) for i, v in enumerate(values)}
        for values in random.normal(size=(500, FEATURES))
    ]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make(folder)
        parts = {
            "in process": in_process(folder, rows),
            "http": over_http(folder, seconds, rows),
        }
        found = {
            "model": f"{TREES} trees x {LEAVES} leaves, {FEATURES} features",
            **parts,
            "seed": SEED,
        }
    keep("predict", found, LIBRARIES)
    for part, figures in parts.items():
        print(part)
        for key, value in figures.items():
            print(f"  {key:32} {value}")


if __name__ == "__main__":
    main()
