"""One row: plait against a bare FastAPI route and the booster itself, the same model in all.

    python bench/predict.py [--seconds 20]

Servers run as processes of their own and are asked in turn by one keep-alive client, block by
block, so that the machine's moods hit all alike. Ratios are of medians, with a 95 % bootstrap
interval over blocks. The figures go to bench/results/predict.json.
"""

import argparse
import ctypes
import http.client
import json
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from importlib.metadata import version
from pathlib import Path

import lightgbm
import numpy as np

import plait
from plait.core.artefact import Manifest
from plait.core.decision import Decision
from plait.core.privacy import Privacy
from plait.core.schema import Field, RowReader, Schema
from plait.engines.answer import output_schema
from plait.engines.base import json_bytes, write_artefact
from plait.engines.pipeline import PIPELINE, Calibration, NumberCode, Pipeline
from plait.engines.prediction import PredictionReader
from plait.registry.artefact import register_artefact
from plait.registry.decision import register_decision, release

LIBRARIES = ("plait", "lightgbm", "fastapi", "uvicorn", "numpy")
FEATURES, TREES, LEAVES, ROWS, SEED = 14, 300, 31, 20_000, 7
RESULTS = Path(__file__).parent / "results" / "predict.json"

BARE = """
import sys
import lightgbm, numpy, uvicorn
from fastapi import FastAPI
from pydantic import BaseModel

booster = lightgbm.Booster(model_file=sys.argv[1])
names = [f"x{i}" for i in range(FEATURES)]
app = FastAPI()

class Body(BaseModel):
    rows: list[dict[str, float]]

@app.post("/predict")
async def predict(body: Body):
    matrix = numpy.array([[row[name] for name in names] for row in body.rows])
    return {"probabilities": booster.predict(matrix, num_threads=1).tolist()}

uvicorn.run(app, port=int(sys.argv[2]), log_level="warning", access_log=False)
"""

PLAIT = """
import sys
import plait
from plait.serve.run import serve

app = plait.open(sys.argv[1], port=int(sys.argv[2]))
if sys.argv[3] == "off":
    from plait.flow.record import Record

    Record.__call__ = lambda *_: None
serve(app)
"""


def make(folder: Path) -> str:
    """Make the booster and a project whose contract answers by it; return the model's text."""
    random = np.random.default_rng(SEED)
    x = random.normal(size=(ROWS, FEATURES))
    y = (x[:, 0] * x[:, 1] + np.sin(3 * x[:, 2]) + x[:, 3] + random.normal(size=ROWS) > 0) * 1
    settings = {"objective": "binary", "num_leaves": LEAVES, "num_threads": 2, "verbosity": -1}
    booster = lightgbm.train({**settings, "seed": SEED}, lightgbm.Dataset(x, y), TREES)
    text: str = booster.model_to_string()
    names = [f"x{i}" for i in range(FEATURES)]
    (folder / "plait.yaml").write_text(
        "project: bench\ncontracts:\n  bench: {task: tabular, data: none.csv, target: y}\n"
    )
    pipeline = Pipeline(
        problem="binary",
        classes=(0, 1),
        encode=tuple(NumberCode(column=name) for name in names),
        calibrate=Calibration(),
        threshold=0.5,
    )
    manifest = Manifest(
        engine="lightgbm",
        task="tabular",
        problem="binary",
        input=Schema(tuple(Field(name=name, kind="number", nullable=True) for name in names)),
        output=output_schema(pipeline),
        origin="bench",
    )
    files = {PIPELINE: json_bytes(pipeline.record()), "model.txt": text.encode()}
    artefact = write_artefact(folder / "made", manifest, files)
    with plait.open(folder) as app:
        register_artefact(
            app.store, artefact, contract="bench", tenant="default", privacy=Privacy.INTERNAL
        )
        decision = Decision(
            kind="declared",
            contract="bench",
            winner="lightgbm",
            artefact=artefact.id,
            machine={},
            by="bench",
            created=time.time(),
        )
        register_decision(app.store, decision, None, tenant="default", privacy=Privacy.INTERNAL)
        release(app.store, decision, by="bench", tenant="default")
    return text


