"""One row over HTTP: plait against a bare FastAPI route, BentoML, MLflow and Ray Serve.

    PLAIT_DATA=FOLDER python bench/serving.py [--install] [--seconds 15]

All answer by the same LightGBM model (300 trees of 31 leaves, Adult), one process or replica each,
one thread per prediction. Each rival lives in its own environment, which `--install` makes:

    python -m venv .bench/servers/bentoml && .bench/servers/bentoml/bin/pip install bentoml lightgbm
    python -m venv .bench/servers/mlflow && .bench/servers/mlflow/bin/pip install mlflow lightgbm
    python -m venv .bench/servers/ray && .bench/servers/ray/bin/pip install 'ray[serve]' lightgbm

A rival that cannot be started is named as such, with the end of what it said. To be fair to them:
the access logs of BentoML are off, MLflow is sent numbers already encoded. MLflow and Ray Serve are
asked twice: as their guides set them up, and tuned, MLflow without a signature to check its input
by, Ray Serve with its switch for throughput on. plait alone writes a record of each request.

Only one rival runs at a time, beside plait and the bare route, which are asked in turn with it,
block by block, by one keep-alive client. Ratios are of medians of blocks, with a 95 % bootstrap
interval over blocks; above 1 the other is slower. Then 32 keep-alive connections ask plait and
BentoML in turn. The figures go to bench/results/http.json.
"""

import argparse
import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from functools import partial
from pathlib import Path

import numpy as np

from method import CACHE, SEED, Floats, adult, in_turn, keep, milliseconds, ratio, start
from method.model import LEAVES, TREES, project, train
from method.server import Server
from plait.core.columns import Scalar
from plait.engines.encode import Encoder
from plait.engines.pipeline import NumberCode, OrdinalCode

SERVERS = CACHE / "servers"
PACKAGES = {"bentoml": ["bentoml"], "mlflow": ["mlflow"], "ray": ["ray[serve]"]}
BARS = {"BentoML": 4.0, "MLflow": 8.0, "Ray Serve": 8.0}
TUNED = ("MLflow without signature", "Ray Serve for throughput")
BLOCK, CLIENTS = 50, 32

ENCODE = """
import json, math, os
import lightgbm, numpy
told = json.load(open("levels.json"))
names = told["names"]
levels = {name: {v: at for at, v in enumerate(known)} for name, known in told["levels"].items()}
booster = lightgbm.Booster(model_file="model.txt")

def answer(rows):
    matrix = numpy.array([
        [math.nan if row[name] is None else levels[name].get(row[name], -1) if name in levels
         else row[name] for name in names]
        for row in rows
    ], dtype=float)
    return booster.predict(matrix, num_threads=1).tolist()
"""
BARE = (
    ENCODE
    + """
import sys, uvicorn
from fastapi import FastAPI
from pydantic import BaseModel

app = FastAPI()

class Body(BaseModel):
    rows: list[dict[str, float | str | None]]

@app.post("/predict")
async def predict(body: Body):
    return {"probabilities": answer(body.rows)}

uvicorn.run(app, port=int(sys.argv[1]), log_level="warning", access_log=False)
"""
)
PLAIT = """
import sys
import plait
from plait.serve.run import serve
serve(plait.open(".", port=int(sys.argv[1])))
"""
BENTOML = (
    ENCODE
    + """
import bentoml

@bentoml.service(workers=1, logging={"access": {"enabled": False}})
class Adult:
    @bentoml.api
    def predict(self, rows: list[dict]) -> list[float]:
        return answer(rows)
"""
)
MLFLOW = """
import json, shutil, sys
import lightgbm, mlflow.lightgbm, pandas
from mlflow.models import infer_signature
booster = lightgbm.Booster(model_file="model.txt")
signature = None
if sys.argv[1] == "signed":
    split = json.load(open("frame.json"))
    frame = pandas.DataFrame(split["data"], columns=split["columns"])
    signature = infer_signature(frame, booster.predict(frame))
shutil.rmtree("mlflow-model", ignore_errors=True)
mlflow.lightgbm.save_model(booster, "mlflow-model", signature=signature)
"""
RAY = (
    ENCODE
    + """
import sys, time
import ray
from ray import serve

@serve.deployment(num_replicas=1, max_ongoing_requests=100)
class Adult:
    async def __call__(self, request):
        return answer((await request.json())["rows"])

ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False, object_store_memory=100_000_000)
serve.start(http_options={"host": "127.0.0.1", "port": int(sys.argv[1])})
serve.run(Adult.bind(), route_prefix="/predict")
while True:
    time.sleep(1)
"""
)


