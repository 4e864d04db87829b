"""What surrounds a model in an artefact: derive -> encode -> model -> calibrate -> interval.

It is written as `pipeline.json` beside the model's own file and holds everything that turns a row
into the model's matrix and the model's raw score into an answer, as plain numbers.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from itertools import pairwise
from typing import Any, Literal

from plait.core.contract import Problem
from plait.core.ids import Json
from plait.core.schema import Field, FieldKind

PIPELINE = "pipeline.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """A column that an expression reads.

    Attributes:
        column: name of the field.
        kind: of the field.
        sentinels: values read as missing.
    """

    column: str
    kind: FieldKind
    sentinels: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Derived:
    """A number computed from a row before anything is encoded.

    Attributes:
        field: what it is; it may be encoded like a field of the input.
        expr: an expression; see `plait.core.expression`.
        reads: the columns that it reads.
    """

    field: Field
    expr: str
    reads: tuple[Read, ...]

    @property
    def fields(self) -> tuple[Field, ...]:
        """What it adds."""
        return (self.field,)

    @property
    def columns(self) -> tuple[str, ...]:
        """What it is made of."""
        return tuple(read.column for read in self.reads)

    def record(self) -> dict[str, Json]:
        """Return it ready for JSON."""
        return {
            "field": self.field.record(),
            "expr": self.expr,
            "reads": [asdict(read) for read in self.reads],
        }

    @classmethod
    def read(cls, record: Mapping[str, Any]) -> "Derived":
        """Return what `record()` wrote."""
        return cls(
            field=Field.read(record["field"]),
            expr=record["expr"],
            reads=tuple(Read(**_tuples(each)) for each in record["reads"]),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class TextScore:
    """What the text of a column says: `intercept + weights . vector` of a sentence encoder.

    Attributes:
        column: name of the field.
        fields: what the scores are, one each; they may be encoded like fields of the input.
        weights: the artefact's file of their (k, width) weights.
        intercept: one per score.
    """

    column: str
    fields: tuple[Field, ...]
    weights: str
    intercept: tuple[float, ...]

    @property
    def columns(self) -> tuple[str, ...]:
        """What it is made of."""
        return (self.column,)

    def record(self) -> dict[str, Json]:
        """Return it ready for JSON."""
        return {
            "column": self.column,
            "fields": [field.record() for field in self.fields],
            "weights": self.weights,
            "intercept": list(self.intercept),
        }

    @classmethod
    def read(cls, record: Mapping[str, Any]) -> "TextScore":
        """Return what `record()` wrote."""
        fields = tuple(Field.read(each) for each in record["fields"])
        return cls(**{**_tuples(record), "fields": fields})


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberCode:
    """One number or boolean as `(x - shift) / scale`.

    Attributes:
        column: name of the field.
        sentinels: values read as missing.
        fill: what stands for missing before the shift; None leaves NaN.
        shift: usually a mean.
        scale: usually a standard deviation.
        indicator: whether a second position says 1.0 for missing.
    """

    column: str
    sentinels: tuple[float, ...] = ()
    fill: float | None = None
    shift: float = 0.0
    scale: float = 1.0
    indicator: bool = False
    op: Literal["number"] = "number"

    @property
    def width(self) -> int:
        """Positions it takes in the matrix."""
        return 2 if self.indicator else 1


@dataclass(frozen=True, slots=True, kw_only=True)
class OrdinalCode:
    """A category as the index of its level; an unknown level is `unknown`, missing is NaN.

    The levels are in an order that means something to a tree, such as by rate of the target.
    """

    column: str
    levels: tuple[str, ...]
    unknown: float = -1.0
    op: Literal["ordinal"] = "ordinal"

    @property
    def width(self) -> int:
        """Positions it takes in the matrix."""
        return 1


@dataclass(frozen=True, slots=True, kw_only=True)
class OneHotCode:
    """A category as one position per level, then one for unknown levels and missing values."""

    column: str
    levels: tuple[str, ...]
    op: Literal["one_hot"] = "one_hot"

    @property
    def width(self) -> int:
        """Positions it takes in the matrix."""
        return len(self.levels) + 1


@dataclass(frozen=True, slots=True, kw_only=True)
class LookupCode:
    """Each known value as a row of numbers of its own, as an imported model has it.

    Attributes:
        column: name of the field.
        keys: the values: texts, or numbers, as which booleans count too.
        rows: the numbers of each key; None stands for NaN.
        missing: those of a missing value.
        unknown: those of any other value.
    """

    column: str
    keys: tuple[str | float, ...]
    rows: tuple[tuple[float | None, ...], ...]
    missing: tuple[float | None, ...]
    unknown: tuple[float | None, ...]
    op: Literal["lookup"] = "lookup"

    def __post_init__(self) -> None:
        if {len(row) for row in (*self.rows, self.unknown)} != {len(self.missing)}:
            raise ValueError(f"the rows of {self.column!r} are of unlike widths")
        if len(self.keys) != len(self.rows):
            raise ValueError(f"{self.column!r} has not one row per key")

    @property
    def width(self) -> int:
        """Positions it takes in the matrix."""
        return len(self.missing)


Code = NumberCode | OrdinalCode | OneHotCode | LookupCode
_CODES: dict[str, type[Code]] = {
    "number": NumberCode,
    "ordinal": OrdinalCode,
    "one_hot": OneHotCode,
    "lookup": LookupCode,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """Raw scores into probabilities (Platt 1999; temperature: Guo et al. 2017).

    Two classes: p = 1 / (1 + exp(-curve(slope * raw + offset))) on the log-odds; the curve goes
    through the knots in straight lines, beyond them it runs on parallel to the identity, and
    without any it is the identity. More classes: softmax(slope * raw + offsets). A slope of 1 and
    nothing else leaves the model's own probabilities.

    Attributes:
        slope: above 0; below where the scores of an imported model are of the first class.
        offset: of two classes.
        offsets: one per class of three or more; empty adds none.
        knots: of two classes, pairs of log-odds before and after, both strictly ascending.
    """

    slope: float = 1.0
    offset: float = 0.0
    offsets: tuple[float, ...] = ()
    knots: tuple[tuple[float, float], ...] = ()

    def __post_init__(self) -> None:
        for (before, after), (further, higher) in pairwise(self.knots):
            if not (before < further and after < higher):
                raise ValueError("the knots of its calibration do not ascend")


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """A split-conformal interval of a regression.

    It is the answer +- half_width (Papadopoulos 2002), or what two models of quantiles say, moved
    outwards by half_width, which may be negative (Romano, Patterson and Candes 2019). The answer
    itself is always within.

    Attributes:
        level: the share of new rows it holds.
        half_width: in the unit of the target.
        quantiles: whether the model gives a lower and an upper number after the answer.
        by: a field whose levels have half widths of their own; "" when none has.
        groups: these, by the level as text; others have `half_width`.
    """

    level: float
    half_width: float
    quantiles: bool = False
    by: str = ""
    groups: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelSet:
    """A conformal set of levels (Sadinle, Lei and Wasserman 2019).

    It holds each level that is at least so probable, and always the most probable one.

    Attributes:
        level: the share of new rows whose true level it holds.
        least: one probability per class.
        by: a field whose levels have such probabilities of their own; "" when none has.
        groups: these, by the level as text; others have `least`.
    """

    level: float
    least: tuple[float, ...]
    by: str = ""
    groups: Mapping[str, tuple[float, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """The usual row of the positive class, against which a refusal is explained.

    Attributes:
        shares: the mean contribution of each field to the raw score, in the order of `encode`.
        values: the mean of each number, the most frequent level of each category; None for none.
    """

    shares: tuple[float, ...]
    values: tuple[bool | float | str | None, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pipeline:
    """Everything around the model.

    Attributes:
        problem: what is predicted.
        classes: levels of the target; for binary the second is the positive one.
        encode: one code per input field, in the order of the matrix.
        calibrate: None for a regression.
        interval: None unless a regression has one.
        threshold: the positive class is predicted from this probability on; None unless binary.
        abstain: a text whose confidence is below this is answered with None; None answers all.
        set: which levels are answered together for a stated coverage; None unless asked for.
        reference: whom an adverse answer is explained against; None unless asked for, and binary.
        derive: what is computed from a row first, for `encode` to read.
    """

    problem: Problem
    classes: tuple[bool | int | float | str, ...]
    encode: tuple[Code, ...]
    calibrate: Calibration | None = None
    interval: Interval | None = None
    threshold: float | None = None
    abstain: float | None = None
    set: LevelSet | None = None
    reference: Reference | None = None
    derive: tuple[Derived | TextScore, ...] = ()

    @property
    def by(self) -> str:
        """The field whose levels have intervals or sets of their own; "" when none has."""
        part = self.interval or self.set
        return part.by if part else ""

    @property
    def width(self) -> int:
        """Columns of the model's matrix."""
        return sum(code.width for code in self.encode)

    def record(self) -> dict[str, Json]:
        """Return the pipeline ready for JSON, without newer parts that it does not have."""
        found = asdict(self)
        found["derive"] = [each.record() for each in self.derive]
        for part in (found, found["calibrate"] or {}, found["interval"] or {}):
            for name in _NEWER & part.keys():
                if not part[name]:
                    del part[name]
        return found

    @classmethod
    def read(cls, record: Mapping[str, Json]) -> "Pipeline":
        """Return the pipeline that `record()` wrote.

        Raises:
            KeyError, TypeError, ValueError: a part is missing, unknown or mistaken.
        """
        parts: dict[str, Any] = dict(record)
        parts["classes"] = tuple(parts["classes"])
        parts["encode"] = tuple(_code(code) for code in parts["encode"])
        for name, kind in _PARTS.items():
            if parts.get(name) is not None:
                parts[name] = kind(**_tuples(parts[name]))
        parts["derive"] = tuple(
            (TextScore if "weights" in each else Derived).read(each)
            for each in parts.get("derive", ())
        )
        return cls(**parts)


_PARTS: dict[str, type[Any]] = {
    "calibrate": Calibration,
    "interval": Interval,
    "set": LevelSet,
    "reference": Reference,
}
_NEWER = frozenset({"offsets", "knots", "quantiles", "by", "groups", "set", "reference", "derive"})
"""Left out where they say nothing, so that an artefact keeps the id it had without them."""


def _code(record: Mapping[str, Any]) -> Code:
    kind: type[Any] = _CODES[record["op"]]
    code: Code = kind(**_tuples(record))
    return code


def _tuples(record: Mapping[str, Json]) -> dict[str, Any]:
    """Return the parts of what JSON read, with tuples for its lists."""
    return {name: _tuple(value) for name, value in record.items()}


def _tuple(value: Json) -> Json:
    if isinstance(value, Mapping):
        return _tuples(value)
    return tuple(map(_tuple, value)) if isinstance(value, list | tuple) else value
