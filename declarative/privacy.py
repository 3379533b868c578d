"""Makes text safe to show: masks phone numbers and API keys, drops control characters. Imports no other module of the
project."""

from __future__ import annotations

import re
import unicodedata

_NUMBER = re.compile(
    r"\+\d[\d(). -]{5,}\d"  # international, with or without separators
    r"|\(?\b\d{3}\)?[-. ]\d{3}[-. ]\d{4}\b"  # as North Americans write it
    r"|\d{10,}"
    r"|(?<![\w.-])\d{7,}"  # after a letter or a dash so few may be a date: recipients-20261201.csv
)
_MASKED = re.compile(r"\+?\d*•••\d*")
_CONTROL = dict.fromkeys((*range(32), *range(127, 160)))
_BIDI = dict.fromkeys((1564, 8206, 8207, *range(8234, 8239), *range(8294, 8298)))
_BREAKS = dict.fromkeys((9, 10, 13, 133, 8232, 8233), " ")
_SURROGATES = dict.fromkeys(range(0xD800, 0xE000), "\ufffd")
"""What Python makes of bytes in arguments and variables that are not UTF-8. No JSON can hold them."""
_UNSAFE: dict[int, str | None] = {**_CONTROL, **_BIDI, **_BREAKS, **_SURROGATES}

LIMIT = 300
"""Characters that `redact` leaves of a text."""
_WRITTEN_NUMBER = re.compile(
    r"(?<![\w.:-])(?:\+ ?)?\(?\d(?:[-. ()/]{0,2}\d){6,16}(?![\w-]|\.\d)"
    r"|\+\d{7,15}(?!\d)"  # in the middle of a word too
)
_US_NUMBER = re.compile(r"1?[2-9]\d{2}[2-9]\d{6}")
_LOCAL_NUMBER = re.compile(r"\d{3}[-. ]\d{4}")
_UNIT = re.compile(r" ?(?:bytes|[kmg]i?b|m?s|milliseconds|seconds|characters|tokens|credits)\b", re.IGNORECASE)
_NO_PHONE = re.compile(
    r"\d{1,3}(?:[. ]\d{3})+"  # 12.345.678
    r"|\d+\.\d{1,2}(?: \d+\.\d{1,2})*"  # amounts
    r"|\d{4}-\d\d-\d\d\b.*"  # a date, perhaps with a time
    r"|(?:\d{1,3}\.){3}\d{1,3}"  # an IP address
)
_DIGIT_RUN = re.compile(r"\d(?:[-. ()/]{0,2}\d){6,}")
_QUERY = re.compile(r"(?<=\S)\?\S*")
_KEY = re.compile(r"\bsk_[A-Za-z0-9_-]+")
_UNPRINTABLE = frozenset({"Cc", "Cf", "Co", "Cs", "Zl", "Zp"})
"""Unicode categories of characters that are not shown: controls, directions, surrogates, private use, separators."""
_SHORTEST_SECRET = 6
"""Characters. A shorter secret is not searched for: it would be found in ordinary words."""


def mask(number: str) -> str:
    """`+14155550101` as `+1415•••0101`: enough to recognize, too little to call. Hides at least three digits."""
    head = min(5, len(number) - 7)
    if head >= 3 and sum(letter.isdigit() for letter in number[head:-4]) >= 3:
        return f"{number[:head]}•••{number[-4:]}"
    return f"{number[:2]}•••{number[-2:]}" if len(number) >= 7 else "•••"


def mask_all(text: str) -> str:
    """Mask everything in a text that looks like a phone number. Dates such as `20261201` in file names stay."""
    return _NUMBER.sub(lambda found: _mask_digits(found.group()), text)


def mask_written(text: str) -> str:
    """Mask what reads as a phone number, and leave sizes, ids, times and counts as they are."""
    return _WRITTEN_NUMBER.sub(_mask_written, text)


def hide_numbers(text: str) -> str:
    """Leave nothing of the phone numbers in a text that was masked, for text that is kept."""
    return _MASKED.sub("•••", mask_written(text))


def _mask_digits(number: str) -> str:
    digits = re.sub(r"\D", "", number)
    if len(digits) < 10:
        return "•••"
    return mask(f"+{digits}").removeprefix("" if number.startswith("+") else "+")


def clean(text: str) -> str:
    """One line of text from a manifest or provider that cannot control a terminal: control characters and direction
    overrides are dropped, line breaks and tabs become spaces, bytes that are not UTF-8 the sign for that."""
    return text.translate(_UNSAFE)


def first_words(error: BaseException) -> str:
    """The first line of what a store's client says. What follows are notes of the client and the page of the store,
    which may quote a signed request; a URL loses its query, which may be signed too."""
    return clean(_QUERY.sub("", str(error).partition("\n")[0].partition(": <")[0]))[:LIMIT]


def bare_url(url: str) -> str:
    """A URL for messages: of one that has a user or parameters only the scheme, for either may hold a password."""
    scheme, separator, _ = url.partition("://")
    if "@" in url or "?" in url:
        return f"{clean(scheme)}://…" if separator and "@" not in scheme and "?" not in scheme else "…"
    return clean(url)


def is_loopback(host: str) -> bool:
    """Whether a host name or IP address is this machine. No name is looked up."""
    try:
        import ipaddress

        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def redact(text: str, *, secret: str = "", sent: bytes = b"") -> str:
    """A provider's text in one line of at most LIMIT characters. Control and direction characters become spaces, what
    reads as a phone number becomes `+1415•••0101`, `secret` and everything that looks like an API key become `•••`.

    Other numbers stay: sizes, ids, times, counts. Digits that `sent`, a request's body, holds as well are people's own,
    and are masked however they are written.
    """
    if len(secret) >= _SHORTEST_SECRET:
        text = text.replace(secret, "•••")
    text = _KEY.sub("•••", text[: LIMIT * 8])  # cut first: an error page may be megabytes
    printable = "".join(" " if unicodedata.category(character) in _UNPRINTABLE else character for character in text)
    masked = mask_written(" ".join(printable.split()))
    if sent:
        masked = _DIGIT_RUN.sub(lambda found: _mask_sent(found.group(), sent), masked)
    return masked if len(masked) <= LIMIT else masked[: LIMIT - 1] + "…"


def _mask_written(found: re.Match[str]) -> str:
    """Mask a number with `+`, with a phone number's separators, or as bare as US numbers are written."""
    number = found.group()
    if number.isdigit():
        is_phone = _US_NUMBER.fullmatch(number) and not _UNIT.match(found.string, found.end())
    else:
        is_long = sum(character.isdigit() for character in number) >= 9 or _LOCAL_NUMBER.fullmatch(number)
        is_phone = number.startswith("+") or (is_long and not _NO_PHONE.fullmatch(number))
    return _mask_digits(number) if is_phone else number


def _mask_sent(number: str, sent: bytes) -> str:
    digits = re.sub(r"\D", "", number).lstrip("0")
    return _mask_digits(number) if len(digits) >= 7 and digits.encode() in sent else number
