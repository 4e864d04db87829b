"""The small language of features that are computed: `obrat / (income + 1)`, and no more than that.

An expression reads like Python and is none: its text is parsed into a tree of numbers, levels in
quotes, columns and the operations of one table. There are no attributes, no other calls, no names
but columns, and a bounded size, so that an expression from anywhere can be run.
"""

import ast
import math
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from plait.core.errors import InvalidSettings, nearest_of, shown

Kind: TypeAlias = Literal["number", "text", "time", "any"]
"""What an operation takes: `any` is whatever the column is."""

MOST_CHARACTERS = 1_000
MOST_NODES = 100
MOST_DEPTH = 20
MOST_ARGUMENTS = 8


@dataclass(frozen=True, slots=True)
class Number:
    """A number that was written; true is 1 and false 0."""

    value: float


@dataclass(frozen=True, slots=True)
class Text:
    """A level in quotes."""

    value: str


@dataclass(frozen=True, slots=True)
class Name:
    """What a row says in a column."""

    column: str


@dataclass(frozen=True, slots=True)
class Call:
    """An operation and what it is applied to."""

    op: str
    arguments: tuple["Tree", ...]


Tree: TypeAlias = Number | Text | Name | Call


@dataclass(frozen=True, slots=True)
class Operation:
    """What an operation takes.

    Attributes:
        takes: the kind of each argument.
        least: arguments.
        most: arguments.
    """

    takes: Kind
    least: int
    most: int


FUNCTIONS: Mapping[str, Operation] = {
    **{name: Operation("number", 1, 1) for name in ("abs", "exp", "log", "log1p", "round", "sqrt")},
    "clip": Operation("number", 3, 3),
    "if_missing": Operation("number", 2, 2),
    "is_missing": Operation("any", 1, 1),
    "max": Operation("number", 2, MOST_ARGUMENTS),
    "min": Operation("number", 2, MOST_ARGUMENTS),
    **{name: Operation("time", 1, 1) for name in ("year", "month", "day", "weekday", "hour")},
    "days": Operation("time", 2, 2),
}
"""What may be called by name."""

_SIGNS: Mapping[type[ast.AST], str] = {
    ast.Add: "add",
    ast.Sub: "sub",
    ast.Mult: "mul",
    ast.Div: "div",
    ast.Pow: "pow",
    ast.Eq: "eq",
    ast.NotEq: "ne",
    ast.Lt: "lt",
    ast.LtE: "le",
    ast.Gt: "gt",
    ast.GtE: "ge",
    ast.And: "and",
    ast.Or: "or",
}
"""What is written as a sign or a word between two others."""

_CHAINS: tuple[tuple[type[ast.operator], ...], ...] = (
    (ast.Add, ast.Sub),
    (ast.Mult, ast.Div),
)
"""Signs that bind alike, from the left: terms of one sum, factors of one product."""

_ALLOWED = (
    "+ - * / ** < <= > >= == != and or not, `a if b else c`, "
    f"col('a column') and {', '.join(FUNCTIONS)}"
)


@dataclass(frozen=True, slots=True)
class Expression:
    """An expression that was understood.

    Attributes:
        text: as it was written.
        tree: what it says.
        kinds: column -> what it must be, in the order in which they are written.
    """

    text: str
    tree: Tree
    kinds: Mapping[str, Kind]


def parse_expression(text: str) -> Expression:
    """Return what an expression says.

    Raises:
        InvalidSettings: `settings_wrong_value`, when it is no expression of this language, or does
            to a level what can only be done to a number.
    """
    if len(text) > MOST_CHARACTERS:
        raise refused(text, f"it has {len(text):,} characters", f"at most {MOST_CHARACTERS:,}")
    try:
        body = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        at = getattr(error, "offset", None)
        place = f" at character {at}" if at else ""
        raise refused(text, f"it cannot be read{place}", f"it may have {_ALLOWED}") from None
    tree = _Reader(text).read(body, 0)
    kinds: dict[str, Kind] = {}
    for name, kind in _kinds(text, tree, "number"):
        known = kinds.setdefault(name, kind)
        if "any" in (known, kind):
            kinds[name] = kind if known == "any" else known
        elif known != kind:
            raise refused(text, f"{name!r} is read as a {known} and as a {kind}", "")
    if not kinds:
        raise refused(text, "it reads no column", "name a column of the data")
    return Expression(text, tree, kinds)


