"""Says why a text is no phone number, and which number was perhaps meant. Called only for texts that are wrong."""

from __future__ import annotations

import re
import unicodedata

from declarative.manifest.messages import quote
from declarative.model.numbers import (
    FIGURE,
    SPACES,
    UNSEEN,
    calling_code,
    count_not_assigned,
    normalize_numbers,
    possible_lengths,
)
from declarative.privacy import clean, mask

E164_DESCRIPTION = "an E.164 number: +, country code, number, digits only, such as +14155550101"
_USUAL = re.compile(r"[0-9A-Za-z+().,;:/#'\"=*\- ]")
_FIGURE = re.compile(r"[0-9.]+[eE]\+?[0-9]+")
_EXTENSION = re.compile(r"(.*[0-9][ )]*)(ext\.?|x|;ext=|#)[ :.]*[0-9]{1,7}", re.IGNORECASE)
_ABROAD = re.compile(r"(00|011)[ .-]?([1-9][0-9 ().-]{6,})")
_PARTS = re.compile(r"[/,;|\n\r&]|\bor\b")
_HOME = "US"
"""The region that a number of ten digits is proposed for, where it is assigned there."""


def describe_bad_number(text: str, region: str | None) -> tuple[str, str]:
    """Message and hint for a text that is no possible number; the number itself is masked."""
    text = text.strip()
    if not text.strip(" "):
        return f"found no number, expected {E164_DESCRIPTION}", ""
    if _FIGURE.fullmatch(text):
        return f"found {quote(text)}, a figure: a spreadsheet cut the digits", "export the column as text"
    fault, meant = _find_fault(text, region)
    hint = _propose(meant, region) if meant else ""
    return f"found {_masked(text)}{fault}, expected {E164_DESCRIPTION}", hint


def _find_fault(text: str, region: str | None) -> tuple[str, str]:
    """What is wrong, as the continuation of a sentence, and the text that was perhaps meant; empty for nothing."""
    if re.fullmatch(FIGURE, text):
        return ", a figure: a spreadsheet wrote it as an amount", text.partition(".")[0]
    bare = text.strip("'\"= \t")
    if bare != text and _is_readable(bare, region):
        return ", with signs of a spreadsheet around it", bare
    if bare.lower().startswith("tel:"):
        return ", with tel: before it", bare[4:]
    if match := _EXTENSION.fullmatch(bare):
        return ", with an extension, which cannot be called", match[1].strip()
    parts = [part for part in _PARTS.split(bare) if sum(map(str.isdigit, part)) >= 7]
    if len(parts) > 1:
        return ", more than one number", ""
    if strange := _name_characters(text):
        return f", with {strange}", ""
    if match := _ABROAD.fullmatch(bare):
        return f", with {match[1]} in place of +", f"+{match[2]}"
    if bare.startswith("+"):
        return _fault_after_plus(bare), ""
    return ("", "") if re.search("[A-Za-z]", bare) else (", without + and country code", bare)


def _fault_after_plus(text: str) -> str:
    digits = re.sub(r"[^0-9]", "", text)
    if not re.fullmatch(r"\+[0-9 ().\-]*", text):
        return ""
    code = calling_code(f"+{digits}")
    if not code:
        return ": no country has a code like this"
    lengths = [str(length) for length in possible_lengths(code)]
    named = " or ".join(filter(None, (", ".join(lengths[:-1]), lengths[-1])))
    return f": {len(digits) - len(code)} digits after +{code}, where numbers have {named}"


def _name_characters(text: str) -> str:
    """Characters that a number cannot have, by name. They may look right, or like nothing."""
    allowed = re.compile(f"[{UNSEEN}{SPACES}\u2010-\u2015\u2212]")
    strange = [sign for sign in dict.fromkeys(text) if not _USUAL.fullmatch(sign) and not allowed.fullmatch(sign)]
    return " and ".join(f"{unicodedata.name(sign, 'a control character')} (U+{ord(sign):04X})" for sign in strange[:3])


def _propose(text: str, region: str | None) -> str:
    """The number that was perhaps meant, masked, and under which condition."""
    if _is_readable(text, region):
        [number] = normalize_numbers([text], region)
        return f"{mask(number)} is meant? write it so" if number else ""
    digits = re.sub(r"[^0-9]", "", text)
    [with_plus] = normalize_numbers([f"+{digits}"])
    if with_plus and len(digits) > 10:
        return f"{mask(with_plus)} is meant? write the plus sign"
    [at_home] = normalize_numbers([text], _HOME)
    if at_home and region is None and not count_not_assigned([at_home]):
        return f"{mask(at_home)}, if default_region is {_HOME}"
    return "" if region else "default_region in the entry says of which country such numbers are"


def _is_readable(text: str, region: str | None) -> bool:
    return normalize_numbers([text], region) != [None]


def _masked(text: str) -> str:
    digits = sum(letter.isdigit() for letter in text)
    return quote(mask(clean(text)) if digits >= 7 else text)
