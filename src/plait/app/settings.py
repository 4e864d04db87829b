"""A project's settings: plait.yaml, the environment, flags; the only reader of the environment."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, fields, is_dataclass
from pathlib import Path
from typing import cast

from plait.app.check import check_settings, find_node
from plait.app.yaml_node import read_yaml
from plait.core.budget import Limits
from plait.core.collection import CollectionSettings
from plait.core.contract import Contract
from plait.core.errors import InvalidSettings, PlaitError, UnknownName
from plait.core.ids import Json
from plait.core.privacy import Privacy
from plait.core.settings import Node, parse
from plait.registry.pull import platform_cache

FILE = "plait.yaml"
FORMAT = 1
_PREFIX = "PLAIT_"
_FROM_ENVIRONMENT = ("store", "host", "port")


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetSettings:
    """What one request may spend.

    Attributes:
        deadline_ms: from its arrival.
        cost_usd: US dollars.
        tokens: of language models.
    """

    deadline_ms: float | None = None
    cost_usd: float | None = None
    tokens: int | None = None

    def limits(self) -> Limits:
        """Return the same as the kernel says it."""
        deadline = None if self.deadline_ms is None else self.deadline_ms / 1000
        return Limits(deadline_seconds=deadline, cost_usd=self.cost_usd, tokens=self.tokens)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What plait.yaml may hold.

    Attributes:
        project: a name for people.
        format: of this file; this plait reads 1.
        store: a folder, from where plait.yaml lies.
        host: address `plait serve` listens on; another than this machine's own needs an API key.
        port: of `plait serve`.
        models: name -> an engine and its options.
        contracts: name -> contract.
        collections: name -> the documents of a collection.
        prompts: name -> file of a prompt.
        flows: name -> steps.
        budget: what one request may spend.
    """

    project: str
    format: int = FORMAT
    store: str = ".plait"
    host: str = "127.0.0.1"
    port: int = 8000
    models: Mapping[str, Node] = field(default_factory=dict)
    contracts: Mapping[str, Contract] = field(default_factory=dict)
    collections: Mapping[str, CollectionSettings] = field(default_factory=dict)
    prompts: Mapping[str, str] = field(default_factory=dict)
    flows: Mapping[str, Node] = field(default_factory=dict)
    budget: BudgetSettings = BudgetSettings()


@dataclass(frozen=True, slots=True)
class Setting:
    """One value in force.

    Attributes:
        names: the keys that lead to it.
        value: a scalar or a list.
        origin: `plait.yaml:4`, `environment PLAIT_PORT`, `--port` or `default`.
    """

    names: tuple[str, ...]
    value: Json
    origin: str


@dataclass(frozen=True, slots=True)
class Project:
    """Settings and where they come from.

    Attributes:
        folder: where plait.yaml lies; relative paths start here.
        settings: the effective values.
        tree: the effective values with their origins.
    """

    folder: Path
    settings: Settings
    tree: Node

    @property
    def store(self) -> Path:
        """The folder of the store."""
        return self.folder / self.settings.store

    @property
    def file(self) -> Path:
        """The file of settings."""
        return self.folder / self.tree.origin

    def contract(self, name: str) -> Contract:
        """Return a contract of the project.

        Raises:
            UnknownName: there is none of that name.
        """
        contracts = self.settings.contracts
        if name not in contracts:
            raise UnknownName.of("unknown_contract", "contract", name, list(contracts))
        return contracts[name]

    def effective(self) -> Iterator["Setting"]:
        """Yield every value in force; what is neither set nor has a default is left out."""
        yield from _effective(self.settings, self.tree, ())

    @contextmanager
    def placing(self, *names: str) -> Iterator[None]:
        """Give an error within, which names a key, the file and line of that key.

        The key is one below `names`, or one of `models`.
        """
        try:
            yield
        except PlaitError as error:
            below = self.tree if error.where.startswith("models.") else None
            below = below or find_node(self.tree, *names)
            node = below and _dotted(below, error.where)
            if node is not None:
                error.where = node.where
            raise


