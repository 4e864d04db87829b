"""What a model computes of a row before it encodes it, as source text for the exports.

Both languages have the operations of `plait.engines.operation`, by the same names with `f_` before
them, so that a formula reads the same in each: `f_div(debt, f_add(income, 1.0))`.
"""

from collections.abc import Callable, Iterator, Mapping

from plait.core.expression import Tree, operation, operations_in, texts_in, written
from plait.engines.pipeline import Read
from plait.train.export_model import Formula, PlainModel

_PYTHON: Mapping[str, tuple[str, str]] = {
    "add": ("a, b", "bounded(a + b)"),
    "sub": ("a, b", "bounded(a - b)"),
    "mul": ("a, b", "bounded(a * b)"),
    "div": ("a, b", "nan if b == 0.0 else bounded(a / b)"),
    "pow": ("a, b", "defined(math.pow, a, b)"),
    "neg": ("a", "-a"),
    "lt": ("a, b", "defined(float.__lt__, a, b)"),
    "le": ("a, b", "defined(float.__le__, a, b)"),
    "gt": ("a, b", "defined(float.__gt__, a, b)"),
    "ge": ("a, b", "defined(float.__ge__, a, b)"),
    "eq": ("a, b", "defined(float.__eq__, a, b)"),
    "ne": ("a, b", "defined(float.__ne__, a, b)"),
    "and": ("a, b", "defined(lambda a, b: a != 0.0 and b != 0.0, a, b)"),
    "or": ("a, b", "defined(lambda a, b: a != 0.0 or b != 0.0, a, b)"),
    "not": ("a", "defined(lambda a: a == 0.0, a)"),
    "if": ("test, yes, no", "nan if test != test else yes if test != 0.0 else no"),
    "if_missing": ("a, b", "a if a == a else b"),
    "is_missing": ("a", "float(a != a)"),
    "min": ("a, b", "defined(min, a, b)"),
    "max": ("a, b", "defined(max, a, b)"),
    "clip": ("a, low, high", "defined(lambda a, low, high: min(max(a, low), high), a, low, high)"),
    "abs": ("a", "abs(a)"),
    "round": ("a", "defined(round, a)"),
    "sqrt": ("a", "defined(math.sqrt, a)"),
    "exp": ("a", "defined(math.exp, a)"),
    "log": ("a", "defined(math.log, a)"),
    "log1p": ("a", "defined(math.log1p, a)"),
    "eq_text": ("a, b", "nan if a is None or b is None else float(a == b)"),
    "ne_text": ("a, b", "nan if a is None or b is None else float(a != b)"),
}
"""Operation -> its arguments and its body."""

_PYTHON_HEAD = '''

def read(value, sentinels):
    """Return a number that a formula reads, NaN where it is missing."""
    value = nan if value is None else float(value)
    return nan if value in sentinels else bounded(value)


def bounded(value):
    """Return a number, NaN where it is not finite."""
    return value if -sys.float_info.max <= value <= sys.float_info.max else nan


def defined(work, *numbers):
    """Return what a function gives, NaN where a number is missing or there is no finite value."""
    if any(number != number for number in numbers):
        return nan
    try:
        return bounded(float(work(*numbers)))
    except (ValueError, OverflowError):
        return nan
'''