class Client:
    """One keep-alive connection to one server, which it starts and ends."""

    def __init__(self, code: str, arguments: list[str], port: int, path: str) -> None:
        self.path = path
        self.process = subprocess.Popen([sys.executable, "-c", code, *arguments])
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        for _ in range(300):
            try:
                self.connection.connect()
                break
            except OSError:
                time.sleep(0.1)
            finally:
                self.connection.close()  # an idle connection would be closed by the server

    def block(self, bodies: list[bytes]) -> list[float]:
        """Return the seconds of each request."""
        taken = []
        for body in bodies:
            started = time.perf_counter()
            self.connection.request("POST", self.path, body, {"content-type": "application/json"})
            response = self.connection.getresponse()
            answer = response.read()
            taken.append(time.perf_counter() - started)
            assert response.status == 200, answer
        return taken

    def close(self) -> None:
        self.connection.close()
        self.process.terminate()
        self.process.wait()


def ratio(a: list[float], b: list[float]) -> dict[str, float]:
    """Return the ratio of the medians of two lists of block medians, with its interval."""
    random = np.random.default_rng(SEED)
    pairs = np.array(list(zip(a, b, strict=True)))
    drawn = pairs[random.integers(0, len(pairs), size=(2000, len(pairs)))]
    ratios = np.median(drawn[:, :, 0], axis=1) / np.median(drawn[:, :, 1], axis=1)
    low, high = np.quantile(ratios, [0.025, 0.975])
    middle = statistics.median(a) / statistics.median(b)
    return {"ratio": round(middle, 3), "low": round(float(low), 3), "high": round(float(high), 3)}


def over_http(folder: Path, seconds: float, rows: list[dict[str, float]]) -> dict[str, object]:
    """Ask the three servers in turn."""
    model = folder / "model.txt"
    bodies = [json.dumps({"rows": [row]}).encode() for row in rows[:100]]
    other = folder / "off"
    other.mkdir()
    make(other)
    clients = {
        "bare": Client(
            BARE.replace("FEATURES", str(FEATURES)), [str(model), "8391"], 8391, "/predict"
        ),
        "plait": Client(PLAIT, [str(folder), "8392", "on"], 8392, "/v1/predict/bench"),
        "plait, tracing off": Client(PLAIT, [str(other), "8393", "off"], 8393, "/v1/predict/bench"),
    }
    blocks: dict[str, list[float]] = {name: [] for name in clients}
    every: dict[str, list[float]] = {name: [] for name in clients}
    try:
        for client in clients.values():
            client.block(bodies)
        ends = time.monotonic() + seconds
        while time.monotonic() < ends:
            for name, client in clients.items():
                taken = client.block(bodies)
                blocks[name].append(statistics.median(taken))
                every[name] += taken
    finally:
        for client in clients.values():
            client.close()
    found: dict[str, object] = {
        name: {
            "p50_ms": round(1000 * float(np.quantile(taken, 0.5)), 4),
            "p95_ms": round(1000 * float(np.quantile(taken, 0.95)), 4),
            "p99_ms": round(1000 * float(np.quantile(taken, 0.99)), 4),
            "requests": len(taken),
        }
        for name, taken in every.items()
    }
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


def in_process(folder: Path, text: str, rows: list[dict[str, float]]) -> dict[str, object]:
    """Time one row from dict to answer, and LightGBM alone, in turn.

    `answer` is what a task does of a row: dict, checks, encoding, trees, calibration, `Prediction`.
    `plait.predict` is that within a flow: admission, spans, and the record of the request.
    `32 at once` is per row of 32 that are answered together, what micro-batching could win.
    """
    booster = lightgbm.Booster(model_str=text)
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
        text = make(folder)
        (folder / "model.txt").write_text(text)
        parts = {
            "in process": in_process(folder, text, rows),
            "http": over_http(folder, seconds, rows),
        }
        found = {
            "model": f"{TREES} trees x {LEAVES} leaves, {FEATURES} features",
            **parts,
            "versions": {name: version(name) for name in LIBRARIES},
            "machine": {"processor": platform.machine(), "python": platform.python_version()},
            "seed": SEED,
        }
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(found, indent=2) + "\n")
    for part, figures in parts.items():
        print(part)
        for key, value in figures.items():
            print(f"  {key:32} {value}")


if __name__ == "__main__":
    main()
