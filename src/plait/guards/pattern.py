"""Personal data that has a form: patterns, and the checks that tell it from other numbers.

Every pattern is bounded and begins where the one before could not go on, so that the time grows
with the length of the text alone, whatever the text is.
"""

import ipaddress
import re
from collections.abc import Callable, Iterator
from datetime import date

from plait.core.verdict import Mark

REACH = 256
"""Most characters that a pattern reads, keys of several lines aside."""

_CARD = re.compile(r"(?<![\w.])(?<!\d[ -])\d(?>(?:[ -]?\d){11,39})(?!\w)")
_GROUP = re.compile(r"\d+")
_IBAN = re.compile(r"(?<![A-Za-z0-9])[A-Z]{2}\d{2}(?>(?:[ -]?[A-Z0-9]){11,30})(?![A-Za-z0-9])")
_EMAIL = re.compile(
    r"(?<![\w.+%'-])[\w+%'-]{1,64}+(?>(?:\.[\w+%'-]{1,64}+){0,5})"
    r"@(?=[^\s@]{4,190})(?:[^\W_](?:[\w-]{0,62})\.){1,6}[^\W\d_]{2,24}(?![\w-])"
)
_SSN = re.compile(r"(?<![\w-])(\d{3})([ -])(\d{2})\2(\d{4})(?![\w-])")
_PHONE = re.compile(
    r"""(?<![\w.+/-]) (?:
        (?:\+?1[ .-]?)? (?: \([2-9]\d\d\)[ .-]? | [2-9]\d\d[ .-] ) [2-9]\d\d [ .-]? \d{4}
      | (?:\+|00)[1-9]\d{0,2} (?>(?:[ ./-]? \(?\d{1,5}\)?){2,7})
      | \(?0\d{1,4}\)? (?>(?:[ ./-]\d{2,8}){1,5})
    ) (?: \s?(?:x|ext\.?|extension)\s?\d{1,6} )? (?![\w-])""",
    re.VERBOSE,
)
_IPV4 = re.compile(r"(?<![\w.-])\d{1,3}(?:\.\d{1,3}){3}(?![\w-]|\.\d)")
_IPV6 = re.compile(r"(?<![\w:.])(?=[0-9A-Fa-f]{0,4}:)[0-9A-Fa-f:]{6,39}+(?:\d{0,3}\.[\d.]{5,11}+)?")
_CALL = re.compile(
    r"(?i)(?<![\w-])(?:phone|telephone|tel|mobile|cell|fax|call|text|sms|messages?|answering|reach|"
    r"ring|dial|contact)\b[^\d\n$€£%]{0,20}(?<![\d.,$€£])"
    r"(\+?\d{8,11}|\+?\(?\d{2,4}\)?(?:[ ./-]\d{2,4}){2,4})(?![\w%-]|[.,]\d)"
)
_MRZ = re.compile(r"(?<![A-Z0-9<])[A-Z0-9<]{9}\d[A-Z<]{3}\d{7}[MFX<]\d{7}[A-Z0-9<]{14}\d\d(?!\d)")
_KEY_BLOCK = re.compile(
    r"-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----(?>(?:[\w+/=,:\s.]|-(?!-)){0,16384})"
    r"(?:-----END [A-Z ]{0,30}PRIVATE KEY-----)?"
)
_TOKEN = re.compile(
    r"""(?<![A-Za-z0-9_/+=-]) (?:
        (?:sk|pk|rk)[-_](?:[a-z]{2,12}[-_])?[A-Za-z0-9_-]{16,200}+   # OpenAI, Stripe and others
      | (?:AKIA|ASIA|AROA|AIDA)[A-Z0-9]{16}                          # Amazon
      | gh[opusr]_[A-Za-z0-9]{36,200}+ | github_pat_\w{22,200}+ | glpat-[\w-]{20,60}+
      | xox[abeoprs]-[A-Za-z0-9-]{10,200}+                           # Slack
      | AIza[\w-]{35} | ya29\.[\w-]{20,200}+                         # Google
      | hf_[A-Za-z0-9]{30,60}+ | npm_[A-Za-z0-9]{36} | pypi-[\w-]{50,220}+
      | eyJ[\w-]{8,200}+\.eyJ[\w-]{8,1000}+\.[\w-]{8,500}+           # a JSON web token
    ) (?![A-Za-z0-9_])""",
    re.VERBOSE,
)
_KEY_LINE = re.compile(r"(?<![\w+/=-])[A-Za-z0-9+/]{60,100}={0,2}(?![\w+/=-])")
_CREDENTIALS = re.compile(r"(?<=://)[^\s/@:]{1,80}:[^\s/@]{1,150}(?=@[\w\[])")
_ASSIGNED = re.compile(
    r"(?i)(?<![a-z])(?:api[ _-]?key|(?:access|auth|bearer|secret)[ _-]?(?:token|key)|secret|token"
    r"|pass(?:word|code|phrase)|pwd|bearer|pin)\b['\"]?\s{0,2}(?:is\b|[:=]|\bbearer\b)?\s{0,2}"
    r"['\"]?([^\s'\",;]{4,200})"
)
_MONTH = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|"
    r"sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\.?"
)
_DATE = (
    rf"(?:\d{{1,4}}[-/.]\d{{1,2}}[-/.]\d{{2,4}}|{_MONTH}\s\d{{1,2}}(?:st|nd|rd|th)?,?\s\d{{4}}"
    rf"|\d{{1,2}}(?:st|nd|rd|th)?(?:\sof)?\s{_MONTH},?\s\d{{4}})(?!\d)"
)
_BORN = re.compile(
    rf"(?i)\b(?:born|birth ?date|date of birth|birthday|d\.?o\.?b)\b\.?(?:[\s:=]|\b(?:is|was|on)\b)"
    rf"{{1,6}}({_DATE})"
)
_NUMBERED = (  # label, what introduces it, what it looks like
    ("passport", r"passport", r"[A-Z0-9]{6,9}"),
    ("driver licence", r"driver'?s?'? licen[cs]e|driving licen[cs]e", r"[A-Z0-9][A-Z0-9-]{4,18}"),
    ("ssn", r"ssn|social security", r"\d{3}[ -]?\d{2}[ -]?\d{4}"),
    (
        "account",
        r"account|acct|a/c|routing|aba|sort code|iban|card|loan|customer|member|client",
        r"\d(?:[ -]?\d){5,18}",
    ),
)
_INTRODUCED = [
    (
        label,
        re.compile(
            rf"(?i)(?<![\w-])(?:{word})(?:\s(?:no|number|num|id))?\b[.:#]?"
            rf"(?:[\s:=]|#|\b(?:is|was|are)\b){{1,6}}(?-i:({form}))(?![\w-])"
        ),
    )
    for label, word, form in _NUMBERED
]
_STREET = (
    r"(?:Street|St|Avenue|Ave|Road|Rd|Boulevard|Blvd|Lane|Ln|Drive|Dr|Court|Ct|Place|Pl|Terrace|"
    r"Ter|Highway|Hwy|Parkway|Pkwy|Circle|Cir|Square|Sq|Trail|Trl|Way|Alley|Crescent|Close|Row|"
    r"Route|Rte)"
)
_UNIT = r"(?:Apt|Apartment|Suite|Ste|Unit|Floor|Fl|Flat|Room|Rm|\#)"
_NAME = r"(?![a-z_])\w[\w'’.-]{0,30}"
_PLACE = rf"{_NAME}(?:\s{_NAME}){{0,2}}"
_STATE_ZIP = r"[A-Z]{2}\s{1,2}\d{5}(?:-\d{4})?(?![\w-])"
_LINES = (
    rf"(?:,?\s{{0,2}}\n\s{{0,2}},?\s?{_PLACE}(?:,\s[A-Z]{{2}}\b)?(?=\s{{0,2}}(?:\n|\Z|,))){{0,3}}"
)
_REST = (
    rf"(?:\s{{0,2}},?\s{{1,2}}{_PLACE}\s{{0,2}},\s{{0,2}}[A-Z]{{2}}\b"
    r"(?:\s{1,2}\d{5}(?:-\d{4})?)?)?"
)
_INSIDE = rf"(?:,?\s{{1,2}}{_UNIT}\.?\s?\#?[\w-]{{1,6}})?"
_ADDRESSES = [
    re.compile(each)
    for each in (
        rf"(?<![\w$.,-])\d{{1,6}}[A-Za-z]?,?[^\S\n](?:{_NAME}\s){{1,4}}?{_STREET}\b\.?"
        rf"(?:\s[NSEW]{{1,2}}\b)?" + _INSIDE + _REST,
        rf"(?<![\w$.,-])\d{{1,6}}\s(?:[\w'’.-]{{1,30}},?\s{{1,2}}){{1,5}}?"
        rf"(?i:apt|apartment|suite|ste)\.?\s?\#?\d{{1,5}}\b(?:{_REST}|{_LINES})",
        r"(?<!\w)(?i:apt|apartment|suite)\.?\s?\#?\d{1,5}\b" + _REST,
        r"(?<!\w)(?i:p\.?\s?o\.?\sbox|(?:psc|cmr|unit)\s\d{1,6},?\sbox)\s\d{1,8}\b" + _REST,
        rf"(?<!\w)(?:{_NAME}(?:\s{_NAME}){{0,2}}\s{{0,2}},\s{{0,2}})?" + _STATE_ZIP,
        r"(?<!\w)(?:APO|FPO|DPO)\sA[AEP]\s\d{5}\b",
        rf"(?i:\b(?:address(?:\sis)?|live[sd]?\s(?:at|on|in)|located\sat|offices?\s(?:is\s|are\s)?at|"
        rf"resid(?:es?|ing)\s(?:at|in)|(?:sent|send|deliver|delivered|shipped|mailed)\s(?:\w{{1,10}}\s)?to))"
        rf"[:?\s]{{1,3}}(?P<address>\d{{1,6}}\s{_PLACE}\s\d{{1,4}}\b{_REST})",
    )
]
_TITLED = re.compile(
    r"(?<!\w)(?:Mr|Mrs|Ms|Miss|Mx|Dr|Prof)\.?\s([A-ZÀ-Ý][\w'’-]{1,30}(?:\s[A-ZÀ-Ý][\w'’-]{1,30}){0,2})"
)
_CALLED = re.compile(
    r"(?<!\w)(?i:my (?:full |last |first )?name is|my name's|name:|signed by)\s"
    r"([A-ZÀ-Ý][\w'’.-]{0,30}(?:\s[A-ZÀ-Ý][\w'’-]{0,30}){0,3})"
)


