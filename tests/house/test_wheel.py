"""The product: a wheel that runs where there is no clone, no make and no compiler."""

import json
import os
import subprocess
import sys
from itertools import takewhile

import httpx
import pytest

pytestmark = pytest.mark.wheel


def run(*command, **options):
    """Run a command to its end and return what it printed, or fail with what it said."""
    done = subprocess.run(
        command, capture_output=True, text=True, stdin=subprocess.DEVNULL, **options
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def bare(root, tmp_path_factory):
    """An environment that holds the wheel and what it depends on, and nothing else."""
    folder = tmp_path_factory.mktemp("bare")
    outside = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    run("make", "wheel", f"DIST={folder}", cwd=root, env=outside)
    (wheel,) = folder.glob("plait-*.whl")
    run(sys.executable, "-m", "venv", folder / "venv")
    python = folder / "venv" / "bin" / "python"
    pins = root / "constraints" / "ci.txt"
    run(python, "-m", "pip", "install", "-qq", "-c", pins, wheel, cwd=folder)
    return folder


@pytest.fixture(scope="module")
def environment(bare):
    """No compiler, no make, no Python but its own, nothing of this checkout."""
    kept = {"HOME", "LANG", "PLAIT_CACHE", "TMPDIR", "XDG_CACHE_HOME"}
    found = {name: value for name, value in os.environ.items() if name in kept or "PIP" in name}
    return found | {"PATH": str(bare / "venv" / "bin")}


@pytest.fixture(scope="module")
def told(bare, environment):
    """What the demo says of itself, made in the folder `desk`."""
    command = [bare / "venv/bin/plait", "demo", "--dir", "desk", "--json"]
    return json.loads(run(*command, cwd=bare, env=environment))


def test_plait_names_its_version(bare, environment, project):
    said = run(bare / "venv/bin/plait", "--version", cwd=bare, env=environment)
    assert project["project"]["version"] in said


def test_the_demo_does_the_main_job(told):
    assert len(told["decisions"]) == 2
    assert len(told["answers"]) == 3


def test_a_server_answers_and_shows_its_page(bare, environment, told):
    command = [bare / "venv/bin/plait", "serve", "--port", "0", "--json"]
    place = {"cwd": bare / "desk", "env": environment, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, **place) as server:
        try:
            ready = "".join(takewhile(lambda line: line != "}\n", server.stdout)) + "}"
            with httpx.Client(base_url=json.loads(ready)["url"]) as client:
                assert client.get("/readyz").status_code == 200
                assert "loan-approval" in client.get("/").text
                answered = client.get(f"/v1/requests/{told['answers'][0]['id']}").json()
        finally:
            server.terminate()
    assert answered["decision"]["id"] == told["decisions"][1]["id"]
