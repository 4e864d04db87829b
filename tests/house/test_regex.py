"""Patterns mean the same on every Python that plait runs on."""

import re

GROUP = re.compile(r"\)(?:[*+?]|\{\d*,?\d*\})\+")


def test_no_group_is_possessive(modules):
    """Before Python 3.11.5 a possessive group that has to go back within itself fails to match.

    See https://github.com/python/cpython/issues/106052; `(?>(?:...)*)` means the same.
    """
    found = [
        f"{module.path}: {line.strip()}"
        for module in modules
        for line in module.text.splitlines()
        if GROUP.search(line)
    ]
    assert not found, "\n".join(found)
