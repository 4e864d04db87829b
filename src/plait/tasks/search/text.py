"""Plain text: bytes to characters, paragraphs at empty lines."""

import codecs
import re

from plait.core.errors import InvalidData, shown
from plait.core.sentence import trimmed
from plait.tasks.search.document import Block, Parsed

_HINT = "save it as UTF-8"
_KNOWN = re.compile(
    r"utf-8|iso8859-\d+|cp(125\d|866|874|932|949|950)|koi8-[ru]|mac-roman"
    r"|shift_jis|euc_jp|euc_kr|gb2312|gbk|gb18030|big5"
)
_EMPTY_LINES = re.compile(r"\n[^\S\n]*(?=\n)")


def parse_text(data: bytes, where: str) -> Parsed:
    """Read plain text; offsets are those of the file, once each line ends in one newline.

    Raises:
        InvalidData: see `decode`.
    """
    text = decode(data, where)
    blocks = []
    start = 0
    for end in [*(match.end() for match in _EMPTY_LINES.finditer(text)), len(text)]:
        first, last = trimmed(text, start, end)
        if first < last:
            blocks.append(Block(kind="text", start=first, end=last))
        start = end
    return Parsed(text=text, blocks=tuple(blocks))


def decode(data: bytes, where: str, declared: str = "") -> str:
    r"""Return the text of a file; `\r\n` and `\r` become `\n`.

    A byte order mark says UTF-8 or UTF-16 and wins over `declared`; without either it is UTF-8.

    Raises:
        InvalidData: `data_encoding`, the bytes are not in that encoding, or nothing knows it;
            `data_format`, it holds a NUL and so is no text.
    """
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        encoding = "utf-16"
    elif declared and not data.startswith(codecs.BOM_UTF8):
        encoding = _known(declared, where)
    else:
        encoding = "utf-8-sig"
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        message = f"byte {error.start} does not belong in {encoding.removesuffix('-sig')} text"
        raise InvalidData("data_encoding", message, where=f"{where}:{line}", hint=_HINT) from None
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        message = "it is not text: it holds a NUL"
        raise InvalidData("data_format", message, where=f"{where}:{line}", hint=_HINT)
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _known(declared: str, where: str) -> str:
    """Return what Python calls a declared encoding; as browsers do, Latin-1 is read as cp1252."""
    try:
        name = codecs.lookup(declared).name
    except (LookupError, ValueError):
        name = ""
    if name in ("ascii", "iso8859-1"):
        return "cp1252"
    if not _KNOWN.fullmatch(name):
        message = f"it declares the encoding {shown(declared)}, which plait does not read"
        raise InvalidData("data_encoding", message, where=where, hint=_HINT)
    return name
