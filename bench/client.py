"""HTTP clients against a mock server of OpenAI's protocol in another process.

    python bench/client.py

aiohttp, httpx and a bare client on asyncio's streams, which is no candidate but the floor: it knows
neither TLS nor proxies nor pools. Each sends the same chat and reads the same answer, whole or as a
stream of 32 events, one at a time and 64 at once; all parse the JSON and cut the events alike.
Rounds go through the clients in turn, so that the machine's moods hit all alike. Ratios are of
medians of the rate over rounds, with a 95 % bootstrap interval. The figures go to
bench/results/client.json. The server shares the machine with the client.
"""

import asyncio
import json
import multiprocessing
import statistics
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from multiprocessing.connection import Connection

import aiohttp
import httpx

from method import SEED, keep, ratio
from plait.engines.sse import EventReader

ROUNDS, EVENTS = 9, 32
CASES = {  # (streamed, at once) -> requests per round
    (False, 1): 150,
    (False, 64): 384,
    (True, 1): 60,
    (True, 64): 192,
}
QUESTION = "What is the highest debt-to-income ratio for a mortgage with a small down payment? " * 4
Ask = Callable[[bool], Awaitable[int]]


# The server: it answers at once with what it has ready.


def event(text: str) -> bytes:
    choice = {"index": 0, "delta": {"content": text}, "finish_reason": None}
    chunk = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "choices": [choice]}
    data = b"data: " + json.dumps(chunk).encode() + b"\n\n"
    return b"%x\r\n%b\r\n" % (len(data), data)


PIECES = [event(f" word{number}") for number in range(EVENTS)]
END = b"e\r\ndata: [DONE]\n\n\r\n0\r\n\r\n"
WHOLE = json.dumps(
    {"choices": [{"message": {"role": "assistant", "content": " word" * EVENTS}}]}
).encode()
HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: "


class Mock(asyncio.Protocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        self.data = b""

    def data_received(self, data: bytes) -> None:
        self.data += data
        head, end, body = self.data.partition(b"\r\n\r\n")
        if end and len(body) >= int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0]):
            self.data = b""
            if b'"stream": true' in body:
                kind = b"text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
                self.transport.write(HEAD + kind)
                self.send(0)
            else:
                length = b"application/json\r\ncontent-length: %d\r\n\r\n" % len(WHOLE)
                self.transport.write(HEAD + length + WHOLE)

    def send(self, number: int) -> None:
        """Send one event, and the next when the loop comes round: as a model would."""
        if number < EVENTS:
            self.transport.write(PIECES[number])
            asyncio.get_running_loop().call_soon(self.send, number + 1)
        else:
            self.transport.write(END)


def serve(ready: Connection) -> None:
    async def main() -> None:
        server = await asyncio.get_running_loop().create_server(Mock, "127.0.0.1", 0)
        ready.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(main())


# The clients: each returns how many events it has read, or 1 for a whole answer.


def body(streamed: bool) -> bytes:
    message = {"role": "user", "content": QUESTION}
    return json.dumps({"model": "m", "stream": streamed, "messages": [message]}).encode()


BODIES = {streamed: body(streamed) for streamed in (False, True)}
HEADERS = {"content-type": "application/json", "authorization": "Bearer sk-x"}


async def count(pieces: AsyncIterator[bytes]) -> int:
    reader, found = EventReader(), 0
    async for piece in pieces:
        for data in reader.feed(piece):
            if data != b"[DONE]":
                found += bool(json.loads(data)["choices"][0]["delta"]["content"])
    return found


async def with_aiohttp(port: int, run: Callable[[Ask], Awaitable[float]]) -> float:
    url = f"http://127.0.0.1:{port}/v1/chat/completions"
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:

        async def ask(streamed: bool) -> int:
            async with session.post(url, data=BODIES[streamed], headers=HEADERS) as response:
                if streamed:
                    return await count(response.content.iter_any())
                return bool(json.loads(await response.read())["choices"])

        return await run(ask)