def find(text: str) -> Iterator[Mark]:
    """Yield what has the form of personal data; marks may overlap, the surest kinds come first."""
    for label, look in _LOOKS:
        for start, end in look(text):
            yield Mark(start, end, label)


def _whole(pattern: re.Pattern[str], group: int = 0) -> "Look":
    return lambda text: (match.span(group) for match in pattern.finditer(text))


def _cards(text: str) -> Iterator[tuple[int, int]]:
    """Yield payment cards: in a run of groups of digits those that pass as one number."""
    for run in _CARD.finditer(text):
        groups = [each.span() for each in _GROUP.finditer(text, *run.span())]
        past = 0
        for first, (start, _) in enumerate(groups):
            if start < past:
                continue
            digits, found = "", 0
            for group_start, end in groups[first : first + 8]:
                digits += text[group_start:end]
                if len(digits) > 19:
                    break
                if len(digits) >= 12 and is_card(digits):
                    found = end
            if found:
                past = found
                yield start, found


def is_card(digits: str) -> bool:
    """Tell whether 12 to 19 digits are a payment card's: issuer, length and check digit (Luhn)."""
    two, four = int(digits[:2]), int(digits[:4])
    if two in (34, 37):
        fits = len(digits) == 15
    elif two in (36, 38, 39) or 300 <= int(digits[:3]) <= 305:
        fits = 14 <= len(digits) <= 19
    elif 51 <= two <= 55 or 2221 <= four <= 2720:
        fits = len(digits) == 16
    elif digits[0] == "4":
        fits = len(digits) in (13, 16, 19)
    else:
        fits = (
            two in (50, 60, 62, 64, 65)
            or 56 <= two <= 69
            or 3528 <= four <= 3589
            or four in (1800, 2131)
        )
    return fits and len(set(digits)) > 1 and luhn(digits)


