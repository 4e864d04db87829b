"""Chat through plait against the same model asked directly: what plait adds to each chunk and call.

    python bench/chat.py [--rounds 20]

The model is a fake in a process of its own that writes a chunk every 10 ms, each with the moment it
was written; the clock is the machine's, so that both ends read the same one. Direct and through
plait are asked in turn. The added delay of a chunk is what it took through plait, from the model's
write to the client's read, less what the chunk of the same place took directly a moment before. The
figures go to bench/results/chat.json.
"""

import argparse
import asyncio
import http.client
import json
import socket
import statistics
import sys
import tempfile
import time
from pathlib import Path
from urllib.parse import urlsplit

import aiohttp

from method import keep
from method.server import Server

LIBRARIES = ("fastapi", "uvicorn", "aiohttp")
CHUNKS, PAUSE, BAR_MS = 50, 0.01, 5.0
BODY = {"model": "far", "messages": [{"role": "user", "content": "How long is an offer valid?"}]}

UPSTREAM = """
import asyncio, json, sys, time

CHUNKS, PAUSE = int(sys.argv[2]), float(sys.argv[3])
HEAD = b"HTTP/1.1 200 OK\\r\\ncontent-type: %b\\r\\ntransfer-encoding: chunked\\r\\n\\r\\n"

def event(delta, finish=None, **more):
    choices = [{"index": 0, "delta": delta, "finish_reason": finish}]
    return b"data: " + json.dumps({"choices": choices, **more}).encode() + b"\\n\\n"

def piece(data):
    return b"%x\\r\\n%b\\r\\n" % (len(data), data)

END = piece(event({}, "stop", usage={"prompt_tokens": 7, "completion_tokens": 3}))
END += piece(b"data: [DONE]\\n\\n") + b"0\\r\\n\\r\\n"

async def answer(reader, writer):
    try:
        while True:
            head = await reader.readuntil(b"\\r\\n\\r\\n")
            size = next(int(line.split(b":")[1]) for line in head.split(b"\\r\\n")
                        if line.lower().startswith(b"content-length"))
            body = json.loads(await reader.readexactly(size))
            slow = body.get("seed") == 1
            if body.get("stream"):
                writer.write(HEAD % b"text/event-stream")
                for _ in range(CHUNKS if slow else 3):
                    if slow:
                        await asyncio.sleep(PAUSE)
                    writer.write(piece(event({"content": "%.7f " % time.perf_counter()})))
                writer.write(END)
            else:
                whole = {"choices": [{"index": 0, "finish_reason": "stop",
                    "message": {"role": "assistant", "content": "a b c"}}]}
                writer.write(HEAD % b"application/json" + piece(json.dumps(whole).encode()))
                writer.write(b"0\\r\\n\\r\\n")
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()

async def main():
    server = await asyncio.start_server(answer, "127.0.0.1", int(sys.argv[1]))
    await server.serve_forever()

asyncio.run(main())
"""