def load_project(path: Path, flags: Mapping[str, str | int] | None = None) -> Project:
    """Read a project: `path` is its folder or its plait.yaml.

    Precedence: flag, environment (`PLAIT_STORE`, `PLAIT_HOST`, `PLAIT_PORT`), file.

    Raises:
        InvalidSettings: there is no file, it is broken, or a value is wrong.
        UnknownName: there is no metric or candidate of a name.
    """
    file = path / FILE if path.is_dir() else path
    tree = read_yaml(file)
    if not isinstance(tree.content, dict):
        raise InvalidSettings(
            "settings_wrong_type",
            "the file holds no keys",
            where=str(file),
            hint="remove it and run `plait init`, which writes one with comments",
        )
    _refuse_newer(tree.content)
    content = dict(tree.content)
    for name in _FROM_ENVIRONMENT:
        if (value := os.environ.get(_PREFIX + name.upper())) is not None:
            typed = int(value) if name == "port" and value.isdigit() else value
            content[name] = Node(typed, f"environment {_PREFIX}{name.upper()}", path=name)
    for name, flag in (flags or {}).items():
        content[name] = Node(flag, f"--{name}", path=name)
    tree = Node(content, tree.origin, tree.line)
    settings = parse(Settings, tree)
    check_settings(tree, settings.contracts)
    return Project(file.resolve().parent, settings, tree)


def environment(folder: Path, name: str) -> str | None:
    """Return a secret from the environment, or else from the project's `.env`."""
    if (value := os.environ.get(name)) is not None:
        return value
    try:
        lines = (folder / ".env").read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidSettings("settings_unreadable", str(error), where=".env") from None
    for line in lines:
        key, equals, value = line.strip().removeprefix("export ").partition("=")
        if equals and key.strip() == name:
            return value.strip().strip("\"'")
    return None


def cache_folder() -> Path:
    """Return where pulled weights and data lie: `PLAIT_CACHE`, or the platform's place."""
    named = os.environ.get(f"{_PREFIX}CACHE")
    return Path(named) if named else platform_cache()


def child_environment() -> dict[str, str]:
    """Return the environment for a child process: ours, with one thread per numeric library."""
    single = dict.fromkeys(
        ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"),
        "1",
    )
    return {**os.environ, **single}


def _dotted(node: Node, path: str) -> Node | None:
    """Return what keys with dots between them lead to; a key may itself have dots."""
    if not path or not isinstance(node.content, dict):
        return None
    for name, child in node.content.items():
        if path == name:
            return child
        if path.startswith(f"{name}."):
            found = _dotted(child, path.removeprefix(f"{name}."))
            if found is not None:
                return found
    return None


def _refuse_newer(content: Mapping[str, Node]) -> None:
    node = content.get("format")
    if node is not None and isinstance(node.content, int) and node.content > FORMAT:
        raise InvalidSettings(
            "settings_newer",
            f"the project has format {node.content}, this plait reads {FORMAT}",
            where=node.where,
            hint="pip install --upgrade plait",
        )


def _effective(value: object, node: Node | None, names: tuple[str, ...]) -> Iterator[Setting]:
    """Walk a parsed value beside the node it was read from; None where it was not written."""
    given = node.content if node is not None else None
    if isinstance(value, Node):
        yield from _written(value, names)
    elif is_dataclass(value):
        written = given if isinstance(given, dict) else {}
        for each in fields(value):
            part = getattr(value, each.name)
            yield from _effective(part, written.get(each.name), (*names, each.name))
    elif isinstance(value, Mapping) and isinstance(given, dict):
        for name, part in value.items():
            yield from _effective(part, given[name], (*names, name))
    elif node is not None:
        yield Setting(names, node.plain(), node.where)
    elif value or value == 0:
        plain = value.word if isinstance(value, Privacy) else value
        yield Setting(names, cast(Json, plain), "default")


def _written(node: Node, names: tuple[str, ...]) -> Iterator[Setting]:
    """Walk what is kept as it was written."""
    if isinstance(node.content, dict):
        for name, child in node.content.items():
            yield from _written(child, (*names, name))
    else:
        yield Setting(names, node.plain(), node.where)
