"""What the rules of the house read: the project's settings and its sources, parsed once."""

import ast
import subprocess
import tomllib
from dataclasses import dataclass
from pathlib import Path

import pytest


@dataclass(frozen=True, slots=True)
class Module:
    """One file of src.

    Attributes:
        path: from the root of the repository.
        name: dotted.
        room: the first part below plait; "" for plait itself.
        text: what it says.
        tree: the same, parsed.
    """

    path: Path
    name: str
    room: str
    text: str
    tree: ast.Module


@pytest.fixture(scope="session")
def root(pytestconfig):
    """The root of the repository."""
    return pytestconfig.rootpath


@pytest.fixture(scope="session")
def project(root):
    """pyproject.toml."""
    return tomllib.loads((root / "pyproject.toml").read_text())


@pytest.fixture(scope="session")
def tracked(root):
    """Every file that git tracks or would track, from the root of the repository."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=root,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    paths = [Path(name) for name in listed.split("\0") if name]
    return sorted(path for path in paths if (root / path).is_file())


@pytest.fixture(scope="session")
def modules(root, tracked):
    """Every module of plait."""
    found = []
    for path in tracked:
        if path.suffix != ".py" or path.parts[:2] != ("src", "plait"):
            continue
        parts = path.with_suffix("").parts[1:]
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        room = name.split(".")[1] if "." in name else ""
        text = (root / path).read_text()
        found.append(Module(path, name, room, text, ast.parse(text)))
    assert found
    return found


@pytest.fixture(scope="session")
def layers(project):
    """The rooms by layer, highest first."""
    contract = project["tool"]["importlinter"]["contracts"][0]
    return [layer.split(" | ") for layer in contract["layers"]]


@pytest.fixture(scope="session")
def rooms(layers):
    """The rooms, highest first."""
    return [room for layer in layers for room in layer]
