"""What a person may call a field, from its label, its other names and its name alone."""

import re
from collections import Counter
from dataclasses import dataclass

from plait.core.schema import Field, Schema

GENERIC = frozenset({"ratio", "rate", "amount", "history", "value", "level", "number", "score"})
_WHOSE = frozenset({"applicant", "applicants", "borrower", "customer", "client"})
_SMALL = frozenset({"of", "the", "a", "an", "to", "for", "in", "on", "and", "per"})
_LEAST_LETTERS = 3


@dataclass(frozen=True, slots=True)
class Alias:
    """A name of a field.

    Attributes:
        field: that it names.
        pattern: what finds it.
        full: whether it is all of the label, so that words before it cannot change its meaning.
        formal: whether it counts only in the form `name: value`.
    """

    field: Field
    pattern: re.Pattern[str]
    full: bool = False
    formal: bool = False


def label(field: Field) -> str:
    """Return what a person calls the field."""
    return field.label or field.name.replace("_", " ")


def aliases(schema: Schema) -> list[Alias]:
    """Return the names of all fields, the longest first; a name that two fields share is none."""
    names = [(text, field, kind) for field in schema.fields for text, kind in _names(field)]
    labels = {label(field).casefold(): field.name for field in schema.fields}
    owners = Counter(text for text, _ in {(t, f.name) for t, f, kind in names if kind != "formal"})
    formal = Counter(text for text, _ in {(t, f.name) for t, f, kind in names if kind == "formal"})
    found: dict[tuple[str, str], tuple[str, Alias]] = {}
    for text, field, kind in names:
        rivals = owners[text] + (formal[text] if kind == "formal" else 0)
        mine = rivals == 1 or labels.get(text) == field.name
        if not mine or (text, field.name) in found:
            continue
        alias = Alias(field, _pattern(text), kind == "label", kind == "formal")
        found[text, field.name] = (text, alias)
    return [alias for _, alias in sorted(found.values(), key=lambda each: -len(each[0]))]


def _names(field: Field) -> list[tuple[str, str]]:
    """Return (name, kind): `label`, `part` of it, or `formal`."""
    whole = label(field).casefold()
    words = whole.split()
    found = [(whole, "label"), *((each.casefold(), "label") for each in field.also)]
    bare = words[:-1] if len(words) > 1 and words[-1] in GENERIC else words
    own = bare[1:] if len(bare) > 1 and bare[0] in _WHOSE else bare
    found += [(" ".join(bare), "part"), (" ".join(own), "part")]
    if " of " in whole:
        found.append((whole.split(" of ")[0], "part"))
    found += [
        (" ".join(words[at:]), "part")
        for at in range(1, len(words) - 1)
        if words[at] not in _SMALL and words[at - 1] not in _SMALL
    ]
    initials = "".join(part[0] for part in re.split(r"[\s-]+", " ".join(bare)) if part)
    if len(initials) >= _LEAST_LETTERS:
        found.append((initials, "part"))
    if len(words) > 1:
        found.append((words[-1], "formal"))
    found.append((field.name.casefold(), "formal"))
    return [(text, kind) for text, kind in found if _is_name(text)]


def _is_name(text: str) -> bool:
    return len(text) >= _LEAST_LETTERS and any(map(str.isalpha, text))


def _pattern(text: str) -> re.Pattern[str]:
    """Return what finds the name, with hyphens or spaces, and verbs in other tenses."""
    words = [re.escape(word) for word in re.split(r"[\s\-_]+", text) if word]
    forms = [re.sub(r"(?<=\w{3})ed\Z", r"(?:ed|e|ing)?", word) for word in words]
    return re.compile(r"(?<![\w-])" + r"[\s\-_–]+".join(forms) + r"(?![\w-])", re.IGNORECASE)
