"""What is said of one field where a text names it."""

import re
from dataclasses import dataclass, replace

from plait.core.columns import Scalar
from plait.core.schema import Field
from plait.tasks.tabular.alias import GENERIC, label
from plait.tasks.tabular.literal import converted, is_flag, numbers

_BETWEEN = GENERIC | {
    "a", "about", "amounts", "an", "approx", "approximately", "are", "around", "at", "be", "comes",
    "currently", "equal", "equals", "exactly", "in", "is", "just", "my", "now", "of", "only", "our",
    "roughly", "stands", "the", "to", "today", "totals", "were", "would", "your",
}  # fmt: skip
"""Words that join a name and the value behind it."""

_BEHIND = frozenset({"a", "an", "as", "for", "in", "is", "my", "of", "our", "the", "total"})
"""Words that join a value and the name behind it."""

_REACH = 100  # characters between a name and what is said of it
_SEPARATOR = re.compile(r"""[\s"'”“`*_]*[:=|][\s"'”“`*_]*\Z|\s+[-–—]\s+\Z""")
_ASIDE = re.compile(r"\(([^()\d]*)\)")
_WORDS = re.compile(r"[^\W\d_]+(?:['’][a-z]+)?")
_MARKS = re.compile(r"""[\s:=|"'”“`*_()~≈]*\Z""")
_SAYS = re.compile(
    r"""[\s"'*_]*(?:\([^()]*\))?["'*_]*\s*(?:[:=|?]|\bis\b)[\s"'*_]*"""
    r"(?:(?P<yes>yes|true|y|1)|(?P<no>no|false|n|0|never|none))\b",
    re.IGNORECASE,
)
_CLAIM = re.compile(
    r"""
    \s* (?: (?:and|but|also|so|well|yes|no|hi|hello|currently|,) \W+ )*
    (?P<who> (?:i|we|(?:the|our|this)\s(?:applicant|borrower|customer|client))(?=\W) )?
    (?: \s* (?: am|are|is|['’](?:m|re|ve|s)|have|has|had|do|does|did|been|ever|currently|actually
        | also|yet|a|an | (?P<not> not|never|no\slonger ) ) (?=\W)
      | (?P<nt> \s*(?:do|does|did|have|has|is|are)n['’]t ) (?=\W) )*
    \s*\Z
    """,
    re.VERBOSE | re.IGNORECASE,
)
_CLAUSE = re.compile(r"[,;:.!?\n()•|]|\s(?:and|but)\s", re.IGNORECASE)
_ITEM_END = re.compile(r"\s*(?:[,;.!\n)]|and\b|\Z)", re.IGNORECASE)
_SHORT = re.compile(
    r"\s*(?:(?:yes|no|ok|it['’]?s|it is|is|about|that is|that['’]s)[,\s]+)*(.*?)[.!\s]*\Z",
    re.IGNORECASE | re.DOTALL,
)
_YES = re.compile(r"\s*(?:(yes|true|y)|(no|false|n|never))\b[.!\s]*\Z", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mention:
    """One mention of a field's value, or of something that cannot be its value."""

    field: str
    start: int
    end: int
    value: Scalar = None
    doubt: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a text names a field, and how far what is said of it may lie from there.

    Attributes:
        field: that is named.
        start: offset of the name.
        end: offset behind it.
        floor: offset behind the name before it.
        stop: offset of the name after it.
    """

    field: Field
    start: int
    end: int
    floor: int
    stop: int

    def mention(self) -> Mention:
        """Return a mention of the name alone, to be filled in."""
        return Mention(field=self.field.name, start=self.start, end=self.end)


def read_mention(text: str, place: Place, used: set[int]) -> Mention | None:
    """Return what is said of a field at a place that names it; None when nothing is.

    Args:
        text: of the message.
        place: where the field is named.
        used: where numbers start that belong to another name; the one read is added.
    """
    if is_flag(place.field):
        return _flag(text, place)
    if place.field.kind == "number":
        return _number(text, place, used)
    tail = text[place.end : min(place.stop, place.end + 2 * _REACH)]
    if place.field.kind == "category":
        return _level(tail, place)
    written = re.match(r"""["'*_]*\s*[:=|]\s*["']?([^\n,;"']+)""", tail)
    if written is None or not written[1].strip():
        return None
    return replace(place.mention(), end=place.end + written.end(), value=written[1].strip())


def _number(text: str, place: Place, used: set[int]) -> Mention | None:
    """Return the number that is joined to the name, if exactly one is."""
    wanted = place.field
    low, high = max(place.floor, place.start - _REACH), min(place.stop, place.end + _REACH)
    found = [each for each in numbers(text, wanted, low, high) if each.start not in used]
    ahead = [
        each
        for each in found
        if place.end <= each.start < place.stop and _joined(text[place.end : each.start], wanted)
    ]
    behind = [
        each
        for each in found
        if place.floor <= each.start < place.start and _behind(text[each.end : place.start])
    ]
    near = [*ahead[:1], *behind[-1:]]
    if not near:
        return None
    start, end = min(place.start, *(n.start for n in near)), max(place.end, *(n.end for n in near))
    said = replace(place.mention(), start=start, end=end)
    if len(near) > 1:
        return replace(said, doubt="two numbers stand beside it")
    used.add(near[0].start)
    in_unit = bool(ahead) and _unit_said(text[place.end : near[0].start], wanted)
    return _with(said, converted(near[0], wanted, in_unit=in_unit))


def _with(said: Mention, value: float | str) -> Mention:
    """Return the mention with the value, or with the doubt about it."""
    if isinstance(value, str):
        return replace(said, doubt=value)
    return replace(said, value=value)


def _joined(gap: str, wanted: Field) -> bool:
    """Tell whether what stands between a name and a number only joins them."""
    if _SEPARATOR.fullmatch(gap):
        dash = gap.strip() in ("-", "–", "—")
        return not dash or wanted.low is None or wanted.low >= 0
    bare = _ASIDE.sub(" ", gap)
    if "\n" in bare.strip() or not _MARKS.fullmatch(_WORDS.sub("", bare.replace("-", " "))):
        return False
    if "-" in gap and re.search(r"[-–]\s*\Z", gap):
        return False
    allowed = _BETWEEN.union(re.findall(r"\w+", f"{label(wanted)} {wanted.unit}".casefold()))
    said = [word.casefold() for word in _WORDS.findall(bare)]
    return len(said) <= 6 and all(word in allowed for word in said)


def _behind(gap: str) -> bool:
    """Tell whether what stands between a number and a name behind it only joins them."""
    return not re.sub(r"[^\W\d_]+|[ \t\"'*_]", "", gap) and all(
        word.casefold() in _BEHIND for word in _WORDS.findall(gap)
    )


def _unit_said(gap: str, wanted: Field) -> bool:
    """Tell whether the words between say that the number is in the field's unit."""
    return bool(wanted.unit) and wanted.unit.casefold() in " ".join(gap.casefold().split())


