"""The error tree, its codes, its HTTP statuses and its page agree."""

import ast
import pickle

import pytest

from plait.core import errors
from plait.serve.errors import STATUS

KINDS = errors.every_error()
CODES = [(kind, code) for kind in KINDS for code in kind.codes]


def test_a_code_belongs_to_one_class():
    codes = [code for _, code in CODES]
    assert len(codes) == len(set(codes))


def test_a_transient_code_is_a_code_of_its_class():
    assert [kind for kind in KINDS if not kind.transient <= set(kind.codes)] == []


def test_every_code_is_raised_somewhere(modules):
    written = {
        node.value
        for module in modules
        if module.name != "plait.core.errors"
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    silent = [code for _, code in CODES if code not in written]
    assert not silent, "\n".join(silent)


def test_every_error_built_has_a_code_of_its_class(modules):
    codes = {kind.__name__: kind.codes for kind in KINDS}
    wrong = []
    for module in modules:
        for node in ast.walk(module.tree):
            if not isinstance(node, ast.Call) or not node.args:
                continue
            name = ast.unparse(node.func).removesuffix(".of")
            first = node.args[0]
            if name in codes and isinstance(first, ast.Constant) and first.value not in codes[name]:
                wrong.append((module.name, node.lineno, name, first.value))
    assert not wrong, "\n".join(map(str, wrong))


def test_every_error_is_on_its_page(root):
    page = (root / "docs" / "errors.md").read_text()
    assert [kind.__name__ for kind in KINDS if f"## {kind.__name__}\n" not in page] == []
    assert [code for _, code in CODES if f"| `{code}` |" not in page] == []


@pytest.mark.parametrize("kind", KINDS)
def test_every_error_crosses_a_process_border(kind):
    made = kind(next(iter(kind.codes)), "what", where="here", hint="do this")
    again = pickle.loads(pickle.dumps(made))
    assert type(again) is kind
    assert (again.code, again.where, again.hint) == (made.code, "here", "do this")


def test_every_error_has_an_http_status():
    assert set(STATUS) == set(KINDS)
    assert {status for status in STATUS.values() if not 400 <= status <= 599} == set()