async def with_httpx(port: int, run: Callable[[Ask], Awaitable[float]]) -> float:
    url = f"http://127.0.0.1:{port}/v1/chat/completions"
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=None)
    async with httpx.AsyncClient(limits=limits, trust_env=False, timeout=60) as client:

        async def ask(streamed: bool) -> int:
            if streamed:
                sending = client.stream("POST", url, content=BODIES[True], headers=HEADERS)
                async with sending as response:
                    return await count(response.aiter_bytes())
            response = await client.post(url, content=BODIES[False], headers=HEADERS)
            return bool(json.loads(response.content)["choices"])

        return await run(ask)


async def with_nothing(port: int, run: Callable[[Ask], Awaitable[float]]) -> float:
    idle: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []
    lines = "".join(f"{name}: {value}\r\n" for name, value in HEADERS.items())

    async def ask(streamed: bool) -> int:
        pair = idle.pop() if idle else await asyncio.open_connection("127.0.0.1", port)
        reader, writer = pair
        data = BODIES[streamed]
        head = f"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\n{lines}"
        writer.write(f"{head}content-length: {len(data)}\r\n\r\n".encode() + data)
        told = await reader.readuntil(b"\r\n\r\n")
        if streamed:
            found = await count(chunks(reader))
        else:
            length = int(told.split(b"content-length: ")[1].split(b"\r\n")[0])
            found = bool(json.loads(await reader.readexactly(length))["choices"])
        idle.append(pair)
        return found

    try:
        return await run(ask)
    finally:
        for _, writer in idle:
            writer.close()


async def chunks(reader: asyncio.StreamReader) -> AsyncIterator[bytes]:
    while size := int(await reader.readuntil(b"\r\n"), 16):
        yield (await reader.readexactly(size + 2))[:-2]
    await reader.readexactly(2)


CLIENTS = {"aiohttp": with_aiohttp, "httpx": with_httpx, "bare asyncio": with_nothing}


def rate(name: str, port: int, streamed: bool, at_once: int, requests: int) -> float:
    """Return requests per second of one round."""

    async def run(ask: Ask) -> float:
        await asyncio.gather(*(ask(streamed) for _ in range(at_once)))  # connections are open
        left = iter(range(requests))

        async def work() -> None:
            for _ in left:
                assert await ask(streamed) == (EVENTS if streamed else 1)

        started = time.perf_counter()
        await asyncio.gather(*(work() for _ in range(at_once)))
        return requests / (time.perf_counter() - started)

    return asyncio.run(CLIENTS[name](port, run))


def main() -> None:
    ready, told = multiprocessing.Pipe(duplex=False)
    server = multiprocessing.get_context("spawn").Process(target=serve, args=(told,), daemon=True)
    server.start()
    port = ready.recv()
    rates: dict[tuple[bool, int], dict[str, list[float]]] = {
        case: {name: [] for name in CLIENTS} for case in CASES
    }
    for number in range(ROUNDS):
        for (streamed, at_once), requests in CASES.items():
            for name in CLIENTS:
                found = rate(name, port, streamed, at_once, requests)
                rates[streamed, at_once][name].append(found)
        print(f"round {number + 1} of {ROUNDS}", flush=True)
    server.kill()
    found = {}
    print(f"\n{'':24}" + "".join(f"{name:>16}" for name in CLIENTS) + "   aiohttp / httpx")
    for (streamed, at_once), by_name in rates.items():
        case = f"{'stream of 32' if streamed else 'whole'}, {at_once} at once"
        compared = ratio(by_name["aiohttp"], by_name["httpx"])
        found[case] = {
            "requests_per_second": {
                name: round(statistics.median(each), 1) for name, each in by_name.items()
            },
            "aiohttp / httpx": compared,
            "bare asyncio / aiohttp": ratio(by_name["bare asyncio"], by_name["aiohttp"]),
        }
        cells = "".join(f"{statistics.median(each):>12.0f} r/s" for each in by_name.values())
        print(f"{case:24}{cells}   {compared['ratio']} [{compared['low']}, {compared['high']}]")
    keep("client", {"cases": found, "rounds": ROUNDS, "seed": SEED}, ("aiohttp", "httpx"))


if __name__ == "__main__":
    main()