def luhn(digits: str) -> bool:
    """Tell whether the last digit is right by ISO/IEC 7812-1, annex B."""
    doubled = (int(each) * 2 for each in digits[-2::-2])
    total = sum(int(each) for each in digits[::-2]) + sum(
        each // 10 + each % 10 for each in doubled
    )
    return total % 10 == 0


def _ibans(text: str) -> Iterator[tuple[int, int]]:
    for match in _IBAN.finditer(text):
        # Words in capitals may follow: take the longest beginning that passes.
        for end in range(match.end(), match.start() + 14, -1):
            if is_iban(re.sub(r"[ -]", "", text[match.start() : end])) and (
                end == len(text) or not text[end].isalnum()
            ):
                yield match.start(), end
                break


def is_iban(text: str) -> bool:
    """Tell whether a text without spaces is an account number by ISO 13616 (remainder 1 by 97)."""
    turned = text[4:] + text[:4]
    return 15 <= len(text) <= 34 and int("".join(str(int(each, 36)) for each in turned)) % 97 == 1


def _ssns(text: str) -> Iterator[tuple[int, int]]:
    for match in _SSN.finditer(text):
        if is_ssn(match[1] + match[3] + match[4]):
            yield match.span()


def is_ssn(digits: str) -> bool:
    """Tell whether nine digits can be a US social security number, by the rules of its issuer."""
    area, group, serial = digits[:3], digits[3:5], digits[5:]
    return area not in ("000", "666") and area[0] != "9" and group != "00" and serial != "0000"


