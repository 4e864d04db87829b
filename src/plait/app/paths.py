"""Which documents a path, a folder or a pattern stands for."""

import os
from glob import glob
from pathlib import Path

from plait.tasks.search.ingest import Given
from plait.tasks.search.parse import SUFFIXES


def find_documents(text: str, base: Path, project: Path) -> list[Given]:
    """Return the files that `text` stands for; a file of that name, missing, if there are none.

    Args:
        text: a file, a folder (every document in it), or a pattern such as `docs/**/*.md`.
        base: where a relative one starts.
        project: names of files within are as seen from here, of others whole.
    """
    path = base / text
    if path.is_dir():
        inside = (each for each in path.rglob("*") if each.suffix.lower() in SUFFIXES)
        files = sorted(each for each in inside if each.is_file())
    elif path.is_file():
        files = [path]  # before the pattern: a name may hold brackets
    else:
        matches = sorted(glob(str(path), recursive=True))
        files = [Path(each) for each in matches if os.path.isfile(each)]
    return [Given(name=_name(each, project), data=each) for each in files or [path]]


def _name(path: Path, project: Path) -> str:
    # not resolved: a link is a document under its own name
    full, folder = Path(os.path.abspath(path)), Path(os.path.abspath(project))
    name = (full.relative_to(folder) if full.is_relative_to(folder) else full).as_posix()
    return name.encode(errors="backslashreplace").decode()
