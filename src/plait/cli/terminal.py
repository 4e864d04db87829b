"""The terminal itself: how wide it is, and how tables, dates and ids stand in it."""

import sys
import time
from collections.abc import Iterable, Sequence
from shutil import get_terminal_size

from rich.console import Console
from rich.table import Table

_ENDLESS = 10_000
# a file or a pipe has no width: nothing is cut or wrapped there, unless COLUMNS says so
console = Console(
    highlight=False,
    width=None if sys.stdout.isatty() else get_terminal_size((_ENDLESS, 24)).columns,
)
side = Console(stderr=True, highlight=False)


def whole(text: str) -> None:
    """Print a line that is never broken: a path, an id, a command, all of which people copy."""
    console.print(text, soft_wrap=True)


def table(
    titles: Sequence[str], rows: Iterable[Sequence[str]], *, right: Sequence[str] = ()
) -> None:
    """Print a table of which only the last column may wrap.

    Args:
        titles: of the columns.
        rows: one text per column, with markup.
        right: titles of the columns of numbers.
    """
    grid = Table(box=None, pad_edge=False, header_style="dim")
    for place, title in enumerate(titles, 1):
        grid.add_column(
            title,
            justify="right" if title in right else "left",
            no_wrap=place < len(titles),
            overflow="ellipsis" if place < len(titles) else "fold",
        )
    for row in rows:
        grid.add_row(*row)
    console.print(grid)


def moment(seconds: float) -> str:
    """Return a time as this machine's clock shows it."""
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(seconds))


def brief(name: str) -> str:
    """Return the beginning of an id, which is enough to name it again."""
    return name[:20]


def plural(count: int, noun: str) -> str:
    """Return a count and its noun."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"