def install() -> None:
    """Make the environments of the rivals."""
    for name, packages in PACKAGES.items():
        subprocess.run([sys.executable, "-m", "venv", SERVERS / name], check=True)
        pip = SERVERS / name / "bin" / "pip"
        subprocess.run([pip, "install", "-q", *packages, "lightgbm", "numpy"], check=False)


def rival(name: str, folder: Path, port: int) -> Server:
    """Start one of them; raises OSError or CalledProcessError when it is not installed."""
    if name == "BentoML":
        (folder / "service.py").write_text(BENTOML)
        binary = SERVERS / "bentoml" / "bin" / "bentoml"
        command = [str(binary), "serve", "service:Adult", "--port", str(port)]
        env = {"BENTOML_DO_NOT_TRACK": "True", "BENTOML_HOME": str(folder / "bentoml")}
        return Server(command, port, "/predict", folder, env)
    if name.startswith("MLflow"):
        home = SERVERS / "mlflow" / "bin"
        signed = "unsigned" if name in TUNED else "signed"
        subprocess.run(
            [home / "python", "-c", MLFLOW, signed], cwd=folder, check=True, capture_output=True
        )
        command = [
            *(str(home / "mlflow"), "models", "serve", "-m", "mlflow-model", "-p", str(port)),
            *("--env-manager", "local", "--workers", "1"),
        ]
        path = f"{home}:{os.environ['PATH']}"
        return Server(command, port, "/invocations", folder, {"PATH": path})
    python = SERVERS / "ray" / "bin" / "python"
    env = {"RAY_USAGE_STATS_ENABLED": "0"}
    if name in TUNED:
        env["RAY_SERVE_THROUGHPUT_OPTIMIZED"] = "1"
    return Server([str(python), "-c", RAY, str(port)], port, "/predict", folder, env)


def compared(
    servers: Mapping[str, Server], bodies: Mapping[str, list[bytes]], seconds: float
) -> dict[str, object]:
    """Ask servers block by block; return the figures of each, and plait's ratios to the others."""
    for name, server in servers.items():
        server.connection.close()  # idle since the last rival: a server may have closed it
        server.block(bodies[name])
    asks = {name: partial(server.block, bodies[name]) for name, server in servers.items()}
    every = in_turn(asks, seconds)
    blocks = {name: [statistics.median(each) for each in taken] for name, taken in every.items()}
    found: dict[str, object] = {
        name: {**milliseconds(np.concatenate(taken), 50, 99), "requests": sum(map(len, taken))}
        for name, taken in every.items()
    }
    for name in servers:
        if name == "bare FastAPI":
            found["plait / bare FastAPI"] = ratio(blocks["plait"], blocks[name])
        elif name != "plait":
            found[f"{name} / plait"] = ratio(blocks[name], blocks["plait"])
    return found


async def crowd(server: Server, bodies: list[bytes], seconds: float) -> float:
    """Return requests per second of 32 connections that each ask again when answered."""
    ends = time.monotonic() + seconds
    done = 0

    async def one(start: int) -> None:
        nonlocal done
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        at = start
        while time.monotonic() < ends:
            body = bodies[at % len(bodies)]
            at += 1
            head = (
                f"POST {server.path} HTTP/1.1\r\nhost: 127.0.0.1:{server.port}\r\n"
                f"content-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
            )
            writer.write(head.encode() + body)
            answer = await reader.readuntil(b"\r\n\r\n")
            assert b" 200 " in answer[:20], answer
            lower = answer.lower()
            length = int(lower.partition(b"content-length:")[2].partition(b"\r\n")[0])
            await reader.readexactly(length)
            done += 1
        writer.close()

    started = time.monotonic()
    await asyncio.gather(*(one(start) for start in range(CLIENTS)))
    return done / (time.monotonic() - started)


def throughput(servers: Mapping[str, Server], bodies: Mapping[str, list[bytes]]) -> object:
    """Let the crowd ask each in turn, ten rounds of one second."""
    rates: dict[str, list[float]] = {name: [] for name in servers}
    for name, server in servers.items():
        asyncio.run(crowd(server, bodies[name], 1))
    for _ in range(10):
        for name, server in servers.items():
            rates[name].append(asyncio.run(crowd(server, bodies[name], 1)))
    found: dict[str, object] = {
        f"{name}_per_second": round(statistics.median(each), 1) for name, each in rates.items()
    }
    others = [name for name in servers if name != "plait"]
    for name in others:
        found[f"plait / {name}"] = ratio(rates["plait"], rates[name])
    return found


