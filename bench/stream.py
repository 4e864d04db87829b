"""What plait adds to a local model's stream: SmolLM2-135M by llama.cpp.

    python bench/stream.py

Delay: a relay in a process of its own stands between the engine and llama.cpp's process and notes
when each event arrives there; the delay of a chunk is the time from then until it leaves the
engine's `stream` in this process. So the relay's own sending, the kernel and the wake-up of this
process count as plait's. Speed: tokens per second of `stream`, without the relay, against xllamacpp
called directly in a process that does nothing else, with the same weights, threads and prompt, the
two in turn; the ratio is of medians over rounds, with a 95 % bootstrap interval. The figures go to
bench/results/stream.json.
"""

import argparse
import asyncio
import json
import multiprocessing
import os
import statistics
import time
from dataclasses import replace
from importlib import import_module
from multiprocessing.connection import Connection
from urllib.parse import urlsplit

from method import SEED, keep, milliseconds, ratio
from plait.core.context import Context
from plait.core.prompt import Chunk, Message, Prompt
from plait.engines.llamacpp import LlamaCpp, LlamaCppOptions
from plait.engines.llamacpp_child import serve
from plait.engines.upstream import Target
from plait.engines.wire import Answer, body_of
from plait.registry.pull import platform_cache, pull

ROUNDS, TOKENS, SLOTS = 8, 96, 2
QUESTION = "Explain how a bank decides on a mortgage."


def prompt(seed: int) -> Prompt:
    asked = Message(role="user", content=QUESTION)
    return Prompt(messages=(asked,), max_tokens=TOKENS, temperature=0.8, seed=seed)


