"""A model as one Python file that needs nothing but the standard library.

The file is written from parts: the checks of a row, its encoding, the scores and the answer. Only
the parts that the model has are in it, so that a reader finds a short program and its numbers.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from plait.core.columns import Row
from plait.core.ids import Json
from plait.engines.answer import level_text
from plait.engines.pipeline import Calibration, NumberCode, OneHotCode, OrdinalCode
from plait.train.export_formula import python_formulas
from plait.train.export_model import Outcome, PlainModel, Run, Trees, Weights

SUFFIX = ".py"

_HEAD = '''\
"""The model of a contract as one file; made by `plait export`, for Python 3.8 and later.

    python FILE < rows.jsonl

reads one row a line, as a JSON object, and writes one answer a line. In Python, `predict(row)`
takes a dict and returns {"prediction": ...} with "probabilities" of classes, or an "interval" of a
number where the model has one. It raises ValueError where the server would refuse the row.
"""

import json
import math
import sys
from math import inf, nan

'''

_CHECK = '''

def predict(row):
    """Return the answer to one row: field -> value, None or NaN where it is missing."""
    for name in row:
        if name not in FIELDS:
            raise ValueError("unknown field %r" % (name,))
    return answer(scores(encode({name: check(name, row.get(name)) for name in FIELDS})))


def check(name, value):
    """Return a field's value, None where it is missing."""
    kind, nullable = FIELDS[name]
    if value is None or value != value:
        if nullable:
            return None
        raise ValueError("%r is missing, and it never was in training" % (name,))
    if value.__class__ not in KINDS[kind]:
        raise ValueError("%r is %.60r, not a %s" % (name, value, kind))
    if kind == "number" and abs(value) > sys.float_info.max:
        raise ValueError("%r is not a finite number" % (name,))
    return value


def encode(row):
    """Return the row as numbers."""
    x = []
    for kind, name, details in CODES:
        ENCODE[kind](x, row[name], *details)
    return x


def number(x, value, sentinels, fill, shift, scale, indicator):
    """Add a number, and where the model wants it whether it is missing."""
    value = nan if value is None else float(value)
    missing = value != value or value in sentinels
    x.append(((fill if missing else value) - shift) / scale)
    if indicator:
        x.append(float(missing))


def ordinal(x, value, levels, unknown):
    """Add the index of a level."""
    x.append(nan if value is None else levels.get(value, unknown))


def one_hot(x, value, levels):
    """Add one number per level and one for any other value."""
    at = levels.get(value, len(levels))
    x.extend(float(at == each) for each in range(len(levels) + 1))


ENCODE = {"number": number, "ordinal": ordinal, "one_hot": one_hot}
'''

_SCORES = '''

def scores(x):
    """Return the scores: those of each part of the model, weighted and added up."""
    total = [0.0] * SCORES
    for weight, part, details in PARTS:
        for at, score in enumerate(part(x, *details)):
            total[at] += weight * score
    return total
'''

_TREES = '''

def trees(x, zero, zero_missing, floor, nodes, leaves, roots):
    """Return the sums of the leaves that a row comes to."""
    x = [0.0 if -zero <= value <= zero else value for value in x]
    for position in zero_missing:
        x[position] = x[position] or nan
    total = [0.0] * SCORES
    for tree, node in enumerate(roots):
        while node >= 0:
            position, threshold, yes, no, missing = nodes[node]
            value = x[position]
            node = yes if value <= threshold else no if value == value else missing
        total[tree % SCORES] += leaves[-1 - node]
    if floor is None:
        return total
    if SCORES > 1:  # probabilities, as logarithms
        return [math.log(max(mean, floor)) for mean in total]
    held = min(max(total[0], floor), 1 - floor)
    return [math.log(held / (1 - held))]
'''

_WEIGHTS = '''

def weighted(x, positions, intercept, coefficients):
    """Return weighted sums."""
    total = []
    for score, weights in zip(intercept, coefficients):
        for position, weight in zip(positions, weights):
            score += weight * x[position]
        total.append(score)
    return total
'''

_FINITE = '''

def finite(numbers):
    """Return the numbers, or refuse."""
    if not all(map(math.isfinite, numbers)):
        raise ValueError("the model's score is not a finite number")
    return numbers
'''

_BINARY = '''

def answer(raw):
    """Return the more useful of two classes, and the probability of both."""
    (odds,) = finite([SLOPE * raw[0] + OFFSET])
    odds = curve(odds)
    power = math.exp(-abs(odds))
    likely, unlikely = 1.0 / (1.0 + power), power / (1.0 + power)
    negative, positive = (unlikely, likely) if odds >= 0.0 else (likely, unlikely)
    best = CLASSES[positive >= THRESHOLD]
    return {"prediction": best, "probabilities": dict(zip(LABELS, (negative, positive)))}


def curve(x):
    """Return calibrated log-odds: the height at x of straight lines end to end."""
    _, left, low, slope = [line for line in LINES if line[0] <= x][-1]
    return low + (x - left) * slope
'''

_MULTICLASS = '''

def answer(raw):
    """Return the most probable class, and the probability of each."""
    odds = finite([SLOPE * score + offset for score, offset in zip(raw, OFFSETS)])
    powers = [math.exp(score - max(odds)) for score in odds]
    total = 0.0
    for power in powers:
        total += power
    probabilities = [power / total for power in powers]
    best = CLASSES[probabilities.index(max(probabilities))]
    return {"prediction": best, "probabilities": dict(zip(LABELS, probabilities))}