def codes(rows: list[dict[str, Scalar]]) -> tuple[NumberCode | OrdinalCode, ...]:
    """Return how each field becomes a number."""
    return tuple(
        NumberCode(column=name)
        if name in adult.NUMBERS
        else OrdinalCode(column=name, levels=tuple(sorted({r[name] for r in rows} - {None})))
        for name in adult.NAMES
    )


def sent(matrix: Floats, every: list[dict[str, Scalar]]) -> dict[str, list[bytes]]:
    """Return what each server is asked: rows without gaps, of which MLflow's frames make text."""
    some = [at for at, row in enumerate(every) if None not in row.values()][:BLOCK]
    plain = [json.dumps({"rows": [every[at]]}).encode() for at in some]
    frames = [{"columns": adult.NAMES, "data": [values]} for values in matrix[some].tolist()]
    coded = [json.dumps({"dataframe_split": frame}).encode() for frame in frames]
    names = ("plait", "bare FastAPI", *BARS, *TUNED)
    return {name: coded if name.startswith("MLflow") else plain for name in names}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--install", action="store_true")
    parser.add_argument("--seconds", type=float, default=15.0)
    parser.add_argument("--only", nargs="*", default=[*BARS, *TUNED])
    options = parser.parse_args()
    if options.install:
        install()
    cells = adult.read("train")
    rows = adult.records(cells)
    encode = codes(rows)
    columns = {name: [row[name] for row in rows] for name in adult.NAMES}
    matrix = Encoder(encode).matrix(columns, len(rows))
    bodies = sent(matrix, rows)
    found: dict[str, object] = {
        "model": f"{TREES} trees x {LEAVES} leaves, 14 features",
        "data": "adult-train",
    }
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        project(folder, "adult", encode, train(matrix, [row[-1] == ">50K" for row in cells]))
        levels = {code.column: code.levels for code in encode if isinstance(code, OrdinalCode)}
        frame = {"columns": adult.NAMES, "data": matrix[:200].tolist()}
        (folder / "frame.json").write_text(json.dumps(frame).replace("NaN", "null"))
        (folder / "levels.json").write_text(json.dumps({"names": adult.NAMES, "levels": levels}))
        servers = {
            "plait": Server(
                [sys.executable, "-c", PLAIT, "8491"], 8491, "/v1/predict/adult", folder
            ),
            "bare FastAPI": Server([sys.executable, "-c", BARE, "8492"], 8492, "/predict", folder),
        }
        try:
            for each, server in servers.items():
                assert server.ready(bodies[each][0]), server.log.read_text()
            found["bare FastAPI"] = compared(servers, bodies, options.seconds)
            for at, each in enumerate(options.only):
                try:
                    other = rival(each, folder, 8493 + at)
                except (OSError, subprocess.CalledProcessError) as error:
                    found[each] = {"skipped": str(error)}
                    continue
                try:
                    if not other.ready(bodies[each][0]):
                        found[each] = {"skipped": other.log.read_text()[-500:]}
                        continue
                    found[each] = compared({**servers, each: other}, bodies, options.seconds)
                    print(each, found[each], flush=True)
                    if each == "BentoML":
                        both = {**servers, each: other}
                        found[f"{CLIENTS} clients"] = throughput(both, bodies)
                        print(found[f"{CLIENTS} clients"], flush=True)
                finally:
                    other.close()
        finally:
            for server in servers.values():
                server.close()
    found["bars"] = {"plait / bare FastAPI": 1.6, **{f"{k} / plait": v for k, v in BARS.items()}}
    found["rivals"] = rival_versions()
    found["seed"] = SEED
    print(json.dumps(keep("http", found, ("lightgbm", "fastapi", "uvicorn")), indent=2))


def rival_versions() -> dict[str, str]:
    found = {}
    for name in PACKAGES:
        for info in sorted((SERVERS / name).glob(f"lib/*/site-packages/{name}-*.dist-info")):
            found[name] = info.name.removeprefix(f"{name}-").removesuffix(".dist-info")
    return found


if __name__ == "__main__":
    start(main)
