"""Text as a model would read it: without disguise, and with what was hidden in it."""

import base64
import binascii
import codecs
import re
import unicodedata
from dataclasses import dataclass

_TAGS = range(0xE0000, 0xE0080)  # invisible copies of ASCII
_INVISIBLE = frozenset(
    "\u00ad\u034f\u115f\u1160\u17b4\u17b5\u180e\u200b\u2060\u2061\u2062\u2063\u2064\u3164\uffa0"
    "\ufeff\u202a\u202b\u202d\u202e\u2066\u2067\u2068\u202c\u2069"
)
_JOINERS = frozenset("\u200c\u200d\ufe0e\ufe0f")  # at home in emoji and in several scripts
_PAIRS = (  # letters of other scripts that look like Latin ones: Unicode TR 39, the common ones
    "аa еe оo рp сc уy хx іi јj ѕs ԁd һh ӏl ԛq ԝw гr пn кk мm тt вb АA ВB ЕE КK МM НH ОO РP СC ТT "
    "УY ХX ІI ЈJ ЅS αa οo εe νv ιi κk ρp τt υu χx ΑA ΒB ΕE ΖZ ΗH ΙI ΚK ΜM ΝN ΟO ΡP ΤT ΥY ΧX ɡg ıi"
)
_ALIKE = {ord(pair[0]): pair[1] for pair in _PAIRS.split()}
_MIXED = re.compile(r"(?=[^\W\d_]{0,40}?[A-Za-z])[^\W\d_]{2,40}+")
_SPACED = re.compile(r"(?<!\w)[^\W\d_]([ .*_-])[^\W\d_](?!\w)(?>(?:\1[^\W\d_](?!\w)){1,60})")
_SPELT = 9  # characters of five letters apart; `A B C` alone is a list
_BASE64 = re.compile(r"(?<![\w+/=])[A-Za-z0-9+/]{20,}+={0,2}")
_HEX = re.compile(r"(?<!\w)(?>(?:[0-9a-fA-F]{2}[ ]?){12,})")


@dataclass(frozen=True, slots=True)
class Plain:
    """A text without disguise.

    Attributes:
        text: what is to be read.
        origin: for each of its characters the offset in the text as given; None where they agree.
        hidden: what people do not see: written in invisible characters, Base64 or hexadecimal.
        disguised: how many characters were invisible, and 1 for words spelt letter by letter.
    """

    text: str
    origin: list[int] | None
    hidden: tuple[str, ...]
    disguised: int

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Return where in the text as given a stretch of this one stands; it is not empty."""
        if self.origin is None:
            return start, end
        return self.origin[start], self.origin[end - 1] + 1


def read(text: str) -> Plain:
    """Return `text` without disguise, in a time that grows with its length alone."""
    seen, origin, hidden, disguised = text, None, [], 0
    if not text.isascii():
        seen, origin, tagged, disguised = _visible(text)
        seen = _MIXED.sub(lambda match: match[0].translate(_ALIKE), seen)
        hidden += [tagged] if tagged else []
    apart = list(_SPACED.finditer(seen))
    if any(len(match[0]) >= _SPELT for match in apart):
        seen, origin = _closed(seen, origin or list(range(len(seen))), apart)
        disguised += 1
    hidden += [found for match in _BASE64.finditer(text) if (found := _from_base64(match[0]))]
    hidden += [found for match in _HEX.finditer(text) if (found := _from_hex(match[0]))]
    return Plain(seen, origin, tuple(hidden), disguised)


def turned(text: str) -> str:
    """Return `text` in rot13, which is its own inverse."""
    return codecs.encode(text, "rot13")


def _visible(text: str) -> tuple[str, list[int], str, int]:
    """Return what is seen, its origins, what invisible copies say, how many are invisible."""
    seen, origin, tagged, count = [], [], [], 0
    for at, character in enumerate(text):
        if character.isascii():
            seen.append(character)
            origin.append(at)
        elif ord(character) in _TAGS:
            tagged.append(chr(ord(character) - _TAGS.start))
        elif character in _INVISIBLE:
            count += at > 0  # the first may be a byte order mark
        elif character not in _JOINERS:
            written = unicodedata.normalize("NFKC", character) or character
            seen.append(written)
            origin += [at] * len(written)
    said = "".join(tagged) if sum(map(str.isalpha, tagged)) > 8 else ""  # fewer are a flag's
    return "".join(seen), origin, said, count


def _closed(text: str, origin: list[int], apart: list[re.Match[str]]) -> tuple[str, list[int]]:
    """Take the separators out of words that are spelt letter by letter."""
    pieces, places, past = [], [], 0
    for match in apart:
        start, end = match.span()
        pieces += [text[past:start], text[start:end:2]]
        places += origin[past:start] + origin[start:end:2]
        past = end
    return "".join([*pieces, text[past:]]), places + origin[past:]


def _from_base64(text: str) -> str:
    bare = text.rstrip("=")
    try:
        return _readable(base64.b64decode(bare + "=" * (-len(bare) % 4)))
    except binascii.Error:
        return ""


def _from_hex(text: str) -> str:
    return _readable(bytes.fromhex(text))


def _readable(content: bytes) -> str:
    """Return what the bytes say, or "" when they are no words."""
    try:
        text = content.decode()
    except UnicodeDecodeError:
        return ""
    letters = sum(each.isalpha() or each == " " for each in text)
    return text if text.isprintable() and letters > 0.8 * len(text) and " " in text else ""
