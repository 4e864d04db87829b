"""From a file to a document: what it is, whether it is too large, which parser reads it."""

from collections.abc import Callable
from pathlib import Path, PurePath
from typing import TypeAlias

from plait.core.errors import InvalidData, nearest_of
from plait.core.ids import content_id
from plait.core.table import Table
from plait.tasks.search.document import Document, Parsed

Parser: TypeAlias = Callable[[bytes, str], Parsed]

PARSERS = {
    "application/pdf": "plait.tasks.search.pdf:parse_pdf",
    "text/html": "plait.tasks.search.html:parse_html",
    "text/markdown": "plait.tasks.search.markdown:parse_markdown",
    "text/plain": "plait.tasks.search.text:parse_text",
}
MOST_BYTES = 64 * 2**20
SUFFIXES = {
    ".pdf": "application/pdf",
    ".htm": "text/html",
    ".html": "text/html",
    ".xhtml": "text/html",
    ".markdown": "text/markdown",
    ".md": "text/markdown",
    ".txt": "text/plain",
}
_PDF = b"%PDF-"
_FOREIGN = {
    b"PK\x03\x04": "a ZIP archive, or a document of Word, Excel or the like",
    b"\xd0\xcf\x11\xe0": "an old Word or Excel file",
    b"{\\rtf": "a rich text file",
    b"\x1f\x8b": "a gzip archive",
    b"7z\xbc\xaf": "a 7-Zip archive",
    b"\x28\xb5\x2f\xfd": "a zstd archive",
    b"\x89PNG": "an image",
    b"\xff\xd8\xff": "an image",
    b"PAR1": "a Parquet file",
    b"SQLite format 3": "a SQLite database",
}
_HINT = "save it as PDF, HTML, Markdown or plain text"
_table: Table[Parser] = Table("parsers", PARSERS)


def read_document(path: Path, *, most_bytes: int = MOST_BYTES) -> Document:
    """Return the document in a file.

    Raises:
        InvalidData: see `read_original` and `parse_document`.
        MissingExtra: the library that reads it is not installed.
    """
    return parse_document(
        read_original(path, most_bytes=most_bytes), str(path), most_bytes=most_bytes
    )


def read_original(path: Path, *, most_bytes: int = MOST_BYTES) -> bytes:
    """Return the bytes of a file, of one that is too large enough of them to tell.

    Raises:
        InvalidData: `data_missing`, or `data_unreadable`.
    """
    try:
        with path.open("rb") as file:
            return file.read(most_bytes + 1)
    except FileNotFoundError:
        beside = [each.name for each in path.parent.iterdir()] if path.parent.is_dir() else []
        near = nearest_of(path.name, beside)
        hint = f"did you mean {str(path.with_name(near))!r}?" if near else "check the path"
        message = "there is no such file"
        raise InvalidData("data_missing", message, where=str(path), hint=hint) from None
    except OSError as error:
        hint = "name the files in it" if path.is_dir() else "check who may read it"
        message = f"it cannot be read: {error.strerror}"
        raise InvalidData("data_unreadable", message, where=str(path), hint=hint) from None


def parse_document(
    data: bytes, name: str, *, media_type: str = "", most_bytes: int = MOST_BYTES
) -> Document:
    """Return the document that `data` holds.

    Args:
        data: the bytes of the file.
        name: its path or name; its suffix says what it is, where the bytes do not.
        media_type: what it is, if the caller was told.
        most_bytes: the largest file to read.

    Raises:
        InvalidData: `data_too_large`; `data_empty`, no text; `data_format`, not what its name says
            or nothing plait reads; `data_encoding`; `data_unreadable`, a password is asked for.
        UnknownName: no parser reads that media type.
        MissingExtra: the library that reads it is not installed.
    """
    if len(data) > most_bytes:
        message = f"it is larger than the limit of {most_bytes / 2**20:g} MiB"
        raise InvalidData("data_too_large", message, where=name, hint="split the document")
    kind = media_type.partition(";")[0].strip().lower() or _media_type(data, name)
    _refuse_foreign(data, kind, name)
    parsed = _table.load(kind)(data, name)
    if not parsed.blocks:
        message = "there is no text in it"
        raise InvalidData("data_empty", message, where=name, hint="leave it out")
    return Document(
        id=content_id("doc", [kind, parsed.text]),
        name=name,
        media_type=kind,
        text=parsed.text,
        blocks=parsed.blocks,
        pages=parsed.pages,
        metadata=parsed.metadata,
    )


def _media_type(data: bytes, name: str) -> str:
    head = data[:1024].lstrip().lower()
    if head.startswith(_PDF.lower()):
        return "application/pdf"
    named = SUFFIXES.get(PurePath(name).suffix.lower())
    if named:
        return named
    return "text/html" if head.startswith((b"<!doctype html", b"<html")) else "text/plain"


def _refuse_foreign(data: bytes, kind: str, name: str) -> None:
    """Raise for what its first bytes tell to be something else."""
    for magic, what in _FOREIGN.items():
        if data.startswith(magic):
            raise InvalidData("data_format", f"it is {what}", where=name, hint=_HINT)
    if data and kind == "application/pdf" and _PDF not in data[:1024]:
        message = "it is not a PDF"
        raise InvalidData("data_format", message, where=name, hint="give it the name of what it is")
