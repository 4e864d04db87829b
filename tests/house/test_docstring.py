"""Whoever opens a file is told what it is."""

import ast
import re

FUNCTION = ast.FunctionDef | ast.AsyncFunctionDef


def public(tree, prefix):
    """Yield (name, node) for what a module or class offers, itself included."""
    yield prefix, tree
    for node in tree.body:
        if not isinstance(node, FUNCTION | ast.ClassDef) or node.name.startswith("_"):
            continue
        name = f"{prefix}.{node.name}"
        if isinstance(node, ast.ClassDef):
            yield from public(node, name)
        elif not any(
            ast.unparse(each).endswith(("overload", ".setter")) for each in node.decorator_list
        ):
            yield name, node


def test_everything_public_is_documented(modules):
    bare = [
        name
        for module in modules
        for name, node in public(module.tree, module.name)
        if not ast.get_docstring(node)
    ]
    assert not bare, "\n".join(bare)


def test_every_room_has_its_sign(modules, rooms):
    texts = {module.name: ast.get_docstring(module.tree) or "" for module in modules}
    lacking = {}
    for room in rooms:
        sign = texts.get(f"plait.{room}", "")
        keys = ("Question", "Verbs", "May import", "Not here")
        missing = [key for key in keys if not re.search(rf"^{key}: \S", sign, re.MULTILINE)]
        if missing:
            lacking[room] = missing
    assert lacking == {}
