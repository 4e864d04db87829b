"""What a model computes of a row before it encodes it, as nodes of an ONNX graph.

Every operation is that of `plait.engines.operation`, in double precision. NaN stands for missing;
what has no finite value becomes NaN at once, as there, so that nothing infinite is ever computed
with. Only the last bits of `exp`, `log`, `log1p` and `**` may differ, as the runtime computes them.
"""

from collections.abc import Callable, Mapping
from functools import reduce

import numpy as np

from plait.core.expression import Name, Number, Text, Tree, operation
from plait.engines.pipeline import Read
from plait.train.export_model import Formula
from plait.train.export_onnx_graph import Graph

Build = Callable[..., str]
"""Takes the graph and the names of the arguments, and returns the name of the value."""


def computed(graph: Graph, formula: Formula) -> str:
    """Return the column that a formula computes: `(rows, 1)` doubles, NaN where it is missing."""
    columns = {read.column: _read(graph, read) for read in formula.reads}

    def value(tree: Tree) -> str:
        match tree:
            case Number(number):
                return graph.constant(number)
            case Text(text):
                return graph.constant(text, object)
            case Name(column):
                return columns[column]
        return OPERATIONS[operation(tree)](graph, *map(value, tree.arguments))

    return value(formula.tree)


def _read(graph: Graph, read: Read) -> str:
    """Return a column as a formula reads it: a text as it is, a number NaN where it is missing."""
    if read.kind not in ("number", "boolean"):
        return read.column
    number = graph.finite(read.column)
    for sentinel in read.sentinels:
        same = graph.node("Equal", number, graph.constant(sentinel))
        number = graph.where(same, np.nan, number)
    return number


def _finite(operator: str) -> Build:
    """Return an operator of ONNX, missing where it has no finite value."""
    return lambda graph, *numbers: graph.finite(graph.node(operator, *numbers))


def _known(work: Build) -> Build:
    """Return the same, missing where an argument is: for what would make a number of NaN."""

    def found(graph: Graph, *numbers: str) -> str:
        absent = [graph.node("IsNaN", number) for number in numbers]
        gone = reduce(lambda one, other: graph.node("Or", one, other), absent)
        return graph.where(gone, np.nan, work(graph, *numbers))

    return found


def _told(operator: str) -> Build:
    """Return a question as 1 or 0, missing where an argument is."""
    return _known(lambda graph, *numbers: graph.cast(graph.node(operator, *numbers), "DOUBLE"))


def _not_zero(graph: Graph, number: str) -> str:
    return graph.node("Not", graph.node("Equal", number, graph.constant(0.0)))


def _both(operator: str) -> Build:
    """Return a question to whether two numbers are other than 0."""

    def found(graph: Graph, first: str, second: str) -> str:
        sides = [_not_zero(graph, number) for number in (first, second)]
        return graph.cast(graph.node(operator, *sides), "DOUBLE")

    return _known(found)


def _not_equal(graph: Graph, first: str, second: str) -> str:
    return graph.cast(graph.node("Not", graph.node("Equal", first, second)), "DOUBLE")


def _if(graph: Graph, test: str, yes: str, no: str) -> str:
    chosen = graph.node("Where", _not_zero(graph, test), yes, no)
    return graph.where(graph.node("IsNaN", test), np.nan, chosen)


def _if_missing(graph: Graph, number: str, other: str) -> str:
    return graph.node("Where", graph.node("IsNaN", number), other, number)


def _is_missing(graph: Graph, number: str) -> str:
    return graph.cast(graph.node("IsNaN", number), "DOUBLE")


def _least(graph: Graph, first: str, second: str) -> str:
    return graph.node("Where", graph.node("Less", second, first), second, first)


def _most(graph: Graph, first: str, second: str) -> str:
    return graph.node("Where", graph.node("Greater", second, first), second, first)


def _clip(graph: Graph, number: str, low: str, high: str) -> str:
    return _least(graph, _most(graph, number, low), high)


def _log1p(graph: Graph, number: str) -> str:
    """Return log(1 + x), to the last bits of a small x too.

    With u = 1 + x as it is rounded it is log(u) x / (u - 1), and x itself where u is 1 (Kahan, in
    Goldberg 1991, theorem 4); divided first, so that a huge x does not overflow.
    """
    one = graph.constant(1.0)
    whole = graph.node("Add", one, number)
    share = graph.node("Div", number, graph.node("Sub", whole, one))
    exact = graph.node("Mul", graph.node("Log", whole), share)
    same = graph.node("Equal", whole, one)
    return graph.finite(graph.node("Where", same, number, exact))


def _texts(compare: Build) -> Build:
    """Return a question to two texts, missing where one of them is."""

    def found(graph: Graph, first: str, second: str) -> str:
        absent = graph.constant(graph.absent, object)
        gone = [graph.node("Equal", text, absent) for text in (first, second)]
        return graph.where(graph.node("Or", *gone), np.nan, compare(graph, first, second))

    return found


def _same(graph: Graph, first: str, second: str) -> str:
    return graph.cast(graph.node("Equal", first, second), "DOUBLE")


OPERATIONS: Mapping[str, Build] = {
    "add": _finite("Add"),
    "sub": _finite("Sub"),
    "mul": _finite("Mul"),
    "div": _finite("Div"),
    "pow": _known(_finite("Pow")),
    "neg": lambda graph, number: graph.node("Neg", number),
    "lt": _told("Less"),
    "le": _told("LessOrEqual"),
    "gt": _told("Greater"),
    "ge": _told("GreaterOrEqual"),
    "eq": _told("Equal"),
    "ne": _known(_not_equal),
    "and": _both("And"),
    "or": _both("Or"),
    "not": _known(lambda graph, number: _same(graph, number, graph.constant(0.0))),
    "if": _if,
    "if_missing": _if_missing,
    "is_missing": _is_missing,
    "min": _known(_least),
    "max": _known(_most),
    "clip": _known(_clip),
    "abs": lambda graph, number: graph.node("Abs", number),
    "round": lambda graph, number: graph.node("Round", number),
    "sqrt": lambda graph, number: graph.node("Sqrt", number),
    "exp": _finite("Exp"),
    "log": _finite("Log"),
    "log1p": _log1p,
    "eq_text": _texts(_same),
    "ne_text": _texts(_not_equal),
}
"""What each operation is in a graph; those of times have none."""
