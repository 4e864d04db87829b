"""The settings frame: values that remember where they were written, and one `parse` for all.

A reader of some format (YAML, flags, the environment) makes `Node`s; every component declares a
frozen dataclass of options; `parse` turns the one into the other, and each mistake gets the same
form: what, where (file and line), and the nearest known key.
"""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, Field, dataclass, fields, is_dataclass
from types import NoneType, UnionType
from typing import (
    Literal,
    TypeAlias,
    TypeVar,
    Union,
    cast,
    get_args,
    get_origin,
    get_type_hints,
)

from plait.core.columns import Scalar
from plait.core.errors import InvalidSettings, nearest_of, shown, suggestion
from plait.core.ids import Json
from plait.core.privacy import Privacy

T = TypeVar("T")
Content: TypeAlias = "Scalar | list[Node] | dict[str, Node]"


@dataclass(frozen=True, slots=True)
class Node:
    """A value and where it was written.

    Attributes:
        content: a scalar, a list of nodes, or a mapping of names to nodes.
        origin: `plait.yaml`, `environment`, `--flag`.
        line: counted from 1; 0 when the origin has no lines.
        path: names that lead to it, such as `contracts.loans.metric`.
    """

    content: Content
    origin: str
    line: int = 0
    path: str = ""

    @property
    def where(self) -> str:
        """The place, for a person: `plait.yaml:12`."""
        return f"{self.origin}:{self.line}" if self.line else self.origin

    def plain(self) -> Json:
        """Return the content without places."""
        if isinstance(self.content, dict):
            return {name: node.plain() for name, node in self.content.items()}
        if isinstance(self.content, list):
            return [node.plain() for node in self.content]
        return self.content


def parse(kind: type[T], node: Node) -> T:
    """Return `node` as a `kind`.

    `kind` is a dataclass whose fields are scalars, literals, tuples, mappings, unions of different
    shapes, or further dataclasses.

    Raises:
        InvalidSettings: an unknown key, a missing one, or a value of the wrong type or range.
    """
    return cast(T, _value(kind, node))


def _value(hint: object, node: Node) -> object:
    if hint is Node:
        return node  # for a reader further down that knows the shape
    origin = get_origin(hint)
    if origin in (Union, UnionType):
        return _union(get_args(hint), node)
    if origin is Literal:
        return _literal(get_args(hint), node)
    if origin is tuple:
        return tuple(_value(get_args(hint)[0], each) for each in _list(node))
    if origin in (Mapping, dict):
        items = _named(node)
        return {name: _value(get_args(hint)[1], each) for name, each in items.items()}
    if is_dataclass(hint):
        return _dataclass(cast(type, hint), node)
    if hint is Privacy:
        return Privacy.of(str(_literal([level.word for level in Privacy], node)))
    return _scalar(cast(type, hint), node)


def _dataclass(kind: type, node: Node) -> object:
    given = node.content if node.content is not None else {}
    if not isinstance(given, dict):
        raise _wrong("settings_wrong_type", node, "write a mapping of keys")
    hints = get_type_hints(kind)
    known: dict[str, Field[object]] = {each.name: each for each in fields(kind)}
    for name, child in given.items():
        if name not in known:
            raise InvalidSettings(
                "settings_unknown_key",
                f"unknown key {shown(name)}{f' in {node.path}' if node.path else ''}",
                where=child.where,
                hint=suggestion(name, known),
            )
    values = {name: _value(hints[name], child) for name, child in given.items()}
    for name, each in known.items():
        required = each.default is MISSING and each.default_factory is MISSING
        if required and name not in values:
            raise InvalidSettings(
                "settings_missing_key",
                f"{node.path or 'the project'} lacks {name!r}",
                where=node.where,
                hint=f"add a line `{name}: ...`",
            )
    try:
        return kind(**values)
    except ValueError as error:  # a dataclass may check its own values
        raise InvalidSettings("settings_wrong_value", str(error), where=node.where) from None


def _union(hints: Sequence[object], node: Node) -> object:
    """Take the member that the shape of the node picks: null, mapping, list or scalar."""
    if node.content is None and NoneType in hints:
        return None
    members = [hint for hint in hints if hint is not NoneType]
    for hint in members:
        if _shape(hint) is _shape_of(node):
            return _value(hint, node)
    return _value(members[0], node)


def _shape(hint: object) -> type:
    origin = get_origin(hint)
    if is_dataclass(hint) or origin in (Mapping, dict):
        return dict
    return list if origin is tuple else str


def _shape_of(node: Node) -> type:
    return type(node.content) if isinstance(node.content, dict | list) else str


def _literal(allowed: Sequence[object], node: Node) -> object:
    for each in allowed:
        if node.content == each and type(node.content) is type(each):  # True is not 1
            return each
    near = nearest_of(str(node.plain()), [str(each) for each in allowed])
    hint = f"did you mean {near!r}?" if near else f"one of {', '.join(map(str, allowed))}"
    raise _wrong("settings_wrong_value", node, hint)


def _scalar(kind: type, node: Node) -> Scalar:
    value = node.content
    if type(value) is int or type(value) is float:  # True is neither
        if kind is str:
            return str(value)  # `positive: 1` means the level written 1
        if kind is float:
            return _finite(value, node)
    if type(value) is kind:
        return cast(Scalar, value)
    words = {str: "text, in quotes", int: "a whole number", bool: "true or false"}
    raise _wrong("settings_wrong_type", node, f"write {words.get(kind, 'a number')}")


def _finite(value: float, node: Node) -> float:
    if not abs(value) <= sys.float_info.max:
        raise _wrong("settings_wrong_value", node, "write a finite number")
    return float(value)


def _list(node: Node) -> list[Node]:
    if node.content is None:  # a key with nothing behind it
        return []
    if not isinstance(node.content, list):
        raise _wrong("settings_wrong_type", node, "write a list")
    return node.content


def _named(node: Node) -> dict[str, Node]:
    """Return a mapping; a plain list of names is a mapping without notes."""
    if isinstance(node.content, dict):
        return node.content
    if not isinstance(node.content, list | None):
        raise _wrong("settings_wrong_type", node, "write a mapping of names")
    names = {cast(str, _scalar(str, each)): each for each in _list(node)}
    return {
        name: Node(None, each.origin, each.line, f"{node.path}.{name}")
        for name, each in names.items()
    }


def _wrong(code: str, node: Node, hint: str) -> InvalidSettings:
    found = f"{node.path or 'the file'} is {shown(node.plain())}"
    return InvalidSettings(code, found, where=node.where, hint=hint)
