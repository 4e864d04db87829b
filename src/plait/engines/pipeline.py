"""What surrounds a model in an artefact: encode -> model -> calibrate -> interval -> threshold.

It is written as `pipeline.json` beside the model's own file and holds everything that turns a row
into the model's matrix and the model's raw score into an answer, as plain numbers.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from plait.core.contract import Problem
from plait.core.ids import Json

PIPELINE = "pipeline.json"


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


Code = NumberCode | OrdinalCode | OneHotCode
_CODES: dict[str, type[Code]] = {
    "number": NumberCode,
    "ordinal": OrdinalCode,
    "one_hot": OneHotCode,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """Raw scores into probabilities (Platt 1999; temperature: Guo et al. 2017).

    `sigmoid`: p = 1 / (1 + exp(-(slope * raw + offset))) on the log-odds of a binary problem.
    `temperature`: softmax(slope * raw) of a multiclass problem; offset is 0.
    A slope of 1 and an offset of 0 leave the model's own probabilities.
    """

    slope: float = 1.0
    offset: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """A split-conformal interval of a regression (Papadopoulos 2002): answer +- half_width."""

    level: float
    half_width: float


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
    """

    problem: Problem
    classes: tuple[bool | int | float | str, ...]
    encode: tuple[Code, ...]
    calibrate: Calibration | None = None
    interval: Interval | None = None
    threshold: float | None = None
    abstain: float | None = None

    @property
    def width(self) -> int:
        """Columns of the model's matrix."""
        return sum(code.width for code in self.encode)

    def record(self) -> dict[str, Json]:
        """Return the pipeline ready for JSON."""
        return asdict(self)

    @classmethod
    def read(cls, record: Mapping[str, Json]) -> "Pipeline":
        """Return the pipeline that `record()` wrote.

        Raises:
            KeyError, TypeError: a part is missing or unknown.
        """
        parts: dict[str, Any] = dict(record)
        parts["classes"] = tuple(parts["classes"])
        parts["encode"] = tuple(_code(code) for code in parts["encode"])
        for name, kind in (("calibrate", Calibration), ("interval", Interval)):
            parts[name] = None if parts[name] is None else kind(**parts[name])
        return cls(**parts)


def _code(record: Mapping[str, Any]) -> Code:
    parts = {key: tuple(v) if isinstance(v, list) else v for key, v in record.items()}
    kind: type[Any] = _CODES[record["op"]]
    code: Code = kind(**parts)
    return code
