"""A real server: one process, one store, one address, and a clean end."""

import http.client
import json
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from contextlib import ExitStack, closing, contextmanager

import pytest
import uvicorn

import plait
from plait.core.errors import InvalidSettings, StoreError
from plait.serve.run import Server, address_of, listen, serve
from plait.store.lock import ServeLock

LOAN = "/v1/predict/loan"


@contextmanager
def served(project):
    """Run `plait serve` in a project; yield the process and the port it answers on."""
    command = [sys.executable, "-m", "plait", "serve", "--port", "0"]
    process = subprocess.Popen(
        command, cwd=project, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        said = process.stdout.readline()
        place = re.search(r"http://[^ ]*:(\d+)", said)
        assert place, said + process.stderr.read()
        yield process, int(place[1])
    finally:
        process.kill()
        process.communicate()


@pytest.fixture(scope="module")
def server(desk, tmp_path_factory):
    """A server that the tests of this module share: its folder, process and port."""
    folder = shutil.copytree(desk, tmp_path_factory.mktemp("served") / "project")
    with served(folder) as (process, port):
        yield folder, process, port


@pytest.fixture
def connect():
    """Make connections that end with the test."""
    with ExitStack() as stack:
        yield lambda port: stack.enter_context(
            closing(http.client.HTTPConnection("127.0.0.1", port, timeout=20))
        )


def ask(connection, method, path, body=None, **more):
    """Return the status, body and headers of an answer."""
    connection.request(method, path, body, **more)
    response = connection.getresponse()
    return response.status, response.read(), response.headers


def test_a_connection_goes_on_after_errors(server, connect, row):
    connection = connect(server[2])
    body = json.dumps({"rows": [row]})
    assert ask(connection, "POST", LOAN, body)[0] == 200
    kept = connection.sock
    pieces = (b"[" for _ in range(3))
    assert ask(connection, "POST", LOAN, '{"rows": [{}]}')[0] == 400
    assert ask(connection, "POST", LOAN, b"x" * 17 * 2**20)[0] == 413
    assert ask(connection, "POST", LOAN, pieces, encode_chunked=True)[0] == 400
    assert ask(connection, "GET", "/nothing")[0] == 404
    assert ask(connection, "PUT", LOAN)[0] == 405
    status, seen, headers = ask(connection, "HEAD", "/")
    assert (status, seen) == (200, b"")
    assert int(headers["content-length"]) > 1_000
    status, seen, headers = ask(connection, "POST", LOAN, body)
    assert status == 200
    assert headers["x-request-id"] == json.loads(seen)["id"]
    assert headers["server"] is None
    assert connection.sock is kept


def test_what_is_not_http_does_no_harm(server, connect):
    for noise in (b"\x00\xff\x16\x03\x01" * 50, b"GET\r\n\r\n", b"POST / HTTP/1.1\r\nhost", b""):
        with socket.create_connection(("127.0.0.1", server[2]), timeout=20) as plug:
            plug.sendall(noise)
    assert ask(connect(server[2]), "GET", "/readyz")[0] == 200


def test_a_second_server_on_one_store(server):
    folder, process, _ = server
    with plait.open(folder, port=0) as app, pytest.raises(StoreError) as caught:
        serve(app)
    assert caught.value.code == "store_in_use"
    assert str(process.pid) in caught.value.message


def test_a_writer_beside_a_server(server, connect, linear, declare, row):
    folder, _, port = server
    with plait.open(folder) as app:
        made = declare(app, "fraud", linear())
        assert app.predict("fraud", row).decision == made.id
    decisions = json.loads(ask(connect(port), "GET", "/v1/decisions?contract=fraud")[1])
    assert [each["id"] for each in decisions["decisions"]] == [made.id]


@pytest.mark.skipif(sys.platform == "win32", reason="SIGTERM ends a process at once on Windows")
def test_sigterm_lets_requests_end_writes_their_traces_and_exits_0(project, connect, row):
    body = json.dumps({"rows": [row]}).encode()
    head = f"POST {LOAN} HTTP/1.1\r\nhost: localhost\r\ncontent-length: {len(body)}\r\n\r\n"
    with (
        served(project) as (process, port),
        socket.create_connection(("127.0.0.1", port), timeout=20) as under_way,
    ):
        under_way.sendall(head.encode() + body[:10])
        done = json.loads(ask(connect(port), "POST", LOAN, body)[1])["id"]
        process.send_signal(signal.SIGTERM)
        until = time.monotonic() + 10
        while time.monotonic() < until:  # until nobody listens any more
            try:
                socket.create_connection(("127.0.0.1", port), timeout=20).close()
            except ConnectionError:
                break
        assert process.poll() is None
        under_way.sendall(body[10:])
        answer = b""
        while part := under_way.recv(65_536):
            answer += part
        assert process.wait(20) == 0
        assert process.stderr.read() == ""
    assert answer.startswith(b"HTTP/1.1 200")
    last = json.loads(answer.partition(b"\r\n\r\n")[2])["id"]
    with plait.open(project) as app:
        assert [app.explain(each)["status"] for each in (done, last)] == ["done", "done"]


def test_only_a_second_ctrl_c_is_impatient():
    server = Server(uvicorn.Config(None), print)
    for number, forced in ((signal.SIGTERM, False), (signal.SIGINT, True)):
        server.handle_exit(number, None)
        assert (server.should_exit, server.force_exit) == (True, forced)
    patient = Server(uvicorn.Config(None), print)
    patient.handle_exit(signal.SIGINT, None)
    assert (patient.should_exit, patient.force_exit) == (True, False)


def test_a_public_address_needs_a_key_first(project):
    with plait.open(project, host="0.0.0.0", port=0) as app:
        with pytest.raises(InvalidSettings) as caught:
            serve(app)
        assert caught.value.code == "address_needs_key"
        app.keys.add("gone", ("read",), days=-1)
        with pytest.raises(InvalidSettings):  # one that has expired opens nothing
            serve(app)


@pytest.mark.parametrize(
    ("host", "port", "code"),
    [
        ("127.0.0.1", 70_000, "settings_wrong_value"),
        ("127.0.0.1", -1, "settings_wrong_value"),
        ("203.0.113.1", 0, "settings_wrong_value"),
        ("no such host", 0, "settings_wrong_value"),
    ],
)
def test_an_address_that_is_not_ours(host, port, code):
    with pytest.raises(InvalidSettings) as caught:
        listen(host, port)
    assert caught.value.code == code


def test_the_address_as_a_url():
    with listen("127.0.0.1", 0) as listener:
        assert address_of(listener) == f"http://127.0.0.1:{listener.getsockname()[1]}"
    if socket.has_ipv6:
        with listen("::1", 0) as listener:
            assert address_of(listener).startswith("http://[::1]:")


def test_a_server_that_cannot_listen_gives_the_store_back(project):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with plait.open(project, port=port) as app:
            with pytest.raises(InvalidSettings, match=str(port)) as caught:
                serve(app)
            assert caught.value.code == "address_in_use"
            ServeLock(app.project.store).close()
