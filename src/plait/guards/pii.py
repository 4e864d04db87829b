"""`pii`: mask what tells who somebody is, before it is stored, answered or sent away.

Numbers with a form are recognised by patterns and their check digits; names need a tagger. Amounts,
rates, dates, ages, cities and organisations say what is asked, so they stay.
"""

import re
from collections.abc import Collection, Iterable, Iterator
from typing import Final

from plait.core.context import Context
from plait.core.protocol import Guard, Tagger, View
from plait.core.verdict import Mark, Verdict
from plait.guards.base import FindTagger
from plait.guards.pattern import REACH, find

LABELS: Final = frozenset({
    "account", "address", "birth date", "card", "driver licence", "email", "iban", "ip", "passport",
    "person", "phone", "secret", "ssn",
})  # fmt: skip
"""What is masked unless a guard is made with other labels."""

_NAMED: Final = {
    # a tagger's label -> ours
    "PERSON": "person",
    "FAC": "building",
    "GPE": "place",
    "LOC": "place",
    "ORG": "organisation",
    "NORP": "nationality",
    "DATE": "date",
}

_NO_NAMES: Final = frozenset({
    "account", "advocate", "amount", "answer", "applicant", "application", "appraisal",
    "appraiser", "approval", "artefact", "artefacts", "asset", "balance", "bank", "borrower",
    "branch", "card", "closing", "collateral", "command", "commands", "condo", "contract",
    "cosigner", "credit", "customer", "date", "debt", "debts", "default", "deposit", "dir",
    "document", "down", "employer", "encode", "equity", "escrow", "fee", "fees", "fetch", "file",
    "files", "fixed", "folder", "full", "gift", "glossary", "hardship", "history", "home",
    "housing", "id", "ids", "income", "insurance", "interest", "json", "key", "keys", "lender",
    "lending", "lien", "limit", "limits", "loan", "loans", "lock", "locks", "markdown", "mortgage",
    "name", "note", "option", "options", "parquet", "path", "payment", "payments", "pipeline",
    "policy", "preapproval", "prepayment", "primary", "principal", "print", "product", "products",
    "prometheus", "property", "purchase", "query", "question", "questions", "rate", "rates",
    "ratio", "reason", "reasons", "refinance", "remove", "rent", "rental", "repayment", "report",
    "reserves", "residential", "salesperson", "savings", "score", "section", "seller", "servicing",
    "tax", "taxes", "term", "title", "underwriter", "underwriting", "upload", "waiver", "waivers",
})  # fmt: skip
"""Words that taggers take for names where they stand first or in a heading; nobody is called so."""

_NO_NAMES_ALONE: Final = frozenset({
    "annual", "call", "check", "children", "daily", "first", "glass", "harbor", "hourly", "item",
    "items", "keel", "kept", "list", "monthly", "mooring", "no", "patient", "second", "talk",
    "tall", "town", "weekly", "yearly", "yes",
})  # fmt: skip
"""Words that are part of names at most."""

_CAMEL: Final = re.compile(  # as in OpenAI, not as in McDowell
    r"(?<!\bMc)(?<!\bMac)(?<!\b[DL][aei])(?<!\bFitz)(?<!\bVan)(?<=[a-z])[A-Z]"
)
_OF_PLACES: Final = re.compile(
    r"\b(?:Avenue|Boulevard|Court|Drive|Lane|Parkway|Place|Quay|Road|Square|Street|Terrace|Wharf)\Z"
)
_BEFORE_PLACES: Final = re.compile(
    r"(?:\b[Aa]t|\b[Ii]n|\b(?:Avenue|Boulevard|Lane|Quay|Road|Square|Street|Wharf)"
    r"(?:,|\sand))\s\Z"
)


