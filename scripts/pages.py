"""The parts of the pages that are made from code; `make fix` writes them, `make check` compares.

A page asks for one between cog marks: `cog.out(pages.errors())`.
"""

import ast
import dataclasses
import inspect
import json
import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from types import NoneType, UnionType
from typing import Literal, Union, cast, get_args, get_origin, get_type_hints

import click

from plait.app.app import App
from plait.cli.main import cli
from plait.core import errors as tree
from plait.core.privacy import Privacy
from plait.core.settings import Node
from plait.engines.model import models as engines
from plait.flow.base import steps as step_table
from plait.guards.base import GUARDS
from plait.serve.docs import operations
from plait.serve.errors import status_of
from plait.serve.http import make

ROOT = Path(__file__).resolve().parent.parent
SIGN = ("Question", "Verbs", "May import", "Not here")


def rooms() -> str:
    """Return the picture of the house: a line per room, a rule between layers."""
    lines = []
    for layer in _layers():
        lines += [f"{room:<10}{_sign(room)['Question']}" for room in layer]
        lines.append("-" * 72)
    return "\n```text\n" + "\n".join(lines[:-1]) + "\n```\n"


def signs() -> str:
    """Return a table of the rooms' signs."""
    rows = ["| room | verbs | may import | not here |", "| --- | --- | --- | --- |"]
    for layer in _layers():
        for room in layer:
            sign = _sign(room)
            rows.append(
                f"| `{room}` | {sign['Verbs']} | {sign['May import']} | {sign['Not here']} |"
            )
    return "\n" + "\n".join(rows) + "\n"


def _layers() -> list[list[str]]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    layers = project["tool"]["importlinter"]["contracts"][0]["layers"]
    return [layer.split(" | ") for layer in layers]


def _sign(room: str) -> dict[str, str]:
    """Return the four lines of a room's docstring, each joined to one line."""
    source = (ROOT / "src" / "plait" / room / "__init__.py").read_text()
    text = ast.get_docstring(ast.parse(source)) or ""
    parts = re.split(rf"^({'|'.join(SIGN)}): ", text, flags=re.MULTILINE)[1:]
    return {
        key: " ".join(value.split("\n\n")[0].split()).rstrip(".")
        for key, value in zip(parts[::2], parts[1::2], strict=True)
    }


def errors() -> str:
    """Return every class of error and its codes, with their HTTP statuses."""
    found = []
    for kind in tree.every_error():
        found += [f"\n## {kind.__name__}\n", f"{_prose(kind)}\n"]
        found += ["| code | HTTP | when |", "| --- | --- | --- |"]
        for code, meaning in kind.codes.items():
            made = kind(code, meaning)
            later = "; the same call may succeed later" if made.retryable else ""
            found.append(f"| `{code}` | {status_of(made)} | {meaning}{later} |")
    return "\n".join(found) + "\n"


def settings(kind: type, path: str = "") -> str:
    """Return a table of the keys of a settings dataclass, nested ones with their whole path."""
    rows = ["| key | value | default | what it says |", "| --- | --- | --- | --- |"]
    rows += [
        f"| `{key}` | {value} | {default} | {what} |"
        for key, value, default, what in _keys(kind, path)
    ]
    return "\n" + "\n".join(rows) + "\n"


def models() -> str:
    """Return a table of the keys of each engine that `models:` can name."""
    return "".join(
        f"\n### {name}\n{settings(engines.load(name).Options, 'models.NAME.')}"
        for name in engines.names()
    )


def steps() -> str:
    """Return what each step of a flow does, and a table of its keys."""
    found = []
    for name in step_table.names():
        kind = step_table.load(name)
        options = kind.Options
        table = settings(options, f"{name}.") if dataclasses.fields(options) else ""
        found.append(f"\n### {name}\n\n{_prose(cast(type, kind))}\n{table}")
    return "".join(found)


def guards() -> str:
    """Return a line per guard."""
    rows = ["| guard | what it does |", "| --- | --- |"]
    for name in GUARDS.names():
        doc = inspect.getdoc(sys.modules[GUARDS.load(name).__module__]) or ""
        rows.append(f"| `{name}` | {' '.join(doc.split(chr(10) * 2)[0].split())} |")
    return "\n" + "\n".join(rows) + "\n"


