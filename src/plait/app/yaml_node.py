"""YAML as nodes that know their lines, and values as YAML."""

from pathlib import Path

import yaml

from plait.core.errors import InvalidSettings
from plait.core.ids import Json
from plait.core.settings import Node


def read_yaml(file: Path) -> Node:
    """Return the file as nodes that know their lines.

    Raises:
        InvalidSettings: it is missing, unreadable, or not YAML.
    """
    try:
        text = file.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        raise InvalidSettings(
            "settings_missing",
            f"there is no {file.name}",
            where=str(file.resolve().parent),
            hint="make one with `plait init DIR`, or name the project with --project",
        ) from None
    except UnicodeDecodeError as error:
        row = error.object[: error.start].count(b"\n") + 1
        raise InvalidSettings(
            "settings_unreadable", "not UTF-8", where=f"{file}:{row}", hint="save it as UTF-8"
        ) from None
    except OSError as error:
        raise InvalidSettings(
            "settings_unreadable",
            f"it cannot be read: {error.strerror}",
            where=str(file),
            hint="check who may read it",
        ) from None
    try:
        root = yaml.compose(text, Loader=yaml.CSafeLoader)
        return _node(root, file.name, "")
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        line = f":{mark.line + 1}" if mark else ""
        raise InvalidSettings(
            "settings_syntax",
            f"not valid YAML: {': '.join(filter(None, (error.context, error.problem)))}",
            where=f"{file.name}{line}",
            hint="check the indentation and the quotes of this line and the one above",
        ) from None
    except RecursionError:
        raise InvalidSettings(
            "settings_syntax",
            "nested too deeply",
            where=file.name,
            hint="look for an alias (*) of what it stands in",
        ) from None
    except (yaml.YAMLError, ValueError) as error:
        raise InvalidSettings(
            "settings_syntax",
            f"not valid YAML: {str(error).partition(chr(10))[0]}",
            where=file.name,
            hint="save it as plain text",
        ) from None


def yaml_text(value: Json) -> str:
    """Return a scalar or a list as one line of YAML that reads as that value."""
    for style in (None, '"'):  # a line break in a text stays in one line between double quotes
        text = yaml.safe_dump(
            [value],
            default_style=style,
            default_flow_style=True,
            allow_unicode=True,
            width=1_000_000,
        )
        if "\n" not in str(text).strip():
            break
    return str(text).strip()[1:-1]


def _node(node: yaml.Node | None, origin: str, path: str) -> Node:
    if node is None:
        return Node(None, origin, 0, path)
    line = node.start_mark.line + 1
    if isinstance(node, yaml.MappingNode):
        content: dict[str, Node] = {}
        for key, value in node.value:
            name = str(key.value)
            child = _node(value, origin, f"{path}.{name}" if path else name)
            if name in content:
                raise InvalidSettings(
                    "settings_syntax",
                    f"{name!r} stands twice",
                    where=f"{origin}:{key.start_mark.line + 1}",
                    hint="keep one of them",
                )
            content[name] = Node(child.content, origin, key.start_mark.line + 1, child.path)
        return Node(content, origin, line, path)
    if isinstance(node, yaml.SequenceNode):
        items = [_node(each, origin, f"{path}[{i}]") for i, each in enumerate(node.value)]
        return Node(items, origin, line, path)
    return Node(_scalar(node), origin, line, path)


def _scalar(node: yaml.Node) -> bool | int | float | str | None:
    value = yaml.CSafeLoader("").construct_object(node)
    if value is None or isinstance(value, bool | int | float | str):
        return value
    return str(node.value)  # dates and the like stay as written
