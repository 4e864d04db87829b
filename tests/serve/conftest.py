"""One who asks an `App` over HTTP, without a network."""

import asyncio
import shutil
from contextlib import contextmanager
from threading import Thread

import httpx
import openai
import pytest
import uvicorn

import plait
from plait.core.artefact import Manifest
from plait.core.errors import UnknownName
from plait.core.prompt import Chunk
from plait.core.response import ChatResponse, EmbedResponse
from plait.core.schema import Field, Schema
from plait.engines.answer import output_schema
from plait.engines.base import json_bytes, write_artefact
from plait.engines.linear import LinearModel
from plait.engines.pipeline import PIPELINE, NumberCode, Pipeline
from plait.serve.http import make
from plait.serve.run import Server, address_of, listen


class Client:
    """Sends requests to an ASGI application, each on an event loop of its own."""

    def __init__(self, asgi, base="http://127.0.0.1:8000", **headers):
        self.asgi = asgi
        self._base = base
        self._headers = headers

    async def asend(self, method, path, **options):
        """Send one request on the running loop."""
        transport = httpx.ASGITransport(self.asgi, raise_app_exceptions=False)
        headers = {**self._headers, **options.pop("headers", {})}
        async with httpx.AsyncClient(transport=transport, base_url=self._base) as client:
            return await client.request(method, path, headers=headers, **options)

    def send(self, method, path, **options):
        """Send one request and return the response."""
        return asyncio.run(self.asend(method, path, **options))

    def get(self, path, **options):
        return self.send("GET", path, **options)

    def post(self, path, **options):
        return self.send("POST", path, **options)


@pytest.fixture(scope="module")
def app(desk, tmp_path_factory):
    """A project, open; shared by the tests of a module, since its routes take time to make."""
    folder = shutil.copytree(desk, tmp_path_factory.mktemp("shared") / "project")
    with plait.open(folder) as app:
        yield app


@pytest.fixture(scope="session")
def client():
    """The class of clients, for servers made by a test."""
    return Client


@pytest.fixture(scope="module")
def http(app):
    """The person at the machine."""
    return Client(make(app))


@pytest.fixture(scope="module")
def public(app):
    """Make a client of a server that others can reach; `key` is the secret it sends."""
    asgi = make(app, "0.0.0.0")

    def client(key=None):
        headers = {} if key is None else {"authorization": f"Bearer {key}"}
        return Client(asgi, "http://desk.example", **headers)

    return client


@pytest.fixture
def sums(project, client, declare, tmp_path):
    """Serve a contract `sums` whose fields are numbers of these names, and return its client."""
    opened = []

    def serve(*names):
        pipeline = Pipeline(
            problem="regression",
            classes=(),
            encode=tuple(NumberCode(column=name, fill=0.5) for name in names),
        )
        manifest = Manifest(
            engine="linear",
            task="tabular",
            problem="regression",
            input=Schema(tuple(Field(name=name, kind="number", nullable=True) for name in names)),
            output=output_schema(pipeline),
            origin="trained",
        )
        count = len(names)
        model = LinearModel([[1.0 + at for at in range(count)]], [0.25], [0.0] * count)
        files = {PIPELINE: json_bytes(pipeline.record()), "model.json": json_bytes(model.record())}
        file = project / "plait.yaml"
        contract = "  sums: {task: tabular, data: none.csv, target: y}\n"
        file.write_text(file.read_text() + contract)
        opened.append(plait.open(project))
        declare(opened[0], "sums", write_artefact(tmp_path / "made", manifest, files))
        return client(make(opened[0]))

    yield serve
    for app in opened:
        app.close()


@pytest.fixture
def refused():
    """Check that a response is an error in the one shape, and return its code."""

    def check(response, status):
        assert response.status_code == status, response.text
        assert response.headers["content-type"] == "application/json"
        assert response.headers["x-request-id"].startswith("req_")
        assert response.headers["server-timing"]
        assert set(response.json()) == {"error"}
        error = response.json()["error"]
        assert set(error) == {"message", "type", "param", "code"}
        assert error["message"]
        assert "\n" not in error["message"]
        return error["code"]

    return check


class Talking:
    """An app whose flow `desk` and model `small` say what a test tells them to.

    Attributes:
        script: what comes, in order: a text, a `Chunk`, an error to raise, seconds to wait, and
            a mapping of the parts of the response, which then is the last.
        asked: the last request.
        under: its context.
        closed: whether the work of the last request has ended, and how.
    """

    def __init__(self, app):
        self.app = app
        self.script = []
        self.asked = self.under = None
        self.closed = ""

    def __getattr__(self, name):
        return getattr(self.app, name)

    def speakers(self):
        return {"desk": "flow", "small": "model", "minilm": "embedder"}

    async def stream(self, request, context):
        self.asked, self.under, self.closed = request, context, ""
        if request.model not in ("desk", "small"):
            raise UnknownName.of("unknown_model", "model", request.model, ["desk", "small"])
        said, parts = "", {}
        try:
            with context.span("answer"):
                for each in self.script:
                    if isinstance(each, Exception):
                        raise each
                    if isinstance(each, float):
                        await asyncio.sleep(each)
                    elif isinstance(each, dict):
                        parts = each
                    else:
                        chunk = Chunk(text=each) if isinstance(each, str) else each
                        said += chunk.text
                        yield chunk
            told = {"text": said, "prompt_tokens": 7, "completion_tokens": 5, **parts}
            yield ChatResponse(id=context.trace.id, model=request.model, **told)
            self.closed = "done"
        finally:
            self.closed = self.closed or "early"

    async def chat(self, request, context):
        async for each in self.stream(request, context):
            last = each
        return last

    async def embed(self, request, context):
        self.asked, self.under = request, context
        if request.model != "minilm":
            raise UnknownName.of("unknown_model", "model", request.model, ["minilm"])
        vectors = tuple([len(text) / 8, 0.5, -0.25] for text in request.texts)
        return EmbedResponse(id=context.trace.id, model="minilm", vectors=vectors, tokens=9)


@contextmanager
def _serving(asgi):
    """Serve an application on a loopback port; yield its address."""
    listener = listen("127.0.0.1", 0)
    config = uvicorn.Config(asgi, log_level="warning", access_log=False, lifespan="off")
    server = Server(config, lambda: None)
    thread = Thread(target=server.run, args=([listener],), daemon=True)
    thread.start()
    try:
        yield address_of(listener)
    finally:
        server.should_exit = True
        thread.join(20)


@pytest.fixture(scope="module")
def talking(app):
    """An app that says what it is told to; `script` is empty at the start of each test."""
    return Talking(app)


@pytest.fixture(scope="session")
def serving():
    """The context in which an application is served on a loopback port; it gives the address."""
    return _serving


@pytest.fixture(scope="module")
def address(talking):
    """Where a real server of `talking` listens."""
    with _serving(make(talking)) as address:
        yield address


@pytest.fixture
def official(address):
    """The client that OpenAI publishes, as anybody makes it."""
    with openai.OpenAI(base_url=f"{address}/v1", api_key="unused", max_retries=0) as client:
        yield client


@pytest.fixture
def say(talking):
    """Tell the models what to say."""

    def say(*script):
        talking.script = list(script)

    say()
    return say


@pytest.fixture(scope="module")
def project_address(app, serving):
    """Where a real server of the shared project listens."""
    with serving(make(app)) as address:
        yield address