def _keys(kind: type, path: str) -> Iterator[tuple[str, str, str, str]]:
    hints, notes = get_type_hints(kind), attributes(kind)
    for field in dataclasses.fields(kind):
        key, hint = f"{path}{field.name}", hints[field.name]
        nested = _nested(hint)
        yield key, _words(hint), _default(field), notes.get(field.name, "")
        for inner, named in nested:
            yield from _keys(inner, f"{key}.NAME." if named else f"{key}.")


def _nested(hint: object) -> list[tuple[type, bool]]:
    """Return the dataclasses in a hint, and whether a name of the user's leads to them."""
    if hint is Node:  # read by whoever knows what is named there
        return []
    if dataclasses.is_dataclass(hint) and isinstance(hint, type):
        return [(hint, False)]
    named = _is_mapping(hint)
    return [(kind, named or below) for each in get_args(hint) for kind, below in _nested(each)]


def _is_mapping(hint: object) -> bool:
    origin = get_origin(hint)
    return isinstance(origin, type) and hasattr(origin, "keys")


def _words(hint: object) -> str:
    """Return what a person writes for a value of this type."""
    origin, inside = get_origin(hint), get_args(hint)
    if origin is Literal:
        return ", ".join(f"`{each}`" for each in inside)
    if origin in (Union, UnionType):
        return " or ".join(_words(each) for each in inside if each is not NoneType)
    if origin is tuple:
        return f"a list of {_words(inside[0])}"
    if _is_mapping(hint):
        return "a mapping of names"
    if dataclasses.is_dataclass(hint):
        return "keys below"
    if hint is Privacy:
        return ", ".join(f"`{level.word}`" for level in Privacy)
    words: dict[object, str] = {
        Node: "see below",
        str: "text",
        int: "whole number",
        float: "number",
        bool: "true or false",
    }
    return words[hint]


def _default(field: "dataclasses.Field[object]") -> str:
    if field.default is dataclasses.MISSING:
        return "" if field.default_factory is not dataclasses.MISSING else "required"
    if field.default in (None, "", ()) or dataclasses.is_dataclass(field.default):
        return ""
    shown = field.default.word if isinstance(field.default, Privacy) else field.default
    return f"`{json.dumps(shown)}`".replace('"', "")


def commands() -> str:
    """Return what `--help` prints, for plait and each of its commands."""
    return "".join(
        f"\n## {context.command_path}\n\n```text\n{context.get_help()}\n```\n"
        for context in _contexts(cli, "plait", None)
    )


def _contexts(
    command: click.Command, name: str, parent: click.Context | None
) -> Iterator[click.Context]:
    context = click.Context(command, info_name=name, parent=parent, max_content_width=80)
    context.terminal_width = 80
    yield context
    if isinstance(command, click.Group):
        for below in command.list_commands(context):
            inner = command.get_command(context, below)
            if inner and not inner.hidden:
                yield from _contexts(inner, below, context)


def routes() -> str:
    """Return what `plait serve` answers, by address."""
    rows = ["| | address | what it does |", "| --- | --- | --- |"]
    with TemporaryDirectory() as folder:
        (Path(folder) / "plait.yaml").write_text("project: pages\n")
        with App.open(folder) as app:
            for each in operations(make(app).openapi()):
                rows.append(f"| {each.method} | `{each.path}` | {each.text.splitlines()[0]} |")
    return "\n".join(["", *rows, ""])


def attributes_table(kind: type) -> str:
    """Return a table of what a dataclass's docstring says of its fields."""
    rows = [f"| `{name}` | {note} |" for name, note in attributes(kind).items()]
    return "\n".join(["", "| part | what it says |", "| --- | --- |", *rows, ""])


def described(*kinds: type) -> str:
    """Return the docstrings of dataclasses, one after another."""
    return "".join(
        f"\n**{kind.__name__}.** {_prose(kind)}\n"
        + (attributes_table(kind) if attributes(kind) else "")
        for kind in kinds
    )


def attributes(kind: type) -> dict[str, str]:
    """Return the notes of a dataclass's `Attributes:` section by field."""
    section = (inspect.getdoc(kind) or "").partition("Attributes:\n")[2]
    notes = re.findall(r"^    (\w+): (.*?)(?=^    \w|^\S|\Z)", section, re.MULTILINE | re.DOTALL)
    sentences = {name: " ".join(note.split()) for name, note in notes}
    return {
        name: text if text.endswith("...") else text.removesuffix(".")
        for name, text in sentences.items()
    }


def _prose(kind: type) -> str:
    """Return what a docstring says before its sections, as one paragraph."""
    return " ".join((inspect.getdoc(kind) or "").partition("Attributes:")[0].split())
