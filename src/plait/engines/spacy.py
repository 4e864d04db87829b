"""The named-entity recogniser of a spaCy pipeline."""

import re
import threading
from collections.abc import Iterator, Sequence
from importlib import import_module
from pathlib import Path

from plait.core.context import Context
from plait.core.errors import EngineError
from plait.core.extras import missing
from plait.core.sentence import Span
from plait.core.verdict import Mark

PIECE = 4000
"""Most characters that are tagged at once; a longer text is cut at white space."""

LONGEST = 60
"""What has more characters without white space between is no word and is not read."""

_LONG = re.compile(rf"\S{{{LONGEST + 1},}}+")


class SpacyTagger:
    """Finds names of people, places, organisations and dates; safe to share between threads.

    Calls take turns: spaCy keeps every word it ever saw unless it is told to forget, and it can
    forget for one caller at a time only. Words of personal texts must not stay.
    """

    def __init__(self, folder: Path) -> None:
        """Load the recogniser, and nothing else, of the pipeline in `folder`.

        Raises:
            EngineError: `artefact_damaged`, when the folder holds no such pipeline.
            MissingExtra: spaCy is not installed.
        """
        try:
            spacy = import_module("spacy")
        except ImportError:
            raise missing("spacy") from None
        try:
            config = spacy.util.load_config(folder / "config.cfg")
            others = [name for name in config["nlp"]["pipeline"] if name != "ner"]
            self._nlp = spacy.load(folder, exclude=others)
        except (OSError, ValueError, KeyError) as error:
            raise _damaged(folder, str(error)) from error
        if self._nlp.pipe_names != ["ner"]:
            raise _damaged(folder, "it has no recogniser of names")
        self._turn = threading.Lock()

    def tag(self, texts: Sequence[str], context: Context) -> list[list[Mark]]:
        """Return the marks of each text, in order, with spaCy's labels (`PERSON`, `GPE`...).

        Raises:
            Cancelled, BudgetExceeded: nobody waits any more; looked at before each piece.
        """
        return [list(self._marks(text, context)) for text in texts]

    def _marks(self, text: str, context: Context) -> Iterator[Mark]:
        sound = text.encode(errors="replace").decode()  # lone surrogates, one for one
        readable = _LONG.sub(lambda match: " " * len(match[0]), sound)
        for start, end in _pieces(readable):
            context.check()
            with self._turn, self._nlp.memory_zone():
                found = self._nlp(readable[start:end]).ents
                marks = [
                    Mark(start + each.start_char, start + each.end_char, each.label_)
                    for each in found
                ]
            yield from marks


def _pieces(text: str) -> Iterator[Span]:
    """Yield the spans of consecutive pieces, cut at a line or a space; none of white space only."""
    start = 0
    while start < len(text):
        end = start + PIECE
        if end < len(text):
            cut = max(text.rfind("\n", start, end), text.rfind(" ", start, end))
            end = cut if cut > start else end
        if text[start:end].strip():
            yield start, min(end, len(text))
        start = end


def _damaged(folder: Path, reason: str) -> EngineError:
    return EngineError(
        "artefact_damaged",
        f"spaCy does not load it: {reason}",
        where=str(folder),
        hint="fetch it again: plait models pull spacy-en --verify",
    )
