"""Numbers as people write them, brought to a field's unit only where that is arithmetic."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from plait.core.schema import Field

_SCALES = {
    "k": 1e3,
    "thousand": 1e3,
    "m": 1e6,
    "mn": 1e6,
    "million": 1e6,
    "bn": 1e9,
    "billion": 1e9,
}
_BASES = {
    "$": "usd", "usd": "usd", "dollar": "usd", "€": "eur", "eur": "eur", "euro": "eur",
    "£": "gbp", "gbp": "gbp", "pound": "gbp", "%": "percent", "percent": "percent",
    "per cent": "percent", "pct": "percent",
}  # fmt: skip
_MONEY = frozenset({"usd", "eur", "gbp"})
_NUMBER = re.compile(
    r"""
    (?<![\w.,$€£]) (?P<minus> [-−–](?=[$€£]?\.?\d) | (?:minus|negative)\s )?
    (?P<mark> [$€£] | (?:USD|EUR|GBP)\s )?
    (?P<digits> \d{1,3}(?:,\d{3})+(?:\.\d+)? | \d+(?:\.\d+)? | \.\d+ ) (?![\d%]*[.,]?\d)
    (?: [ ]?(?P<scale> (?:k|mn?|bn)\b | thousand\b | million\b | billion\b ) )?
    (?: [ ]?(?P<unit> [%$€£] | per[ ]cent\b | [^\W\d_]+ ) )?
    """,
    re.VERBOSE | re.IGNORECASE,
)
_LONGEST = 60  # characters of a number with its unit
_RANGE = re.compile(r"\s?(?:[-–/]|to|or)\s?[$€£]?\d", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Number:
    """A number in a text.

    Attributes:
        start: offset of its first character.
        end: offset behind its last, its scale and unit included.
        value: what the digits say, with the sign.
        scale: what `k`, `thousand`, `million` multiply it with; None when nothing stands there.
        base: `usd`, `percent`, ... or the word behind it if that is the field's unit; "" else.
    """

    start: int
    end: int
    value: float
    scale: float | None
    base: str


def numbers(text: str, field: Field, start: int = 0, end: int | None = None) -> Iterator[Number]:
    """Yield the numbers of a text as they are to be read for `field`; ranges are none.

    Args:
        text: that they stand in.
        field: tells the unit.
        start: offset from which on they may begin.
        end: offset before which they begin; None is the end of the text.
    """
    _, wanted = measure(field.unit)
    last = len(text) if end is None else end
    past = 0
    for match in _NUMBER.finditer(text, start, last + _LONGEST):
        if match.start() >= last:
            break
        first, stop = match.start(), match.end()
        word = (match["unit"] or "").casefold()
        base = _base(word)
        if base not in (*_BASES.values(), wanted) or not base:
            stop, base = match.end("scale") if match["scale"] else match.end("digits"), ""
        if match["mark"]:
            base = _BASES[match["mark"].strip().casefold()]
        ranged = _RANGE.match(text, stop) or _RANGE.match(text, match.end("digits"))
        if first < past or ranged:
            past = ranged.end() if ranged else past
            continue
        value = float(match["digits"].replace(",", "")) * (-1.0 if match["minus"] else 1.0)
        scale = _SCALES[match["scale"].casefold()] if match["scale"] else None
        yield Number(start=first, end=stop, value=value, scale=scale, base=base)


def measure(unit: str) -> tuple[float, str]:
    """Return what a unit multiplies by and what it counts: `thousand usd` is (1000, `usd`)."""
    words = unit.casefold().split()
    scale = _SCALES[words.pop(0)] if words and words[0] in _SCALES else 1.0
    return scale, _base(" ".join(words))


def converted(number: Number, field: Field, *, in_unit: bool = False) -> float | str:
    """Return the number in the field's unit, or a sentence that says why it cannot be told.

    Args:
        number: as it stands in the text.
        field: that it belongs to.
        in_unit: whether the text says that it is in the field's unit.
    """
    scale, base = measure(field.unit)
    shown = field.unit or "a plain number"
    if number.base and number.base != base:
        if number.base == "percent" and not base and not field.integer:
            return _checked(number.value / 100.0, field)
        return f"it is in {number.base}, and {shown} is needed"
    if number.base or number.scale is not None:
        if base not in _MONEY and not number.base and base:
            return f"please say it in {shown}"
        if in_unit:
            return f"it has two units; please say it in {shown}"
        return _checked(number.value * (number.scale or 1.0) / scale, field)
    seen = field.low is None or field.high is None or field.low <= number.value <= field.high
    if not in_unit and scale != 1.0 and not seen:
        return f"please say it in {shown}, or with its currency"
    if not in_unit and base == "percent" and 0.0 < abs(number.value) < 1.0:
        return "it may be a share or a percentage; please write the percent sign"
    return _checked(number.value, field)


def is_code(field: Field) -> bool:
    """Tell whether a number stands for one of few cases: whole, without a unit, in a range."""
    return field.integer and not field.unit and field.low is not None and field.high is not None


def is_flag(field: Field) -> bool:
    """Tell whether a field says yes or no: a boolean, or a whole number that is 0 or 1."""
    return field.kind == "boolean" or (is_code(field) and (field.low, field.high) == (0.0, 1.0))


def _checked(value: float, field: Field) -> float | str:
    """Return the value, whole where it may be, unless it means something else in the data."""
    value = round(value, 9)
    if value in field.sentinels:
        return f"{value:g} stands for a missing value in the data"
    if is_code(field):
        assert field.low is not None
        assert field.high is not None
        if not value.is_integer() or not field.low <= value <= field.high:
            return f"it is a whole number from {field.low:g} to {field.high:g}"
    return int(value) if field.integer and value.is_integer() else value


def _base(word: str) -> str:
    return _BASES.get(word) or _BASES.get(word.removesuffix("s")) or word.removesuffix("s")
