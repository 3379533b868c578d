"""What people may see: phone numbers masked, foreign text without control characters. Knows no other
module."""

from __future__ import annotations

_CONTROL = dict.fromkeys((*range(32), *range(127, 160)))
_BIDI = dict.fromkeys((1564, 8206, 8207, *range(8234, 8239), *range(8294, 8298)))
_BREAKS = dict.fromkeys((9, 10, 13, 133, 8232, 8233), " ")
_UNSAFE: dict[int, str | None] = {**_CONTROL, **_BIDI, **_BREAKS}


def mask(number: str) -> str:
    """`+14155550101` as `+1415•••0101`: enough to recognise, too little to ring."""
    if len(number) >= 11:
        return f"{number[:5]}•••{number[-4:]}"
    return f"{number[:2]}•••{number[-2:]}" if len(number) >= 7 else "•••"


def clean(text: str) -> str:
    """Text from manifests and providers in one line that a terminal cannot be steered by: control characters
    and bidi overrides are dropped, line breaks and tabs become spaces."""
    return text.translate(_UNSAFE)
