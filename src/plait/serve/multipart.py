"""Forms with files in them, as browsers and OpenAI's clients upload them."""

import mmap
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile, gettempdir
from typing import IO
from urllib.parse import unquote

from fastapi import Request

from plait.core.errors import InvalidRequest
from plait.serve.json import body_parts
from plait.store.fault import faults

MAX_UPLOAD = 64 * 1024 * 1024
_MAX_PARTS = 32
_MAX_HEAD = 8192
_PADDING = re.compile(rb"[ \t]*\r\n")
_PARAMETER = re.compile(r""";\s*([\w-]+\*?)\s*=\s*("(?:[^"\\]|\\.)*"|[^\s;"]+)""")


@dataclass(frozen=True, slots=True)
class Part:
    """One field of a form.

    Attributes:
        name: of the field.
        filename: as the caller calls the file; None when it is no file.
        start: where its bytes begin in the form.
        end: behind their last.
    """

    name: str
    filename: str | None
    start: int
    end: int


class Form:
    """A form that was received; its bytes lie on disk.

    Attributes:
        parts: name -> field; of two with one name the last.
    """

    def __init__(self, data: mmap.mmap, parts: Mapping[str, Part]) -> None:
        self._data = data
        self.parts = parts

    def file(self, name: str) -> tuple[str, bytes]:
        """Return the name and the bytes of a file.

        Raises:
            InvalidRequest: there is no file in that field.
        """
        part = self.parts.get(name)
        if part is None or part.filename is None:
            raise InvalidRequest(
                "request_shape",
                f"the form has no file `{name}`",
                where=name,
                hint=f"curl -F {name}=@policy.pdf -F purpose=assistants",
            )
        return part.filename, self._data[part.start : part.end]

    def text(self, name: str, most: int = 512) -> str:
        """Return the text of a field; "" when there is none.

        Raises:
            InvalidRequest: it is longer than `most` bytes, or no UTF-8.
        """
        part = self.parts.get(name)
        if part is None:
            return ""
        try:
            if part.end - part.start <= most:
                return self._data[part.start : part.end].decode()
        except UnicodeDecodeError:
            pass
        raise InvalidRequest("request_shape", f"this is no text of {most} bytes", where=name)


async def receive(request: Request, stream: IO[bytes]) -> None:
    """Write the body of a request into a file.

    Raises:
        InvalidRequest: it is larger than `MAX_UPLOAD`.
        Cancelled: the caller left before all of it came.
        StoreError: the disk is full.
    """
    with faults(Path(gettempdir())):
        async for part in body_parts(request, MAX_UPLOAD):
            stream.write(part)
        stream.flush()


def spool() -> IO[bytes]:
    """Return a nameless file to receive a form in; it is gone when closed."""
    with faults(Path(gettempdir())):
        return TemporaryFile()


@contextmanager
def form_of(stream: IO[bytes], content_type: str) -> Iterator[Form]:
    """Read a form that was received; give it back when done.

    Raises:
        InvalidRequest: it is none, or ends before it should.
    """
    kind, parameters = _header(content_type)
    boundary = parameters.get("boundary", "")
    if kind != "multipart/form-data" or not 1 <= len(boundary) <= 70:
        raise InvalidRequest(
            "request_shape",
            "the body is not a form with a file in it",
            hint="send multipart/form-data with its boundary, as `curl -F file=@policy.pdf` does",
        )
    if not stream.seek(0, 2):
        raise _broken("it is empty")
    with mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as data:
        yield Form(data, {part.name: part for part in _parts(data, boundary.encode())})


def _parts(data: mmap.mmap, boundary: bytes) -> Iterator[Part]:
    """Yield the fields of a form in order."""
    last = _delimiter(data, boundary, 0)
    for _ in range(_MAX_PARTS):
        if last is None:
            raise _broken("a boundary is missing: it may have been cut off")
        start = last[1]
        if start is None:
            return
        end = data.find(b"\r\n\r\n", start - 2, start + _MAX_HEAD)
        if end < 0:
            raise _broken(f"a field has no head of at most {_MAX_HEAD} bytes")
        last = _delimiter(data, boundary, end + 6)
        if last is not None:
            name, filename = _named(data[start:end])
            yield Part(name, filename, end + 4, last[0])
    raise _broken(f"it has more than {_MAX_PARTS} fields")


def _delimiter(data: mmap.mmap, boundary: bytes, start: int) -> tuple[int, int | None] | None:
    """Return where the next delimiter begins and ends; the last one of a form ends nowhere."""
    mark = b"--" + boundary
    at = data.find(mark, start)
    while at >= 0:
        if at == 0 or data[at - 2 : at] == b"\r\n":
            behind = at + len(mark)
            if data[behind : behind + 2] == b"--":
                return max(at - 2, 0), None
            if padding := _PADDING.match(data, behind):
                return max(at - 2, 0), padding.end()
        at = data.find(mark, at + 1)
    return None


def _named(head: bytes) -> tuple[str, str | None]:
    """Return the name of a field and of the file in it, if there is one."""
    try:
        lines = head.decode().split("\r\n")
    except UnicodeDecodeError:
        raise _broken("the head of a field is no UTF-8") from None
    for line in lines:
        key, _, value = line.partition(":")
        if key.strip().lower() == "content-disposition":
            _, parameters = _header(value)
            filename = parameters.get("filename")
            if "filename*" in parameters:
                filename = unquote(parameters["filename*"].rpartition("'")[2])
            return parameters.get("name", ""), filename
    raise _broken("a field has no name")


def _header(line: str) -> tuple[str, dict[str, str]]:
    """Return the value of a header and its parameters."""
    value, _, _ = line.partition(";")
    found = {}
    for match in _PARAMETER.finditer(line):
        text = match[2]
        if text.startswith('"'):
            text = re.sub(r"\\([\"\\])", r"\1", text[1:-1]).replace("%22", '"')
        found[match[1].lower()] = text
    return value.strip().lower(), found


def _broken(why: str) -> InvalidRequest:
    return InvalidRequest("request_shape", f"the form cannot be read: {why}")
