"""A name says what a thing is."""

import ast
import re

SAYS_NOTHING = {"util", "utils", "helper", "helpers", "common", "misc", "manager", "managers"}


def words(name):
    """Return the words of a name in any case: `HTTPManager` -> http, manager."""
    return {part.lower() for part in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", name)}


def test_files_have_names_that_say_something(tracked):
    assert [path for path in tracked if words(str(path)) & SAYS_NOTHING] == []


def test_classes_and_functions_have_names_that_say_something(modules):
    kinds = ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
    named = [
        (module.name, node.name)
        for module in modules
        for node in ast.walk(module.tree)
        if isinstance(node, kinds)
    ]
    assert [each for each in named if words(each[1]) & SAYS_NOTHING] == []
