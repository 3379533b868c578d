"""Foreign text made fit to print: no control characters, phone number or key, and not too long.
Knows no provider."""

from __future__ import annotations

import re
import unicodedata

from declarative.privacy import mask_all

LIMIT = 300

_DIGITS = re.compile(r"\d{7,}")
_KEY = re.compile(r"\bsk_[A-Za-z0-9_-]+")
_UNPRINTABLE = frozenset({"Cc", "Cf", "Co", "Cs", "Zl", "Zp"})
_SHORTEST_SECRET = 6


def clean(text: str, *, secret: str = "") -> str:
    """One line of at most 300 characters: control and direction characters become spaces, phone numbers read
    `+1415•••0101`, `secret` and anything that looks like an API key read `•••`."""
    if len(secret) >= _SHORTEST_SECRET:
        text = text.replace(secret, "•••")
    text = _KEY.sub("•••", text[: LIMIT * 8])
    plain = "".join(" " if unicodedata.category(letter) in _UNPRINTABLE else letter for letter in text)
    masked = _DIGITS.sub("•••", mask_all(" ".join(plain.split())))
    return masked if len(masked) <= LIMIT else masked[: LIMIT - 1] + "…"