'''

_REGRESSION = '''

def answer(raw):
    """Return the number, and the interval around it where the model has one."""
    (value,) = finite(raw[:1])
    if HALF_WIDTH is None:
        return {"prediction": value}
    return {"prediction": value, "interval": [value - HALF_WIDTH, value + HALF_WIDTH]}
'''

_MAIN = '''

def main():
    """Answer every line of standard input; return 1 when a row was refused."""
    refused = 0
    for line in sys.stdin:
        if line.strip():
            try:
                found = predict(json.loads(line))
            except (ValueError, TypeError) as error:
                refused, found = 1, {"error": str(error)}
            print(json.dumps(found))
    return refused


if __name__ == "__main__":
    sys.exit(main())
'''

_ANSWERS = {"binary": _BINARY, "multiclass": _MULTICLASS, "regression": _REGRESSION}


def write(model: PlainModel) -> bytes:
    """Return the file."""
    kinds = {type(part) for part in model.parts}
    bodies = [text for kind, text in ((Trees, _TREES), (Weights, _WEIGHTS)) if kind in kinds]
    check = _CHECK
    if model.formulas:
        check = check.replace("encode({", "encode(derive({").replace("FIELDS})))", "FIELDS}))))")
        check += python_formulas(model)
    parts = [
        _HEAD,
        *(f"{name} = {value}\n" for name, value in _constants(model)),
        *(check, _SCORES, *bodies, _parts(model)),
        *(_FINITE, _ANSWERS[model.pipeline.problem], _MAIN),
    ]
    return "".join(parts).encode("ascii")


def runner(_model: PlainModel, content: bytes) -> Run:
    """Return what runs the file, row by row, in this process."""
    space: dict[str, Any] = {"__name__": "export"}
    exec(compile(content, "export", "exec"), space)
    predict: Callable[[Row], Mapping[str, Any]] = space["predict"]

    def run(rows: Sequence[Row]) -> list[Outcome]:
        return [_outcome(predict, row) for row in rows]

    return run


def _outcome(predict: Callable[[Row], Mapping[str, Any]], row: Row) -> Outcome:
    try:
        found = predict(row)
    except ValueError:
        return None
    if "probabilities" in found:
        return level_text(found["prediction"]), tuple(found["probabilities"].values())
    return "", (found["prediction"], *found.get("interval", ()))


def _constants(model: PlainModel) -> Iterator[tuple[str, str]]:
    """Yield every constant and its value, as Python writes them, in ASCII."""
    pipeline = model.pipeline
    yield "CONTRACT", ascii(model.name)
    yield "ARTEFACT", ascii(model.artefact)
    yield "KINDS", '{"number": (float, int, bool), "boolean": (bool,), "string": (str,)}'
    kinds = {"number": "number", "boolean": "boolean"}
    fields = {field.name: (kinds.get(field.kind, "string"), field.nullable)
              for field in model.input.fields}  # fmt: skip
    yield "FIELDS", ascii(fields)
    yield "CODES", _lines(_code(code) for _, code in model.starts())
    calibrate = pipeline.calibrate or Calibration()
    if pipeline.problem == "regression":
        yield "HALF_WIDTH", ascii(model.half_width)
    else:
        yield "CLASSES", ascii(pipeline.classes)
        yield "LABELS", ascii(model.labels)
        yield "SLOPE", ascii(calibrate.slope)
    if pipeline.problem == "binary":
        yield "OFFSET", ascii(calibrate.offset)
        yield "LINES", ascii(model.lines)
        yield "THRESHOLD", ascii(0.5 if pipeline.threshold is None else pipeline.threshold)
    if pipeline.problem == "multiclass":
        yield "OFFSETS", ascii(calibrate.offsets or (0.0,) * len(pipeline.classes))
    yield "SCORES", ascii(model.scores)


def _parts(model: PlainModel) -> str:
    """Return the numbers of every part, which stand below the functions that read them."""
    lines = ["\n"]
    for part in model.parts:
        if isinstance(part, Trees):
            name, details = "trees", [part.zero, part.zero_missing, part.floor]
            tables = [_lines(part.nodes), ascii(part.leaves), ascii(part.roots)]
        else:
            name, details = "weighted", [part.positions, part.intercept, part.coefficients]
            tables = []
        told = ", ".join([*map(ascii, details), *tables])
        lines.append(f"    ({part.weight!a}, {name}, ({told})),")
    return "\n".join(["\n\nPARTS = (", *lines[1:], ")\n"])


def _code(code: NumberCode | OrdinalCode | OneHotCode) -> tuple[Json, ...]:
    if isinstance(code, NumberCode):
        fill = float("nan") if code.fill is None else code.fill
        details: tuple[Json, ...] = (
            *(code.sentinels, fill, code.shift, code.scale, code.indicator),
        )
    elif isinstance(code, OrdinalCode):
        details = ({level: float(at) for at, level in enumerate(code.levels)}, code.unknown)
    else:
        details = ({level: at for at, level in enumerate(code.levels)},)
    return code.op, code.column, details


def _lines(values: Iterable[tuple[Any, ...]]) -> str:
    """Return a tuple of tuples, one a line."""
    return "(\n" + "".join(f"    {tuple(value)!a},\n" for value in values) + ")"
