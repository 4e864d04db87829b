"""How a guard is made by its name, and what guards share in their verdicts."""

from collections.abc import Callable
from typing import TypeAlias

from plait.core.protocol import Guard, Tagger
from plait.core.table import Table
from plait.guards import TABLE

FindTagger: TypeAlias = Callable[[], Tagger | None]
"""Returns what finds names, or None where there is none; called by the guards that need it."""

Make: TypeAlias = Callable[[FindTagger], Guard]
"""A row of the table."""

GUARDS: Table[Make] = Table("guards", TABLE)


def make_guard(name: str, find_tagger: FindTagger) -> Guard:
    """Return the guard called `name`.

    Raises:
        UnknownName: `unknown_component`, when no row of the table bears the name.
        EngineError: a plug-in cannot be imported; or the tagger's files are damaged.
    """
    return GUARDS.load(name)(find_tagger)