PLAIT = """
import sys
import plait
from plait.serve.run import serve

serve(plait.open(".", port=int(sys.argv[1])))
"""


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def delays(url: str) -> list[float]:
    """Return the milliseconds from the write to the read of each chunk of one stream."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=30)
    body = json.dumps({**BODY, "stream": True, "seed": 1})
    connection.request("POST", parts.path, body, {"content-type": "application/json"})
    response = connection.getresponse()
    assert response.status == 200, response.read()
    found = []
    while line := response.readline():
        now = time.perf_counter()
        if line.startswith(b"data: {"):
            choices = json.loads(line[6:])["choices"]
            text = choices[0]["delta"].get("content") if choices else None
            if text:
                found.append(1000 * (now - float(text)))
    connection.close()
    assert len(found) == CHUNKS, len(found)
    return found


async def calls(url: str, at_once: int, count: int) -> tuple[list[float], float]:
    """Return the milliseconds of each of `count` calls, `at_once` at a time, and calls a second."""
    taken: list[float] = []
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:

        async def worker() -> None:
            for _ in range(count // at_once):
                started = time.perf_counter()
                async with session.post(url, json=BODY) as response:
                    await response.read()
                    assert response.status == 200
                taken.append(1000 * (time.perf_counter() - started))

        began = time.perf_counter()
        await asyncio.gather(*(worker() for _ in range(at_once)))
        return taken, len(taken) / (time.perf_counter() - began)


def quantiles(values: list[float]) -> dict[str, float]:
    cuts = statistics.quantiles(values, n=100, method="inclusive")
    return {"p50": cuts[49], "p95": cuts[94], "p99": cuts[98]}


def row(name: str, figures: dict[str, float]) -> None:
    print(f"{name:<36}" + "".join(f"{figures[each]:>10.3f}" for each in ("p50", "p95", "p99")))


def streams(direct: str, plait: str, rounds: int) -> dict[str, object]:
    """Measure chunks, direct and through plait in turn."""
    for url in (direct, plait):
        delays(url)
    pairs = [(delays(direct), delays(plait)) for _ in range(rounds)]
    alone = [each for one, _ in pairs for each in one]
    through = [each for _, one in pairs for each in one]
    added = [b - a for one, other in pairs for a, b in zip(one, other, strict=True)]
    first = [other[0] - one[0] for one, other in pairs]
    print(f"{'ms from write to read, per chunk':<36}" + f"{'p50':>10}{'p95':>10}{'p99':>10}")
    row("direct", quantiles(alone))
    row("through plait", quantiles(through))
    row("added by plait, paired", quantiles(added))
    row("  of it at the first chunk", quantiles(first))
    within = sum(each <= BAR_MS for each in added) / len(added)
    print(f"chunks delayed by at most {BAR_MS:g} ms: {100 * within:.2f} % of {len(added)}\n")
    return {
        "chunks": len(added),
        "direct_ms": quantiles(alone),
        "plait_ms": quantiles(through),
        "added_ms": quantiles(added),
        "added_first_ms": quantiles(first),
        "bar_ms": BAR_MS,
        "within_bar": within,
    }


def wholes(direct: str, plait: str, at_once: int, rounds: int) -> dict[str, object]:
    """Measure whole answers, direct and through plait in turn."""
    found: dict[str, list[float]] = {"direct": [], "plait": []}
    rates: dict[str, list[float]] = {"direct": [], "plait": []}
    for turn in range(rounds + 1):
        for name, url in (("direct", direct), ("plait", plait)):
            taken, rate = asyncio.run(calls(url, at_once, max(50, 4 * at_once)))
            if turn:  # the first warms up
                found[name] += taken
                rates[name].append(rate)
    told = {name: quantiles(values) for name, values in found.items()}
    print(f"{f'ms per call, {at_once} at once':<36}" + f"{'p50':>10}{'p95':>10}{'p99':>10}")
    for name, figures in told.items():
        row(name, figures)
    added = {each: told["plait"][each] - told["direct"][each] for each in told["plait"]}
    row("added by plait", added)
    speed = {name: statistics.median(values) for name, values in rates.items()}
    print(f"calls a second: direct {speed['direct']:.0f}, plait {speed['plait']:.0f}\n")
    return {"at_once": at_once, **told, "added_ms": added, "calls_per_second": speed}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=20)
    rounds = parser.parse_args().rounds
    upstream, plait = free_port(), free_port()
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "plait.yaml").write_text(
            "project: bench\nmodels:\n  far: {engine: openai, model: m, remote: false, "
            f"base_url: 'http://127.0.0.1:{upstream}/v1'}}\n"
        )
        source = [sys.executable, "-c", UPSTREAM, str(upstream), str(CHUNKS), str(PAUSE)]
        path = "/v1/chat/completions"
        servers = [
            Server(source, upstream, path, Path(folder)),
            Server([sys.executable, "-c", PLAIT, str(plait)], plait, path, Path(folder)),
        ]
        try:
            for server in servers:
                assert server.ready(json.dumps(BODY).encode()), server.log.read_text()
            urls = [f"http://127.0.0.1:{port}{path}" for port in (upstream, plait)]
            result = {
                "stream": streams(urls[0], urls[1], rounds),
                "whole": [wholes(urls[0], urls[1], n, max(3, rounds // 4)) for n in (1, 64)],
            }
        finally:
            for server in servers:
                server.close()
    keep("chat", result, LIBRARIES)


if __name__ == "__main__":
    main()
