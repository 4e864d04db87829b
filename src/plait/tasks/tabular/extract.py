"""The values of a row, read out of what a person wrote: only what stands there literally.

A value counts when its field's label, or a part or abbreviation of it that no other field shares,
stands beside it with nothing but words such as "is" or "of" between them. What is doubtful is not
guessed; it is said and asked for.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from plait.core.columns import Scalar
from plait.core.prompt import Message
from plait.core.schema import Field, Schema
from plait.core.sentence import sentences
from plait.tasks.tabular.alias import Alias, aliases, label
from plait.tasks.tabular.literal import is_flag
from plait.tasks.tabular.mention import Mention, Place, read_mention, read_short

_BEFORE = frozenset({
    "a", "also", "an", "and", "applicant", "applicant's", "apply", "applying", "but", "current",
    "currently", "dollars", "for", "get", "has", "have", "is", "million", "my", "need", "new", "no",
    "of", "or", "our", "percent", "plus", "request", "requesting", "the", "their", "thousand",
    "total", "want", "with",
})  # fmt: skip
"""Words before a part of a label that do not make another thing of it, as "joint income" would."""

_LONGEST_WORD = 40
_FORM = re.compile(r"""["'”`*_]*\s*[:=|]""")
_OWN = re.compile(
    r"\b(?:i|i['’]m|i['’]ve|my|mine|me|we|our|us|applicant|borrower)\b", re.IGNORECASE
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A value and where it stands.

    Attributes:
        field: name of the field.
        value: in the field's unit.
        message: index of the message.
        start: offset in it of the first character of the value or what it is called.
        end: offset behind the last.
    """

    field: str
    value: Scalar
    message: int
    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What messages say of a row.

    Attributes:
        schema: the fields that are looked for.
        found: field -> the last value said of it.
        doubts: field -> why what was said of it cannot be used.
    """

    schema: Schema
    found: Mapping[str, Found] = field(default_factory=dict)
    doubts: Mapping[str, str] = field(default_factory=dict)

    @property
    def missing(self) -> tuple[Field, ...]:
        """The fields still needed: without a value and never missing in the data."""
        return tuple(
            each
            for each in self.schema.fields
            if each.name not in self.found and (not each.nullable or each.name in self.doubts)
        )

    @property
    def row(self) -> dict[str, Scalar]:
        """The values so far; a field that may be missing and was not said is None."""
        row: dict[str, Scalar] = {name: each.value for name, each in self.found.items()}
        optional = (each.name for each in self.schema.fields if each.nullable)
        return row | {name: None for name in optional if name not in row}


def read_messages(schema: Schema, messages: Sequence[Message]) -> Reading:
    """Return what the user's messages say of the fields; the later overrides the earlier."""
    known = aliases(schema)
    found: dict[str, Found] = {}
    doubts: dict[str, str] = {}
    for index, message in enumerate(messages):
        if message.role != "user":
            continue
        before = messages[index - 1] if index else None
        for each in _mentions(message.content, known, _asked(before, schema)):
            doubts.pop(each.field, None)
            found.pop(each.field, None)
            if each.doubt:
                doubts[each.field] = each.doubt
            else:
                found[each.field] = Found(
                    field=each.field,
                    value=each.value,
                    message=index,
                    start=each.start,
                    end=each.end,
                )
    return Reading(schema=schema, found=found, doubts=doubts)


def _mentions(text: str, known: Sequence[Alias], asked: Field | None) -> Iterator[Mention]:
    """Yield what a message says of fields, in order."""
    short = read_short(text, asked) if asked is not None else None
    if short is not None:
        yield short
        return
    general = bytearray(len(text))  # 1 where a question stands about the rule, not about this case
    for start, end in sentences(text):
        sentence = text[start:end]
        if sentence.rstrip("\"'”) ").endswith("?") and not _OWN.search(sentence):
            general[start:end] = b"\1" * (end - start)
    used: set[int] = set()
    for place in _places(text, known):
        if general[place.start] and not is_flag(place.field):
            continue
        said = read_mention(text, place, used)
        if said is not None:
            yield said


def _places(text: str, known: Sequence[Alias]) -> list[Place]:
    """Return where fields are named, in order; of names over each other the longest counts."""
    taken: list[tuple[int, int, Field]] = []
    named_at = bytearray(len(text))
    for alias in known:
        for match in alias.pattern.finditer(text):
            start, end = match.span()
            free = not any(named_at[start:end])
            formal = _FORM.match(text, end) is not None
            if free and (formal if alias.formal else alias.full or _plain_before(text, start)):
                taken.append((start, end, alias.field))
                named_at[start:end] = b"\1" * (end - start)
    taken.sort(key=lambda each: each[0])
    floors = [0, *(end for _, end, _ in taken)]
    stops = [*(start for start, _, _ in taken[1:]), len(text)]
    return [
        Place(field=named, start=start, end=end, floor=floor, stop=stop)
        for (start, end, named), floor, stop in zip(taken, floors, stops, strict=False)
    ]


def _plain_before(text: str, start: int) -> bool:
    """Tell whether nothing before a partial name makes another thing of it: "joint income"."""
    before = re.search(r"([\w'’-]+)[ \t]*\Z", text[max(0, start - _LONGEST_WORD) : start])
    if before is None:
        return True
    word = before[1].casefold()
    return word in _BEFORE or word[0].isdigit()


def _asked(before: Message | None, schema: Schema) -> Field | None:
    """Return the field that the assistant has just asked for, if it was one only."""
    if before is None or before.role != "assistant":
        return None
    text = before.content.casefold()
    named = [each for each in schema.fields if label(each).casefold() in text]
    return named[0] if len(named) == 1 else None