class PiiGuard:
    """Masks personal data: `[card]`, and with several of a kind `[card 1]`, `[card 2]`.

    One value has one number throughout a text. The verdict's metadata say under `names` whether
    names were looked for, which takes a tagger.
    """

    name = "pii"
    lookahead_chars = REACH

    def __init__(self, tagger: Tagger | None = None, *, labels: Collection[str] = LABELS) -> None:
        self._tagger = tagger
        self._labels = frozenset(labels)

    def check(self, view: View, context: Context) -> Verdict:
        """Return `alter` with the masked text, or `allow`.

        Raises:
            Cancelled, BudgetExceeded: nobody waits any more.
        """
        metadata = {"names": "looked for" if self._tagger else "not looked for: no tagger"}
        marks = self.find(view.text, context)
        if not marks:
            return Verdict(guard=self.name, action="allow", metadata=metadata)
        kinds = sorted({mark.label for mark in marks})
        return Verdict(
            guard=self.name,
            action="alter",
            spans=tuple(marks),
            text=masked(view.text, marks),
            reason=f"personal data was masked: {', '.join(kinds)}",
            metadata=metadata,
        )

    def find(self, text: str, context: Context) -> list[Mark]:
        """Return what is to be masked, in order and without overlaps."""
        marks = [mark for mark in find(text) if mark.label in self._labels]
        if self._tagger is not None:
            tagged = self._tagger.tag([text], context)[0]
            marks += _names(text, tagged, self._labels)
        return _apart(marks)


def make(find_tagger: FindTagger) -> Guard:
    """Return the guard, with names if there is a tagger."""
    return PiiGuard(find_tagger())


def masked(text: str, marks: Iterable[Mark]) -> str:
    """Return `text` with each mark, in order and without overlaps, replaced by its label."""
    marks = list(marks)
    values: dict[str, dict[str, int]] = {}
    for mark in marks:
        kind = values.setdefault(mark.label, {})
        kind.setdefault(_value(text, mark), len(kind) + 1)
    pieces, past = [], 0
    for mark in marks:
        kind = values[mark.label]
        number = f" {kind[_value(text, mark)]}" if len(kind) > 1 else ""
        pieces += [text[past : mark.start], f"[{mark.label}{number}]"]
        past = mark.end
    return "".join([*pieces, text[past:]])


def _value(text: str, mark: Mark) -> str:
    """Return what two spellings of one value share: its letters and digits."""
    return "".join(filter(str.isalnum, text[mark.start : mark.end])).casefold()


def _names(text: str, tagged: Iterable[Mark], labels: Collection[str]) -> Iterator[Mark]:
    """Yield the tagger's marks in our labels, without what cannot be one."""
    for mark in tagged:
        label = _NAMED.get(mark.label, "")
        end = mark.start + len(text[mark.start : mark.end].removesuffix("'s").removesuffix("’s"))
        written = text[mark.start : end]
        if label == "person":
            if not _may_be_a_name(written):
                continue
            owner = text.startswith(("'s", "’s"), end)
            if not owner and _is_a_place(written, text[max(0, mark.start - 20) : mark.start]):
                label = "place"
        if label in labels:
            yield Mark(mark.start, end, label)


def _may_be_a_name(text: str) -> bool:
    """Tell whether a person may be called so: `Mary Jones`, not `7-Up`, `JSON` or `DIR  Folder`."""
    words = text.casefold().split()
    if not any(map(str.isupper, text)) or any(map(str.isdigit, text)) or not text[0].isalpha():
        return False
    if not _NO_NAMES.isdisjoint(words) or "  " in text or "\n\n" in text:
        return False
    alone = len(words) == 1
    return not alone or not (text.isupper() or _CAMEL.search(text) or words[0] in _NO_NAMES_ALONE)


def _is_a_place(name: str, before: str) -> bool:
    """Tell whether a name is that of a street or a town: `Alder Street`, `at Worcester`."""
    alone = len(name.split()) == 1
    return bool(_OF_PLACES.search(name) or (alone and _BEFORE_PLACES.search(before)))


def _apart(marks: Iterable[Mark]) -> list[Mark]:
    """Return the marks in order; those that overlap are one, called as the first given of them."""
    kept: list[tuple[int, Mark]] = []
    ranked = sorted(enumerate(marks), key=lambda pair: pair[1].start)
    for rank, mark in ranked:
        if kept and mark.start < kept[-1][1].end:
            first, other = kept[-1]
            label = mark.label if rank < first else other.label
            whole = Mark(other.start, max(other.end, mark.end), label)
            kept[-1] = (min(rank, first), whole)
        elif mark.start < mark.end:
            kept.append((rank, mark))
    return [mark for _, mark in kept]
