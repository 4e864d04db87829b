"""The few pieces of HTML that a notebook shows, with every text escaped."""

from collections.abc import Iterable, Sequence
from html import escape


def heading(text: str) -> str:
    """Return a line in bold."""
    return f"<p><b>{escape(text)}</b></p>"


def paragraph(text: str) -> str:
    """Return a paragraph."""
    return f"<p>{escape(text)}</p>"


def remark(text: str) -> str:
    """Return a paragraph in small letters, such as an id."""
    return f"<p><small>{escape(text)}</small></p>"


def bullets(texts: Iterable[str]) -> str:
    """Return a list; nothing when there is nothing to list."""
    items = "".join(f"<li>{escape(text)}</li>" for text in texts)
    return f"<ul>{items}</ul>" if items else ""


def table(titles: Sequence[str], rows: Iterable[Sequence[str]], *, bold: int = -1) -> str:
    """Return a table.

    Args:
        titles: of the columns.
        rows: one text per column.
        bold: place of the row in bold, counted from 0.
    """
    head = "".join(f"<th>{escape(title)}</th>" for title in titles)
    body = "".join(_row(row, bold=place == bold) for place, row in enumerate(rows))
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _row(cells: Sequence[str], *, bold: bool) -> str:
    around = "<b>{}</b>" if bold else "{}"
    return f"<tr>{''.join(f'<td>{around.format(escape(cell))}</td>' for cell in cells)}</tr>"