def _flag(text: str, place: Place) -> Mention | None:
    """Return a yes or no: `name: yes`, `I am name`, `I have never name`, `not name`."""
    said, start, end = place.mention(), place.start, place.end
    says = _SAYS.match(text, end)
    if says is not None:
        return replace(said, end=says.end(), value=_truth(place.field, says["yes"] is not None))
    low = max(0, start - _REACH)
    first = max((match.end() for match in _CLAUSE.finditer(text, low, start)), default=low)
    before = text[first:start]
    claim = _CLAIM.fullmatch(before)
    if claim is None:
        return None
    denied = claim["not"] is not None or claim["nt"] is not None
    alone = _ITEM_END.match(text, end) is not None and (denied or not before.strip())
    if claim["who"] is None and not alone:
        return None
    start = first + len(before) - len(before.lstrip())
    return replace(said, start=start, value=_truth(place.field, not denied))


def _truth(wanted: Field, value: bool) -> Scalar:
    return value if wanted.kind == "boolean" else int(value)


def _level(tail: str, place: Place) -> Mention | None:
    for level in sorted(place.field.levels, key=len, reverse=True):
        match = re.search(rf"(?<!\w){re.escape(level)}(?!\w)", tail, re.IGNORECASE)
        if match and _joined(tail[: match.start()], place.field):
            return replace(place.mention(), end=place.end + match.end(), value=level)
    return None


def read_short(text: str, wanted: Field) -> Mention | None:
    """Return a message that is nothing but a value, as the answer to what was asked."""
    start, end = len(text) - len(text.lstrip()), len(text.rstrip())
    said = Mention(field=wanted.name, start=start, end=end)
    plain = _YES.match(text)
    if is_flag(wanted):
        return replace(said, value=_truth(wanted, plain[1] is not None)) if plain else None
    short = _SHORT.fullmatch(text)
    core = short[1] if short else ""
    if wanted.kind == "category":
        level = next((each for each in wanted.levels if each.casefold() == core.casefold()), None)
        return replace(said, value=level) if level is not None else None
    number = next(numbers(core, wanted), None) if wanted.kind == "number" else None
    if number is None or (number.start, number.end) != (0, len(core)):
        return None
    return _with(said, converted(number, wanted))
