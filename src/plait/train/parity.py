"""The gate of every export: it must answer as its artefact does, on rows made to find a difference.

The rows are drawn from the ranges and levels that the schema recorded, and in half of their fields
they stand on an edge: at, just below and just above every threshold of the model's trees, every
sentinel and every end of a range; no value, and a level that training never saw. Some rows have one
value that the server refuses, such as an infinity, and the export must refuse them too.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np

from plait.core.columns import Row, Scalar
from plait.core.errors import EngineError, InvalidRequest, shown
from plait.core.expression import texts_in
from plait.core.ids import Json
from plait.core.protocol import Predictor
from plait.core.schema import Field, RowReader
from plait.engines.answer import level_text, probability_columns
from plait.engines.pipeline import NumberCode
from plait.train.export_model import Outcome, PlainModel, Run, refused

ROWS = 10_000
TOLERANCE = 1e-6
ODD_ROWS = 40
"""One row in so many has a value that may be refused, or is far from all others."""

Edges = list[Scalar]


@dataclass(frozen=True, slots=True, kw_only=True)
class Parity:
    """How alike an export and its artefact answer.

    Attributes:
        rows: that both were asked.
        refused: of these, by both.
        difference: the largest between two numbers they answered; of a predicted number beyond 1
            relative to its size.
    """

    rows: int
    refused: int
    difference: float

    def record(self) -> dict[str, Json]:
        """Return it ready for JSON."""
        return {"rows": self.rows, "refused": self.refused, "difference": self.difference}


def check(predictor: Predictor, model: PlainModel, run: Run, rows: Sequence[Row]) -> Parity:
    """Compare an export with the engine, row by row.

    Args:
        predictor: what runs the artefact.
        model: what the export was written from.
        run: the export.
        rows: what to ask.

    Raises:
        Refused: `export_refused`, with the first row on which the predicted level, a refusal, or
            a number by more than `TOLERANCE` differs.
    """
    largest, declined = 0.0, 0
    for row, expected, found in zip(rows, answers(predictor, model, rows), run(rows), strict=True):
        if expected is None or found is None:
            declined += 1
            gap = 0.0 if expected is found else math.inf
        else:
            gap = _gap(expected, found)
        if not gap <= TOLERANCE:
            raise refused(
                f"the export answers {_told(found)} where the artefact answers {_told(expected)}, "
                f"and was not written; the row: {dict(row)}",
                hint="please report it, with the artefact; `plait serve` answers as measured",
            )
        largest = max(largest, gap)
    return Parity(rows=len(rows), refused=declined, difference=largest)


def answers(predictor: Predictor, model: PlainModel, rows: Sequence[Row]) -> list[Outcome]:
    """Return what the engine answers each row, read as the server reads it."""
    reader = RowReader(model.input)
    names = probability_columns(model.pipeline.classes)
    if not names:
        names = ("prediction", *(() if model.half_width is None else ("lower", "upper")))

    def answer(row: Row) -> Outcome:
        try:
            found = predictor.predict(reader.columns([row]))
        except (InvalidRequest, EngineError):
            return None
        label = level_text(found["prediction"][0]) if model.labels else ""
        return label, tuple(float(found[name][0]) for name in names)

    return [answer(row) for row in rows]


def make_rows(model: PlainModel, least: int = ROWS, *, seed: int = 0) -> list[Row]:
    """Return rows for the gate: `least`, or more when there are more edges; always the same."""
    random = np.random.default_rng(seed)
    fields = model.input.fields
    edges = {field.name: _edges(model, field) for field in fields}
    odd = [(field.name, value) for field in fields for value in _odd(field)]
    # Half of the fields of a row stand on an edge: so many rows show every edge.
    count = max(least, 2 * max(map(len, edges.values())) + 2 * ODD_ROWS)
    columns = {field.name: _column(field, edges[field.name], count, random) for field in fields}
    rows: list[dict[str, Scalar]] = [
        {name: column[at] for name, column in columns.items()} for at in range(count)
    ]
    places = random.permutation(count)[: max(len(odd), count // ODD_ROWS)]
    for at, place in enumerate(places.tolist()):
        name, value = odd[at % len(odd)]
        rows[place] = {field.name: _usual(field, random) for field in fields} | {name: value}
    return list(rows)


def _column(field: Field, edges: Edges, count: int, random: np.random.Generator) -> list[Scalar]:
    """Return a value per row: half of them the edges in turn, the others usual ones."""
    order = random.permutation(count)
    column = [_usual(field, random) for _ in range(count)]
    if edges:
        for at, place in enumerate(order[: (count + 1) // 2].tolist()):
            column[place] = edges[at % len(edges)]
    return column


def _usual(field: Field, random: np.random.Generator) -> Scalar:
    """Draw a value as training may have seen it."""
    if field.nullable and random.random() < 0.1:
        return None
    if field.kind == "boolean":
        return bool(random.random() < 0.5)
    if field.kind == "time":
        return "2024-05-31"
    if field.kind != "number":
        return field.levels[int(random.integers(len(field.levels)))] if field.levels else "a text"
    if field.sentinels and random.random() < 0.1:
        return field.sentinels[int(random.integers(len(field.sentinels)))]
    low = 0.0 if field.low is None else field.low
    high = low + 1.0 if field.high is None else field.high
    value = float(random.uniform(low, high))
    return int(value) if field.integer else value


def _edges(model: PlainModel, field: Field) -> Edges:
    """Return the values of a field beside which the model may change its mind; none twice."""
    found: Edges = [None] if field.nullable else []
    codes = [(start, code) for start, code in model.starts() if code.column == field.name]
    if field.kind == "boolean":
        return [*found, True, False]
    if field.kind == "time":  # which an export takes as it is, and nothing in it reads
        return [*found, "2024-05-31T10:00:00Z"]
    if field.kind != "number":
        unseen = [*(f"{level} " for level in field.levels[:3]), "never seen", "\N{SNOWMAN}"]
        compared = [text for formula in model.formulas for text in texts_in(formula.tree)]
        known = [level for _, code in codes if not isinstance(code, NumberCode)
                 for level in code.levels]  # fmt: skip
        return [*found, *dict.fromkeys([*field.levels, *known, *compared, *unseen])]
    numbers = [0.0, -1.0, *field.sentinels]
    numbers += [end for end in (field.low, field.high) if end is not None]
    for start, code in codes:
        if isinstance(code, NumberCode):
            numbers += (cut * code.scale + code.shift for cut in model.thresholds(start))
            numbers += code.sentinels
    return [*found, *sorted(set(chain.from_iterable(map(_beside, numbers))))]


def _beside(number: float) -> Iterator[float]:
    """Yield a number and its neighbours among the doubles, as far as they are finite."""
    for each in (math.nextafter(number, -math.inf), number, math.nextafter(number, math.inf)):
        if math.isfinite(each):
            yield each


def _odd(field: Field) -> Iterator[Scalar]:
    """Yield values that the server refuses, or that are as far out as a number can be."""
    yield None
    if field.kind == "number":
        yield from (math.inf, -math.inf, math.nan, 1.7976931348623157e308, -1e300, 1e-320, -1e-36)
        yield from (1e15, -(2**62), True)


def _gap(expected: tuple[str, tuple[float, ...]], found: tuple[str, tuple[float, ...]]) -> float:
    """Return the largest difference between two answers; infinite between two levels."""
    if expected[0] != found[0] or len(expected[1]) != len(found[1]):
        return math.inf
    return max(
        abs(wanted - given) / max(1.0, abs(wanted))
        for wanted, given in zip(expected[1], found[1], strict=True)
    )


def _told(outcome: Outcome) -> str:
    """Say an answer in a message."""
    if outcome is None:
        return "nothing"
    level, numbers = outcome
    return shown((level, *numbers) if level else numbers)