def _phones(text: str) -> Iterator[tuple[int, int]]:
    for match in _PHONE.finditer(text):
        digits = re.sub(r"\D", "", re.split(r"[xe]", match[0])[0])
        if 8 <= len(digits) <= 15 and len(set(digits)) > 2:
            yield match.span()
    yield from (match.span(1) for match in _CALL.finditer(text))


def _addresses_of_machines(text: str) -> Iterator[tuple[int, int]]:
    for pattern in (_IPV4, _IPV6):
        for match in pattern.finditer(text):
            written = match[0].rstrip(".:") if pattern is _IPV6 else match[0]
            try:
                address = ipaddress.ip_address(written)
            except ValueError:
                continue
            if not (address.is_loopback or address.is_unspecified):
                yield match.start(), match.start() + len(written)


def _documents(text: str) -> Iterator[tuple[int, int]]:
    """Yield second lines of passports' machine-readable zone whose check digits are right."""
    for match in _MRZ.finditer(text):
        line = match[0]
        parts = ((line[:9], line[9]), (line[13:19], line[19]), (line[21:27], line[27]))
        if all(_mrz_digit(part) == int(check) for part, check in parts):
            yield match.span()


def _mrz_digit(part: str) -> int:
    """Return the check digit of ICAO 9303, part 3, 4.9."""
    values = (0 if each == "<" else int(each, 36) for each in part)
    return sum(value * (7, 3, 1)[at % 3] for at, value in enumerate(values)) % 10


def _secrets(text: str) -> Iterator[tuple[int, int]]:
    for pattern in (_KEY_BLOCK, _TOKEN, _CREDENTIALS):
        yield from (match.span() for match in pattern.finditer(text))
    for match in _KEY_LINE.finditer(text):
        if _mixed(match[0]):
            yield match.span()
    for match in _ASSIGNED.finditer(text):
        value = match[1].rstrip(".)!?")
        if any(map(str.isdigit, value)) and not re.fullmatch(r"[\d.,:/%-]{1,3}", value):
            yield match.start(1), match.start(1) + len(value)


def _mixed(text: str) -> bool:
    kinds = (str.isupper, str.islower, str.isdigit)
    return all(any(map(kind, text)) for kind in kinds)


def _introduced(label: str, pattern: re.Pattern[str]) -> "Look":
    def look(text: str) -> Iterator[tuple[int, int]]:
        for match in pattern.finditer(text):
            digits = re.sub(r"\D", "", match[1])
            if not digits or (label == "ssn" and not is_ssn(digits)):
                continue
            yield match.span(1)

    return look


def _births(text: str) -> Iterator[tuple[int, int]]:
    for match in _BORN.finditer(text):
        numbers = re.findall(r"\d+", match[1])
        years = [int(each) for each in numbers if len(each) == 4]
        if not years or 1900 <= years[0] <= date.max.year:
            yield match.span(1)


Look = Callable[[str], Iterator[tuple[int, int]]]
_LOOKS: tuple[tuple[str, Look], ...] = (
    ("secret", _secrets),
    ("card", _cards),
    ("iban", _ibans),
    ("email", _whole(_EMAIL)),
    ("ssn", _ssns),
    ("passport", _documents),
    *((label, _introduced(label, pattern)) for label, pattern in _INTRODUCED),
    ("birth date", _births),
    ("ip", _addresses_of_machines),
    ("phone", _phones),
    *(("address", _whole(pattern, pattern.groups)) for pattern in _ADDRESSES),
    ("person", _whole(_TITLED, 1)),
    ("person", _whole(_CALLED, 1)),
)
