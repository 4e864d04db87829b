"""The guards by name, with the recogniser of names where its weights are pulled."""

from pathlib import Path

from plait.core.errors import MissingExtra
from plait.core.protocol import Guard, Tagger
from plait.engines.spacy import SpacyTagger
from plait.guards.base import make_guard
from plait.registry.pull import find_pulled

WEIGHTS = "spacy-en"
"""The catalogue's row of the recogniser."""


def guard_of(name: str, cache: Path) -> Guard:
    """Return the guard called `name`; it fetches nothing.

    Args:
        name: a row of the table of guards.
        cache: the folder of pulled weights. Where it lacks `spacy-en`, or spaCy is not installed,
            `pii` goes by patterns alone, and its verdicts say so.

    Raises:
        UnknownName: `unknown_component`, when no guard bears the name.
        EngineError: the weights are damaged, or a plug-in cannot be imported.
    """
    return make_guard(name, lambda: find_tagger(cache))


def find_tagger(cache: Path) -> Tagger | None:
    """Return the recogniser of names, or None where it is not here.

    Raises:
        EngineError: `artefact_damaged`.
    """
    pulled = find_pulled(WEIGHTS, cache)
    try:
        return SpacyTagger(pulled.folder) if pulled else None
    except MissingExtra:
        return None