def refused(text: str, reason: str, hint: str) -> InvalidSettings:
    """Return the error that says what is wrong with an expression."""
    return InvalidSettings("settings_wrong_value", f"{shown(text)}: {reason}", hint=hint)


class _Reader:
    """Turns Python's tree into ours, or says what of it is not allowed."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._parts = 0

    def read(self, node: ast.expr, depth: int) -> Tree:
        """Return what a part says."""
        self._parts += 1
        if self._parts > MOST_NODES:
            raise refused(self._text, "it is too long", f"at most {MOST_NODES} parts")
        if depth > MOST_DEPTH:
            raise refused(self._text, "it is nested too deep", f"at most {MOST_DEPTH} levels")
        match node:
            case ast.Constant():
                return self._constant(node)
            case ast.Name():
                return Name(node.id)
            case ast.Call():
                return self._call(node, depth)
            case ast.Compare():
                return self._compared(node, depth)
            case ast.BinOp() | ast.UnaryOp() | ast.BoolOp() | ast.IfExp():
                return self._signed(node, depth)
            case _:
                raise self._unknown(node)

    def _constant(self, node: ast.Constant) -> Tree:
        value = node.value
        if isinstance(value, str):
            if any("\ud800" <= letter <= "\udfff" for letter in value):
                raise refused(self._text, f"{shown(value)} is no text", "half of a surrogate pair")
            return Text(value)
        if isinstance(value, int | float) and abs(value) <= sys.float_info.max:
            return Number(float(value))
        if value is None:
            raise refused(self._text, "None is no value", "is_missing(x) asks for missing")
        raise self._unknown(node)

    def _signed(self, node: ast.expr, depth: int) -> Tree:
        """Return what an operation says that is written by a sign."""
        match node:
            case ast.BinOp(left, sign, right) if type(sign) in _SIGNS:
                chained = _chained(left, sign)  # a sum of many terms is long, and not deep
                found = self.read(left, depth if chained else depth + 1)
                return Call(_SIGNS[type(sign)], (found, self.read(right, depth + 1)))
            case ast.BoolOp(sign, values):
                found = self.read(values[0], depth + 1)
                for each in values[1:]:
                    found = Call(_SIGNS[type(sign)], (found, self.read(each, depth + 1)))
                return found
            case ast.UnaryOp(ast.USub(), value):
                return self._called("neg", (value,), depth)
            case ast.UnaryOp(ast.UAdd(), value):
                return self.read(value, depth + 1)
            case ast.UnaryOp(ast.Not(), value):
                return self._called("not", (value,), depth)
            case ast.IfExp(test, yes, no):
                return self._called("if", (test, yes, no), depth)
            case _:
                raise self._unknown(node)

    def _called(self, op: str, arguments: tuple[ast.expr, ...], depth: int) -> Call:
        return Call(op, tuple(self.read(each, depth + 1) for each in arguments))

    def _compared(self, node: ast.Compare, depth: int) -> Tree:
        """Return what `a < b < c` says: each two of them, and all of these.

        What stands between two signs is read, and counted, twice: it is computed twice.
        """
        parts = (node.left, *node.comparators)
        found: Tree | None = None
        for sign, left, right in zip(node.ops, parts, parts[1:], strict=False):
            if type(sign) not in _SIGNS:
                raise self._unknown(node)
            one = self._called(_SIGNS[type(sign)], (left, right), depth)
            found = one if found is None else Call("and", (found, one))
        assert found is not None  # Python's grammar has no comparison of nothing
        return found

    def _call(self, node: ast.Call, depth: int) -> Tree:
        name = node.func.id if isinstance(node.func, ast.Name) else ""
        plain = not node.keywords and not any(isinstance(each, ast.Starred) for each in node.args)
        match node.args:
            case [ast.Constant(str(column))] if name == "col" and plain:
                return Name(column)
        if name not in FUNCTIONS or not plain:
            near = None if name in FUNCTIONS else nearest_of(name, FUNCTIONS)
            hint = f"did you mean {near!r}?" if near else f"it may have {_ALLOWED}"
            what = shown(name) if name else "what is called"
            raise refused(self._text, f"{what} is no function it may call so", hint)
        takes = FUNCTIONS[name]
        if not takes.least <= len(node.args) <= takes.most:
            wanted = f"{takes.least}" if takes.least == takes.most else f"{takes.least} or more"
            reason = f"{name} has {len(node.args)} values between its brackets"
            raise refused(self._text, reason, f"it takes {wanted}")
        if name not in ("min", "max"):
            return self._called(name, tuple(node.args), depth)
        found, *others = [self.read(each, depth + 1) for each in node.args]
        for each in others:  # of two at a time
            found = Call(name, (found, each))
        return found

    def _unknown(self, node: ast.expr) -> InvalidSettings:
        part = ast.unparse(node)
        return refused(self._text, f"{shown(part)} is not allowed", f"it may have {_ALLOWED}")


def _chained(left: ast.expr, sign: ast.operator) -> bool:
    """Tell whether `left` goes on as a chain: sums and differences, or products and quotients."""
    return isinstance(left, ast.BinOp) and any(
        isinstance(sign, alike) and isinstance(left.op, alike) for alike in _CHAINS
    )


def _kinds(text: str, tree: Tree, wanted: Kind) -> Iterator[tuple[str, Kind]]:
    """Yield each column with the kind that is wanted of it; refuse a level where a number is."""
    match tree:
        case Name(column):
            yield column, wanted
        case Text(value):
            if wanted != "text":
                hint = "compare a column with it by == or !="
                kind = "column" if wanted == "any" else wanted
                raise refused(text, f"{shown(value)} in quotes is no {kind}", hint)
        case Number(value):
            if wanted not in ("number", "any"):
                raise refused(text, f"{value:g} is no {wanted}", "name a column of that kind")
        case Call(op, arguments):
            if wanted not in ("number", "any"):
                raise refused(text, f"{wanted} is wanted, and {op} gives a number", "")
            for each in arguments:
                yield from _kinds(text, each, _taken(op, arguments))


def _taken(op: str, arguments: tuple[Tree, ...]) -> Kind:
    """Return the kind of the arguments of an operation."""
    if op in FUNCTIONS:
        return FUNCTIONS[op].takes
    texts = any(isinstance(each, Text) for each in arguments)
    return "text" if texts and op in ("eq", "ne") else "number"


def operation(call: Call) -> str:
    """Return the name of what runs a call: comparing texts has one of its own."""
    return f"{call.op}_text" if _taken(call.op, call.arguments) == "text" else call.op


def written(tree: Tree, columns: Mapping[str, str], quoted: Mapping[str, str]) -> str:
    """Return a tree as nested calls `f_div(x, f_add(y, 1.0))`, as many languages have them.

    Args:
        tree: what is written.
        columns: column -> what stands for its value.
        quoted: level -> its literal.
    """
    match tree:
        case Number(value):
            return repr(value) if math.copysign(1.0, value) > 0 else f"({value!r})"
        case Text(value):
            return quoted[value]
        case Name(column):
            return columns[column]
        case Call(_, arguments):
            parts = ", ".join(written(each, columns, quoted) for each in arguments)
            return f"f_{operation(tree)}({parts})"


def texts_in(tree: Tree) -> Iterator[str]:
    """Yield every level in quotes."""
    if isinstance(tree, Text):
        yield tree.value
    elif isinstance(tree, Call):
        for each in tree.arguments:
            yield from texts_in(each)


def operations_in(tree: Tree) -> Iterator[Call]:
    """Yield every call, the innermost first."""
    if isinstance(tree, Call):
        for each in tree.arguments:
            yield from operations_in(each)
        yield tree