def relay(port: int, told: Connection) -> None:
    """Pass bytes on and note when events come; sends its port, and what it noted when asked."""
    moments: dict[int, list[float]] = {}

    async def passing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, here = await asyncio.open_connection("127.0.0.1", port)
        asked = await reader.readuntil(b"\r\n\r\n")
        length = int(asked.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
        body = await reader.readexactly(length)
        here.write(asked + body)
        noted = moments.setdefault(json.loads(body)["seed"], [])
        answer = Answer()  # it tells which events become chunks; the lines of chunked coding pass
        while piece := await there.read(65_536):
            now = time.perf_counter()  # one clock for all processes of a machine
            writer.write(piece)
            noted += [now for _ in answer.feed(piece)]
        writer.close()
        here.close()

    async def main() -> None:
        server = await asyncio.start_server(passing, "127.0.0.1", 0)
        told.send(server.sockets[0].getsockname()[1])
        async with server:
            await asyncio.to_thread(told.recv)
        told.send(moments)

    asyncio.run(main())


def direct(order: dict[str, object], told: Connection) -> None:
    """Run llama.cpp without plait; sends (tokens, seconds) for each seed that it is sent."""
    noise = os.open(os.devnull, os.O_WRONLY)
    os.dup2(noise, 2)
    server = serve(order)
    told.send("ready")
    while (seed := told.recv()) is not None:
        body = body_of(prompt(seed), "m", TOKENS, "max_tokens")
        moments: list[float] = []
        server.handle_chat_completions(json.dumps(body), lambda _, at=moments: at.append(_now()))
        told.send((len(moments), moments[-1] - moments[0]))
    os._exit(0)


def _now() -> float:
    return time.perf_counter()


async def ask(model: LlamaCpp, seed: int) -> list[tuple[float, Chunk]]:
    stream = model.stream(prompt(seed), Context())
    return [(time.perf_counter(), chunk) async for chunk in stream]


async def delays(model: LlamaCpp, at_once: int, seeds: range) -> dict[int, list[float]]:
    """Return when each chunk with text left, by seed."""
    found = {}
    for start in range(seeds.start, seeds.stop, at_once):
        group = range(start, start + at_once)
        answers = await asyncio.gather(*(ask(model, seed) for seed in group))
        for seed, answer in zip(group, answers, strict=True):
            found[seed] = [moment for moment, chunk in answer if chunk.text]
    return found


async def speed(model: LlamaCpp, seed: int) -> tuple[int, float]:
    answer = await ask(model, seed)
    texts = [moment for moment, chunk in answer if chunk.text]
    return len(texts), texts[-1] - texts[0]


def spawn(target: object, *arguments: object) -> tuple[Connection, multiprocessing.Process]:
    here, there = multiprocessing.Pipe()
    context = multiprocessing.get_context("spawn")
    process = context.Process(target=target, args=(*arguments, there), daemon=True)
    process.start()
    return here, process


async def measure_delay(model: LlamaCpp) -> dict[str, object]:
    """Return quantiles of the delay in milliseconds, one answer at a time and one per slot."""
    target = await model._start(Context())
    told, process = spawn(relay, urlsplit(target.url).port)
    port = told.recv()
    found: dict[str, object] = {}
    left: dict[str, dict[int, list[float]]] = {}

    async def relayed(_: Context) -> Target:
        return replace(target, url=f"http://127.0.0.1:{port}/v1")

    model._start = relayed  # the bench's own way in
    for at_once in (1, SLOTS):
        seeds = range(1000 * at_once, 1000 * at_once + ROUNDS)
        left[f"{at_once} at once"] = await delays(model, at_once, seeds)
    del model._start
    told.send("enough")
    came = told.recv()
    process.join(5)
    for name, by_seed in left.items():
        taken = []
        for seed, moments in by_seed.items():
            assert len(came[seed]) == len(moments), "an event was lost"
            taken += [b - a for a, b in zip(came[seed], moments, strict=True)]
        found[name] = {
            **milliseconds(taken, 50, 95, 99),
            "worst_ms": round(1000 * max(taken), 3),
            "chunks": len(taken),
        }
    return found


async def measure_speed(model: LlamaCpp, order: dict[str, object]) -> dict[str, object]:
    told, process = spawn(direct, order)
    await asyncio.to_thread(told.recv)
    rates: dict[str, list[float]] = {"plait": [], "xllamacpp": []}
    for number in range(-1, ROUNDS):
        tokens, seconds = await speed(model, 5000 + number)
        told.send(5000 + number)
        others, other_seconds = await asyncio.to_thread(told.recv)
        if number >= 0:  # the first warms up
            rates["plait"].append((tokens - 1) / seconds)
            rates["xllamacpp"].append((others - 1) / other_seconds)
    told.send(None)
    process.join(5)
    return {
        **{f"{name} tokens/s": round(statistics.median(each), 1) for name, each in rates.items()},
        "plait / xllamacpp": ratio(rates["plait"], rates["xllamacpp"]),
    }


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--threads", type=int, default=1, help="of llama.cpp")
    threads = parser.parse_args().threads
    (weights,) = pull("smollm2-135m", platform_cache()).files.values()
    options = LlamaCppOptions(
        weights="smollm2-135m", context_tokens=512, slots=SLOTS, threads=threads
    )
    model = LlamaCpp("small", options, weights=weights, secret=lambda _: None)
    started = time.perf_counter()
    first = [moment async for moment in model.stream(prompt(1), Context())]
    assert first
    order = {
        "weights": str(weights),
        "context_tokens": 512,
        "slots": SLOTS,
        "threads": threads,
        "device": "auto",
        "key": "k",
    }
    found = {
        "model": "smollm2-135m",
        "first answer with start of the process, s": round(time.perf_counter() - started, 2),
        "delay": await measure_delay(model),
        "speed": await measure_speed(model, order),
        "tokens per answer": TOKENS,
        "rounds": ROUNDS,
        "seed": SEED,
        "threads": threads,
    }
    found = keep("stream", found, ("aiohttp", "xllamacpp"))
    await model.close()
    for key, value in found.items():
        print(f"{key:45} {value}")


if __name__ == "__main__":
    import_module("xllamacpp")
    asyncio.run(main())
