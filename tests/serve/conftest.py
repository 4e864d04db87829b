"""One who asks an `App` over HTTP, without a network."""

import asyncio
import shutil

import httpx
import pytest

import plait
from plait.serve.http import make


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
