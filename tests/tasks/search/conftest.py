"""Documents made on the spot."""

from dataclasses import replace

import pytest

from plait.store.record import CollectionRow
from plait.store.sqlite import SqliteStore
from plait.tasks.search.parse import parse_document
from plait.testing.embedder import WordEmbedder

SIZE, LEADING = 11, 14


def written(pages, trailer=""):
    """Return a PDF in Helvetica; a page is a list of (x, y, size, text)."""
    kids = " ".join(f"{4 + 2 * number} 0 R" for number in range(len(pages)))
    objects = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {len(pages)} >>",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
    ]
    for number, page in enumerate(pages):
        shown = "".join(f"BT /F {size} Tf {x} {y} Td ({text}) Tj ET\n" for x, y, size, text in page)
        objects += [
            "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] "
            f"/Resources << /Font << /F 3 0 R >> >> /Contents {5 + 2 * number} 0 R >>",
            f"<< /Length {len(shown)} >>\nstream\n{shown}endstream",
        ]
    objects.append("<< /Title (Lending policy) /Author (The desk) >>")
    body, places = b"%PDF-1.4\n", []
    for number, text in enumerate(objects, start=1):
        places.append(len(body))
        body += f"{number} 0 obj\n{text}\nendobj\n".encode("latin-1")
    table = "".join(f"{place:010} 00000 n \n" for place in places)
    end = (
        f"xref\n0 {len(places) + 1}\n0000000000 65535 f \n{table}trailer\n"
        f"<< /Size {len(places) + 1} /Root 1 0 R /Info {len(places)} 0 R {trailer} >>\n"
        f"startxref\n{len(body)}\n%%EOF\n"
    )
    return body + end.encode()


@pytest.fixture
def pdf():
    """A function: pages, each a list of (x, y, size, text), to the bytes of a PDF."""
    return written


@pytest.fixture
def column():
    """A function: lines of text to what `pdf` takes, from `top` down the page."""

    def lines(*texts, top=800, size=SIZE, x=72):
        return [(x, top - LEADING * row, size, text) for row, text in enumerate(texts)]

    return lines


@pytest.fixture
def parsed():
    """A function: source and media type to (kind, text) of each block."""

    def blocks(source, media_type):
        data = source.encode() if isinstance(source, str) else source
        document = parse_document(data, "page", media_type=media_type)
        return [(each.kind, document.text[each.start : each.end]) for each in document.blocks]

    return blocks


@pytest.fixture
def store(tmp_path):
    with SqliteStore(tmp_path / "store") as opened:
        yield opened


@pytest.fixture
def embedder():
    """Texts that share words are near; it remembers every text."""
    return WordEmbedder()


@pytest.fixture
def docs(store, embedder):
    """The collection `docs`, empty."""
    row = CollectionRow(
        id="col_1",
        tenant="default",
        privacy=1,
        created=1.0,
        name="docs",
        model=embedder.artefact.id,
        size=1200,
    )
    store.put(row)
    return row


@pytest.fixture
def other_docs(store, docs):
    """The collection `docs` of another tenant."""
    row = replace(docs, id="col_2", tenant="other")
    store.put(row)
    return row
