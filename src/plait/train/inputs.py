"""What candidates are given: columns as they are, features computed of them, and what texts say.

A candidate is a method and its inputs. Where a contract declares features that are made of columns,
each method races on the raw columns, on these and the expressions (`+engineered`), and on all of
that and the texts (`+learned`), so that the decision can say what each was worth.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, TypeAlias

import numpy as np

from plait.core.contract import Contract, FeatureNote
from plait.core.errors import InvalidSettings, suggestion
from plait.core.expression import Expression, Kind, parse_expression
from plait.core.ids import Json
from plait.core.schema import Field, time_of
from plait.engines.derive import Deriver
from plait.engines.pipeline import Derived, Read
from plait.store.frame import ColumnKind, RawColumn
from plait.train.feature import Feature, missing, read_feature

Level: TypeAlias = Literal["raw", "engineered", "learned"]

_KINDS: Mapping[ColumnKind, Kind] = {
    "number": "number",
    "boolean": "number",
    "string": "text",
    "time": "time",
}
_SAYS: Mapping[Kind, str] = {
    "number": "a number",
    "text": "text, which can only be compared with a level in quotes",
    "time": "a time, of which year(), month(), day(), weekday(), hour() and days() can be asked",
}


@dataclass(frozen=True, slots=True)
class Inputs:
    """What the candidates of a contract may be given beside each other.

    Attributes:
        raw: the columns that are given as they are.
        engineered: what is computed of columns.
        learned: the columns whose texts are read, with what people call them.
    """

    raw: tuple[str, ...]
    engineered: tuple[Derived, ...] = ()
    learned: Mapping[str, str] = field(default_factory=dict)

    @property
    def levels(self) -> tuple[Level, ...]:
        """What is raced, the simplest first."""
        found: list[Level] = ["raw"]
        if self.engineered:
            found.append("engineered")
        if self.learned:
            found.append("learned")
        return tuple(found)

    def derived(self, level: Level) -> tuple[Derived, ...]:
        """Return what is computed at a level."""
        return () if level == "raw" else self.engineered

    def record(self, level: Level) -> dict[str, Json]:
        """Return what makes the inputs of a level what they are; part of the evidence."""
        expressions = {each.field.name: each.expr for each in self.derived(level)}
        found: dict[str, Json] = {"inputs": level}
        if expressions:
            found["expressions"] = expressions
        if level == "learned":
            found["read"] = sorted(self.learned)
        return found


def read_inputs(
    columns: Sequence[RawColumn], contract: Contract, raw: Sequence[Feature], never: Collection[str]
) -> tuple[Inputs | None, list[Feature], list[str]]:
    """Read what a contract declares beyond columns.

    Args:
        columns: the rows to learn from.
        contract: has the expressions.
        raw: the columns that candidates learn from as they are.
        never: columns that nothing may be made of, such as the target.

    Returns:
        What may be raced, None where only columns are; the features, with those columns that are
        only read; and a sentence on each expression that is left out.

    Raises:
        InvalidSettings: `settings_wrong_value`, when an expression cannot be computed of the data.
    """
    named = {column.name: column for column in columns}
    found = {each.field.name: each for each in raw}
    names = tuple(found)
    derived, notes = [], []
    learned = {name: note.label for name, note in contract.features.items() if note.embed}
    for name in learned:
        _check_text(named[name], never, {*named, *contract.features})
        found[name] = _text(named[name])
    for name, note in contract.features.items():
        if not note.expr:
            continue
        try:
            expression = _understood(name, note, named, never)
        except InvalidSettings as error:
            error.where = f"features.{name}.expr"
            raise
        read = {each: found.get(each) or _only_read(named[each]) for each in expression.kinds}
        made = _derived(name, note, expression, read)
        if isinstance(made, str):
            notes.append(f"{name} is left out: {made}.")
        else:
            derived.append(made)
            found |= read
    order = {column.name: place for place, column in enumerate(columns)}
    features = sorted(found.values(), key=lambda each: order[each.field.name])
    inputs = Inputs(names, tuple(derived), learned) if derived or learned else None
    return inputs, features if inputs else list(raw), notes


def _understood(
    name: str, note: FeatureNote, columns: Mapping[str, RawColumn], never: Collection[str]
) -> Expression:
    """Return an expression whose columns are there and of the kinds it wants."""
    if name in columns:
        raise _wrong(f"{name!r} is a column of the data", "give what is computed another name")
    expression = parse_expression(note.expr)
    for column, kind in expression.kinds.items():
        if column not in columns:
            raise _wrong(f"{column!r} is no column of the data", suggestion(column, columns))
        if column in never:
            hint = "no feature may know the target, or what the contract excludes"
            raise _wrong(f"{column!r} may not be read", hint)
        has = _KINDS[columns[column].kind]
        if kind not in (has, "any"):
            raise _wrong(f"{column!r} is {_SAYS[has]}, and is read as a {kind}", "")
    return expression


def _check_text(column: RawColumn, never: Collection[str], names: Collection[str]) -> None:
    """Look at a column whose text is to be read; `names` are those of all others."""
    score = score_name(column.name)
    taken = [name for name in names if name == score or name.startswith(f"{score}: ")]
    where = f"features.{column.name}.embed"
    if column.name in never:
        reason, hint = "may not be read", "no feature may know the target or what is excluded"
    elif column.kind != "string":
        reason, hint = f"is a {column.kind}, not text", "remove `embed`"
    elif bool(missing(column).all()):
        reason, hint = "has no text in any row", "remove it from features"
    elif taken:
        reason, hint = f"would have a score called {taken[0]!r}", "give that feature another name"
    else:
        return
    message = f"{column.name!r} {reason}"
    raise InvalidSettings("settings_wrong_value", message, where=where, hint=hint)


def score_name(column: str, level: str = "") -> str:
    """Return what the score of a column's text is called: of a level, where each has one.

    Example:
        >>> score_name("notes", "yes")
        'score of notes: yes'
    """
    return f"score of {column}: {level}" if level else f"score of {column}"


def _text(column: RawColumn) -> Feature:
    """Return a column as free text."""
    absent = bool(missing(column).any())
    return Feature(Field(name=column.name, kind="text", nullable=absent), column.values)


def _only_read(column: RawColumn) -> Feature:
    """Return a column that no candidate learns from as it is."""
    found = read_feature(column, FeatureNote())
    if isinstance(found, Feature):
        return found
    absent = bool(missing(column).any())
    if column.kind == "number":
        values = np.where(np.isinf(column.values), np.nan, column.values)
        plain = Field(name=column.name, kind="number", nullable=absent, integer=column.integer)
        return Feature(plain, values)
    if column.kind == "string":
        return _text(column)
    if column.kind == "boolean":
        return Feature(Field(name=column.name, kind="boolean", nullable=absent), column.values)
    values = column.values.copy()  # 2024-02-30 looks like a time, and is none
    values[[text is not None and time_of(text) is None for text in values]] = None
    absent = any(text is None for text in values)
    return Feature(Field(name=column.name, kind="time", nullable=absent), values)


def _derived(
    name: str, note: FeatureNote, expression: Expression, found: Mapping[str, Feature]
) -> Derived | str:
    """Return what is computed, or why nothing can be learnt from it."""
    fields = [found[column].field for column in expression.kinds]
    made = Derived(
        field=Field(name=name, kind="number"),
        expr=expression.text,
        reads=tuple(
            Read(column=each.name, kind=each.kind, sentinels=each.sentinels) for each in fields
        ),
    )
    rows = len(found[fields[0].name].values)
    columns = {each.name: found[each.name].values for each in fields}
    values = np.asarray(Deriver([made]).added(columns, rows)[name], dtype=np.float64)
    there = values[~np.isnan(values)]
    if not len(there):
        return "it has no value in any row"
    low, high = float(there.min()), float(there.max())
    if low == high and len(there) == rows:
        return f"it is {low:g} in every row"
    whole = Field(
        name=name,
        kind="number",
        nullable=len(there) < rows,
        integer=bool(np.all(there % 1 == 0)),
        low=low,
        high=high,
        label=note.label,
        unit=note.unit,
        also=note.also,
    )
    return replace(made, field=whole)


def _wrong(message: str, hint: str) -> InvalidSettings:
    return InvalidSettings("settings_wrong_value", message, hint=hint)