_C: Mapping[str, str] = {
    "add": "bounded(a + b)",
    "sub": "bounded(a - b)",
    "mul": "bounded(a * b)",
    "div": "b == 0.0 ? NAN : bounded(a / b)",
    "pow": "isnan(a) || isnan(b) ? NAN : bounded(pow(a, b))",
    "neg": "-a",
    "lt": "isnan(a) || isnan(b) ? NAN : a < b",
    "le": "isnan(a) || isnan(b) ? NAN : a <= b",
    "gt": "isnan(a) || isnan(b) ? NAN : a > b",
    "ge": "isnan(a) || isnan(b) ? NAN : a >= b",
    "eq": "isnan(a) || isnan(b) ? NAN : a == b",
    "ne": "isnan(a) || isnan(b) ? NAN : a != b",
    "and": "isnan(a) || isnan(b) ? NAN : a != 0.0 && b != 0.0",
    "or": "isnan(a) || isnan(b) ? NAN : a != 0.0 || b != 0.0",
    "not": "isnan(a) ? NAN : a == 0.0",
    "if": "isnan(a) ? NAN : a != 0.0 ? b : c",
    "if_missing": "isnan(a) ? b : a",
    "is_missing": "isnan(a) ? 1.0 : 0.0",
    "min": "isnan(a) || isnan(b) ? NAN : b < a ? b : a",
    "max": "isnan(a) || isnan(b) ? NAN : b > a ? b : a",
    "clip": "isnan(a) || isnan(b) || isnan(c) ? NAN : (a = b > a ? b : a, c < a ? c : a)",
    "abs": "fabs(a)",
    "round": "rint(a) + 0.0",
    "sqrt": "sqrt(a)",
    "exp": "bounded(exp(a))",
    "log": "bounded(log(a))",
    "log1p": "bounded(log1p(a))",
    "eq_text": "a == NULL || b == NULL ? NAN : strcmp(a, b) == 0",
    "ne_text": "a == NULL || b == NULL ? NAN : strcmp(a, b) != 0",
}
"""Operation -> its value; the arguments are called a, b and c."""

_C_HEAD = """\
/* What is computed of a row; NAN where a number is missing or there is no finite value. */
static double bounded(double value)
{
    return isfinite(value) ? value : NAN;
}
"""


def python_formulas(model: PlainModel) -> str:
    """Return the functions that add what is computed to a row: `derive(row)`."""
    parts = [_PYTHON_HEAD]
    for name in _used(model):
        arguments, body = _PYTHON[name]
        parts.append(f"\n\ndef f_{name}({arguments}):\n    return {body}\n")
    lines = ["\n\ndef derive(row):", '    """Return the row with what is computed of it."""']
    lines += ["    return dict(row, **{", *map(_python_line, model.formulas), "    })", ""]
    return "".join([*parts, "\n".join(lines)])


def c_formulas(
    model: PlainModel,
    row: str,
    members: Mapping[str, str],
    quoted: Callable[[str], str],
    number: Callable[[float], str],
) -> Iterator[str]:
    """Yield the functions `derived_0(row)`, one per formula.

    Args:
        model: has the formulas.
        row: the type of a row.
        members: column -> member of a row.
        quoted: makes a literal of a text.
        number: makes a literal of a number.
    """
    yield _C_HEAD
    for name in _used(model):
        kind = "const char *" if name.endswith("_text") else "double "
        count = 3 if name in ("if", "clip") else 1 if name in _ALONE else 2
        arguments = ", ".join(f"{kind}{letter}" for letter in "abc"[:count])
        yield f"static double f_{name}({arguments})\n{{\n    return {_C[name]};\n}}\n"
    for at, formula in enumerate(model.formulas):
        columns, lines = {}, []
        for place, read in enumerate(formula.reads):
            member = f"row->{members[read.column]}"
            columns[read.column] = member
            if _is_number(read):
                gone = "".join(f" || {member} == {number(each)}" for each in read.sentinels)
                value = f"isnan({member}){gone} ? NAN : {member}"
                lines.append(f"    const double v{place} = {value};")
                columns[read.column] = f"v{place}"
        told = _called(formula.tree, columns, quoted)
        yield "\n".join(
            [f"static double derived_{at}(const struct {row} *row)\n{{", *lines,
             f"    return {told};\n}}\n"]
        )  # fmt: skip


_ALONE = frozenset({"neg", "not", "is_missing", "abs", "round", "sqrt", "exp", "log", "log1p"})
"""Operations of one number."""


def _python_line(formula: Formula) -> str:
    columns = {
        read.column: f"read(row[{read.column!a}], {read.sentinels!a})"
        if _is_number(read)
        else f"row[{read.column!a}]"
        for read in formula.reads
    }
    return f"        {formula.name!a}: {_called(formula.tree, columns, ascii)},"


def _called(tree: Tree, columns: Mapping[str, str], quoted: Callable[[str], str]) -> str:
    return written(tree, columns, {text: quoted(text) for text in texts_in(tree)})


def _used(model: PlainModel) -> list[str]:
    """Return the operations that the formulas use."""
    calls = (call for formula in model.formulas for call in operations_in(formula.tree))
    return sorted({operation(call) for call in calls})


def _is_number(read: Read) -> bool:
    return read.kind in ("number", "boolean")
