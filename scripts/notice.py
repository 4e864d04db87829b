"""Write the fair lending notice of the demo as a PDF: `python scripts/notice.py`.

All of it is ASCII without compression, so that a change of the notice can be read in a diff.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "scripts" / "fair-lending-notice.md"
TARGET = ROOT / "src" / "plait" / "app" / "lending" / "policies" / "fair-lending-notice.pdf"
# US letter paper, in points
WIDTH, HEIGHT, MARGIN = 612, 792, 72
# how wide Helvetica draws each character from space to tilde, in thousandths of its size
ADVANCE = [
    278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278,
    556, 556, 556, 556, 556, 556, 556, 556, 556, 556, 278, 278, 584, 584, 584, 556,
    1015, 667, 667, 722, 722, 667, 611, 778, 722, 278, 500, 667, 556, 833, 722, 778,
    667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 278, 278, 278, 469, 556,
    333, 556, 556, 500, 556, 556, 278, 556, 556, 222, 222, 500, 222, 833, 556, 556,
    556, 556, 333, 500, 278, 556, 500, 722, 500, 500, 500, 334, 260, 334, 584,
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Style:
    """How a paragraph is set: F1 is upright, F2 bold; size and the space above are in points."""

    font: str
    size: int
    above: int


STYLES = {
    "# ": Style(font="F2", size=20, above=0),
    "## ": Style(font="F2", size=13, above=14),
    "": Style(font="F1", size=11, above=7),
}


def pdf(notice: str) -> bytes:
    """Return the notice as a PDF; `#` and `##` begin a heading, an empty line a paragraph."""
    pages = list(_pages(notice))
    first = 5  # objects 1 to 4: the catalogue, the page tree, the two fonts
    kids = " ".join(f"{first + 2 * at} 0 R" for at in range(len(pages)))
    objects = [
        "<< /Type /Catalog /Pages 2 0 R /Lang (en-US) >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {len(pages)} >>",
        *(
            f"<< /Type /Font /Subtype /Type1 /BaseFont /{name} /Encoding /WinAnsiEncoding >>"
            for name in ("Helvetica", "Helvetica-Bold")
        ),
    ]
    for at, content in enumerate(pages):
        objects += [
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {WIDTH} {HEIGHT}] "
            "/Resources << /Font << /F1 3 0 R /F2 4 0 R >> >> "
            f"/Contents {first + 2 * at + 1} 0 R >>",
            f"<< /Length {len(content)} >>\nstream\n{content}\nendstream",
        ]
    objects.append("<< /Title (Fair Lending Notice) /Author (Harborview Savings) >>")
    body, offsets = "%PDF-1.4\n", []
    for number, each in enumerate(objects, start=1):
        offsets.append(len(body))
        body += f"{number} 0 obj\n{each}\nendobj\n"
    # an entry of the table is 20 bytes, its line end included
    entries = "".join(f"{offset:010d} 00000 n \n" for offset in offsets)
    table = f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n{entries}"
    ends = f"<< /Size {len(objects) + 1} /Root 1 0 R /Info {len(objects)} 0 R >>"
    tail = f"trailer\n{ends}\nstartxref\n{len(body)}\n%%EOF\n"
    return (body + table + tail).encode("ascii")


def _pages(notice: str) -> Iterator[str]:
    """Yield what is drawn on each page."""
    drawn, down = list[str](), HEIGHT - MARGIN
    for part in notice.strip().split("\n\n"):
        mark = part[: len(part) - len(part.lstrip("#"))]
        mark += " " if mark else ""
        style = STYLES[mark]
        lines = list(_wrapped(part.removeprefix(mark), style.size))
        # a heading takes the first lines of what follows to the next page with it
        needed = style.above + round(style.size * 1.3) * (len(lines) + (3 if mark else 0))
        if down - needed < MARGIN:
            yield "\n".join(drawn)
            drawn, down = [], HEIGHT - MARGIN
        down -= style.above
        for line in lines:
            down -= round(style.size * 1.3)
            words = line.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)")
            drawn.append(f"BT /{style.font} {style.size} Tf {MARGIN} {down} Td ({words}) Tj ET")
    yield "\n".join(drawn)


def _wrapped(text: str, size: int) -> Iterator[str]:
    """Yield lines of whole words that fit between the margins."""
    room = (WIDTH - 2 * MARGIN) * 1000 / size
    line = ""
    for word in text.split():
        longer = f"{line} {word}".strip()
        if line and sum(ADVANCE[ord(each) - ord(" ")] for each in longer) > room:
            yield line
            longer = word
        line = longer
    yield line


if __name__ == "__main__":
    TARGET.write_bytes(pdf(SOURCE.read_text(encoding="utf-8")))
