"""Fetch the files of a catalogue row from the web, going on where the last attempt broke off."""

from collections.abc import Generator
from http.client import HTTPException, HTTPMessage
from importlib.metadata import version
from pathlib import Path
from typing import IO
from urllib.error import HTTPError
from urllib.parse import quote, urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

from plait.core.artefact import FileNote
from plait.core.errors import OriginError
from plait.registry.origin import (
    Counter,
    Files,
    Report,
    Web,
    chunks_of,
    partial_of,
    reason_of,
    receive,
    unreachable,
)

TIMEOUT_SECONDS = 5.0  # to connect, and of any later silence: a blocked network costs no more


def from_web(origin: Web, wanted: Files, into: Path, report: Report) -> None:
    """Download the files of `wanted` into the folder `into`.

    Raises:
        OriginError: no answer, not the file, or other bytes. Files that came before stay, and so
            does what came of the file that broke off.
        OSError: `into` cannot be written.
    """
    counter = Counter("downloading", wanted, report)
    for path, note in wanted.items():
        _download(origin.root + quote(path), into / path, note, counter)


def _download(url: str, target: Path, note: FileNote, counter: Counter) -> None:
    """Download one file; when it breaks off, go on as long as every attempt brings more of it."""
    before, restarted = counter.done, False
    while True:
        start = _resumable(partial_of(target), note)
        counter.done = before
        counter.add(start)
        try:
            return receive(_chunks(url, start, note), target, note, counter, start=start)
        except OriginError as error:
            if error.code == "origin_changed":
                if start == 0 or restarted:
                    raise
                restarted = True  # the part that was kept may be of other bytes: all of it again
            elif _resumable(partial_of(target), note) <= start:
                raise


def _resumable(partial: Path, note: FileNote) -> int:
    """Return how many bytes of an earlier attempt can be used."""
    size = partial.stat().st_size if partial.exists() else 0
    return size if size <= note.size else 0


def _chunks(url: str, start: int, note: FileNote) -> Generator[bytes, None, None]:
    """Yield the bytes at `url` from `start` on."""
    if start == note.size:
        return
    _check_address(url)
    headers = {"User-Agent": f"plait/{version('plait')}"}
    if start:
        headers["Range"] = f"bytes={start}-"
    try:
        response = _OPENER.open(Request(url, headers=headers), timeout=TIMEOUT_SECONDS)
    except HTTPError as error:
        with error:
            raise unreachable(f"answered {error.code} {error.reason}") from None
    except (OSError, HTTPException) as error:
        raise unreachable(reason_of(error)) from None
    with response:
        skip = 0 if response.status == 206 else start  # a server may ignore Range
        for chunk in chunks_of(response):
            yield chunk[skip:]
            skip = max(0, skip - len(chunk))


def _check_address(url: str) -> None:
    """Refuse what is neither `https` nor on this machine."""
    parts = urlsplit(url)
    local = parts.scheme == "http" and parts.hostname in {"127.0.0.1", "::1", "localhost"}
    if parts.scheme != "https" and not local:
        raise unreachable(f"{url} is not https")


class _CheckedRedirects(HTTPRedirectHandler):
    """Follows a redirect only to where `_check_address` would go."""

    def redirect_request(
        self, req: Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> Request | None:
        _check_address(newurl)
        return super().redirect_request(req, fp, code, msg, headers, newurl)


_OPENER = build_opener(_CheckedRedirects)
