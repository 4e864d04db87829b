"""Artefacts in the store: their manifests as rows, their files as blobs, and a folder to run from.

The rows and blobs are the truth. The folder is derived: engines want files in a folder, so it is
made from the blobs when it is missing or damaged.
"""

import os
import shutil
import time
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

from plait.core.artefact import MANIFEST, Artefact, Manifest
from plait.core.errors import EngineError, UnknownName
from plait.core.ids import canonical
from plait.core.privacy import Privacy
from plait.engines.base import read_artefact
from plait.store.base import Store
from plait.store.fault import faults
from plait.store.record import ArtefactRow


def register_artefact(
    store: Store, artefact: Artefact, *, contract: str, tenant: str, privacy: Privacy
) -> str:
    """Keep the artefact's files and manifest; return its id. Doing it again changes nothing."""
    for name in artefact.manifest.files:
        store.blob_put(artefact.folder / name)
    store.put(
        ArtefactRow(
            id=artefact.id,
            tenant=tenant,
            privacy=privacy,
            created=time.time(),
            contract=contract,
            body=artefact.manifest.record(),
        )
    )
    return artefact.id


def artefact_manifest(store: Store, artefact: str) -> Manifest:
    """Return the manifest of an artefact.

    Raises:
        UnknownName: there is no such artefact.
    """
    row = store.get(ArtefactRow, artefact)
    if row is None:
        raise UnknownName("unknown_artefact", f"no artefact {artefact!r}")
    return Manifest.read(row.body)


def artefact_folder(store: Store, artefact: str, root: Path) -> Path:
    """Return a folder with the artefact's files, each just verified, made from blobs if need be.

    The folder appears whole or not at all, so a killed process leaves nothing half made.

    Raises:
        UnknownName: there is no such artefact.
        StoreError: one of its blobs is missing or damaged, or the folder cannot be written.
        EngineError: the damaged folder cannot be replaced, such as an open one on Windows.
    """
    manifest = artefact_manifest(store, artefact)
    folder = root / artefact
    try:
        read_artefact(folder)
    except EngineError:
        _make(store, manifest, folder)
        read_artefact(folder)
    return folder


def _make(store: Store, manifest: Manifest, folder: Path) -> None:
    fresh = folder.with_name(f".{folder.name}.{uuid4().hex}")
    with faults(folder.parent):
        try:
            fresh.mkdir(parents=True)
            for name, note in manifest.files.items():
                (fresh / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(store.blob_path(note.sha256), fresh / name)
            (fresh / MANIFEST).write_bytes(canonical(manifest.record()))
            shutil.rmtree(folder, ignore_errors=True)
            with suppress(OSError):  # another process made it in the meantime
                os.replace(fresh, folder)
        finally:
            shutil.rmtree(fresh, ignore_errors=True)
