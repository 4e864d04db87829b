import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from plait.core.context import Context
from plait.store.dense import encode
from plait.store.record import (
    CollectionRow,
    DecisionRow,
    DocumentRow,
    PassageRow,
    SourceRow,
    VectorRow,
)
from plait.store.sqlite import SqliteStore
from plait.testing.embedder import WordEmbedder


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    with SqliteStore(tmp_path / "store") as opened:
        yield opened


@pytest.fixture
def decision():
    """A maker of decisions' rows."""

    def make(row_id: str, **body) -> DecisionRow:
        return DecisionRow(
            id=row_id,
            tenant="default",
            privacy=1,
            created=1.0,
            contract="loans",
            kind="declared",
            evidence="",
            artefact="",
            body=body,
        )

    return make


@pytest.fixture
def collection(store) -> CollectionRow:
    """An empty collection whose vectors a `WordEmbedder` makes."""
    row = CollectionRow(
        id="col_1",
        tenant="default",
        privacy=1,
        created=1.0,
        name="docs",
        model=WordEmbedder().artefact.id,
        size=1200,
    )
    store.put(row)
    return row


@pytest.fixture
def keep(collection):
    """A function that keeps a document of these passages, with their vectors."""
    embedder = WordEmbedder()

    def keep(store, name: str, *texts: str, collection=collection, **metadata) -> DocumentRow:
        owned = {"tenant": collection.tenant, "privacy": 1, "created": 1.0}
        codes = map(encode, embedder.embed(texts, Context()))
        return store.documents.put(
            DocumentRow(
                **owned,
                id=f"doc_{collection.id}_{name}",
                collection=collection.id,
                name=name,
                sha256="",
                size=0,
                media_type="text/plain",
                recipe="",
                origin="given",
                metadata=metadata,
            ),
            SourceRow(**owned, original=b"", text="".join(texts)),
            [
                PassageRow(
                    **owned,
                    collection=collection.id,
                    start=0,
                    page=None,
                    headings=(),
                    text=text,
                    sha256=text,
                )
                for text in texts
            ],
            [VectorRow(**owned, model=collection.model, scale=s, code=c) for s, c in codes],
        )

    return keep


@pytest.fixture
def start():
    """Runs Python source in a process that is killed at the end."""
    running: list[subprocess.Popen[str]] = []

    def run(source: str, *arguments: object) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-c", source, *map(str, arguments)],
            stdout=subprocess.PIPE,
            text=True,
        )
        running.append(process)
        return process

    yield run
    for process in running:
        process.kill()
        process.wait()
        process.stdout.close()
