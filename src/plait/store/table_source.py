"""Where a table lies: a path, a glob or a URL becomes files that are what their names say."""

import glob
import gzip
import io
import shutil
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPException
from pathlib import Path, PurePosixPath
from typing import Literal, TypeAlias
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import url2pathname, urlopen

from plait.core.errors import InvalidData, nearest_of

Format: TypeAlias = Literal["text", "lines", "parquet"]
JSON_SUFFIXES = (".jsonl", ".ndjson")
_TIMEOUT_SECONDS = 60
_PARQUET = b"PAR1"
_FOREIGN = {
    b"PK\x03\x04": "a ZIP archive or an Excel workbook",
    b"\xd0\xcf\x11\xe0": "an old Excel or Word file",
    b"%PDF": "a PDF",
    b"SQLite format 3": "a SQLite database",
    b"ARROW1": "an Arrow file",
    b"\x28\xb5\x2f\xfd": "a zstd archive",
    b"\x89PNG": "an image",
}
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")
_CONTROL = frozenset(range(32)) - set(b"\t\n\v\f\r\x1a\x1b")


def find_files(source: str | Path, scratch: Path) -> list[Path]:
    """Return the files that `source` names; what lies behind http is brought to `scratch`.

    Raises:
        InvalidData: `data_missing`; `data_unreadable`, it is a folder, or the disk does not tell.
    """
    text = str(source)
    if text.startswith(("http://", "https://")):
        return [_download(text, scratch)]
    if text.startswith("file://"):
        text = url2pathname(urlsplit(text).path)
    try:
        return _files(Path(text))
    except OSError as error:  # a folder above it may not be looked into, or its server is gone
        raise _unreadable(text, error) from None


def _files(path: Path) -> list[Path]:
    """Return the files of a path or a glob.

    Raises:
        InvalidData: as `find_files`.
        OSError: the disk does not tell.
    """
    if path.is_dir():
        raise InvalidData(
            "data_unreadable",
            "it is a folder",
            where=str(path),
            hint=f"name a file, or {path / '*.csv'}",
        )
    if path.exists():  # before the glob: a name may hold brackets
        return [path]
    found = [Path(each) for each in sorted(glob.glob(str(path), recursive=True))]
    found = [each for each in found if each.is_file()]
    if not found:
        beside = [each.name for each in path.parent.iterdir()] if path.parent.is_dir() else []
        near = nearest_of(path.name, beside)
        hint = f"did you mean {str(path.with_name(near))!r}?" if near else "check the path"
        raise InvalidData("data_missing", "there is no such file", where=str(path), hint=hint)
    return found


def format_of(path: Path) -> Format:
    """Return what a file holds, from its first bytes.

    Raises:
        InvalidData: `data_format`, it is not what its name says, or nothing plait reads;
            `data_empty`; `data_encoding`, it is UTF-16.
    """
    with opened(path) as stream:
        head = stream.read(4096)
    if not head:
        raise empty(path, "the file is empty")
    named = Path(path.name.lower().removesuffix(".gz")).suffix
    if head.startswith(_PARQUET):
        if named in (".csv", ".tsv", ".txt", *JSON_SUFFIXES):
            raise foreign(path, "it is a Parquet file", "rename it to .parquet")
        return "parquet"
    for magic, what in _FOREIGN.items():
        if head.startswith(magic):
            raise foreign(path, f"it is {what}", "save the table as CSV (UTF-8) or Parquet")
    if head.startswith(_UTF_16):
        raise InvalidData(
            "data_encoding", "it is UTF-16 text", where=str(path), hint="save it as UTF-8"
        )
    if not _CONTROL.isdisjoint(head):
        raise foreign(path, "it is not text", "save the table as CSV (UTF-8) or Parquet")
    if named in (".parquet", ".pq"):
        raise foreign(path, "it is not a Parquet file", "rename it, if it is CSV")
    return "lines" if named in JSON_SUFFIXES else "text"


def empty(source: str | Path, message: str) -> InvalidData:
    """Return the error of a table without rows."""
    return InvalidData("data_empty", message, where=str(source), hint="name a table with rows")


def foreign(path: Path, message: str, hint: str, line: int = 0) -> InvalidData:
    """Return the error of a file that cannot be parsed, at `line` if one is to blame."""
    where = f"{path}:{line}" if line else str(path)
    return InvalidData("data_format", message, where=where, hint=hint)


@contextmanager
def opened(path: Path) -> Iterator[gzip.GzipFile | io.BufferedReader]:
    """Open a file, unpacking gzip; errors of the disk become `InvalidData`."""
    try:
        with path.open("rb") as plain:
            packed = plain.read(2) == b"\x1f\x8b"
        with gzip.open(path) if packed else path.open("rb") as stream:
            yield stream
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise foreign(path, f"the gzip file is damaged: {error}", "pack it again") from None
    except OSError as error:
        raise _unreadable(str(path), error) from None


def _unreadable(where: str, error: OSError) -> InvalidData:
    message = f"it cannot be read: {error.strerror}"
    return InvalidData("data_unreadable", message, where=where, hint="check who may read it")


def _download(url: str, scratch: Path) -> Path:
    target = scratch / (PurePosixPath(urlsplit(url).path).name or "download")
    try:
        with urlopen(url, timeout=_TIMEOUT_SECONDS) as answer, target.open("wb") as file:
            shutil.copyfileobj(answer, file)
            promised = answer.headers.get("Content-Length")
            if promised and int(promised) != file.tell():
                raise ConnectionError("the answer was cut short")
    except (OSError, HTTPException, ValueError) as error:
        if isinstance(error, HTTPError):
            error.close()
        raise InvalidData(
            "data_missing",
            f"it could not be fetched: {error}",
            where=url,
            hint="check the address and the network, or name a file",
        ) from None
    return target
