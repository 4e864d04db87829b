"""A server that a bench starts, and one keep-alive connection to it."""

import http.client
import os
import signal
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path


class Server:
    """A server in a process group of its own."""

    def __init__(
        self,
        command: list[str],
        port: int,
        path: str,
        folder: Path,
        env: Mapping[str, str] | None = None,
    ) -> None:
        self.port, self.path = port, path
        self.log = folder / f"{port}.log"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                command,
                cwd=folder,
                stdout=log,
                stderr=log,
                start_new_session=True,
                env={**os.environ, "OMP_NUM_THREADS": "1", **(env or {})},
            )
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)

    def ready(self, body: bytes, seconds: float = 120) -> bool:
        """Return whether it comes to answer."""
        ends = time.monotonic() + seconds
        while time.monotonic() < ends and self.process.poll() is None:
            try:
                self.block([body])
            except (OSError, AssertionError, http.client.HTTPException):
                self.connection.close()
                time.sleep(0.3)
            else:
                self.connection.close()  # an idle connection would be closed by the server
                return True
        return False

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
        group = self.process.pid  # it leads its own session
        for sent in (signal.SIGTERM, signal.SIGKILL):
            try:
                os.killpg(group, sent)
                self.process.wait(15)
            except (ProcessLookupError, subprocess.TimeoutExpired):
                continue
