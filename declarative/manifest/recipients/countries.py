"""Tells which phone numbers are in given countries. In a column, phonenumbers is called only once for all numbers that
agree in the part that decides the country."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import TYPE_CHECKING

from declarative.manifest.document import DocumentSection
from declarative.manifest.messages import quote

if TYPE_CHECKING:
    import polars as pl

_ISO_BY_EU_CODE = {"UK": "GB", "EL": "GR"}
"""ISO 3166 codes by the codes that the European Union uses instead."""
_AREA = 5
"""Length of `+1` and the area code, which decide the country in North America."""
_DECISIVE = 9
"""Length that decides elsewhere. Countries that share a calling code differ within six digits after it, as Guernsey's
+44 7781."""


def match_countries(numbers: Iterable[str], countries: frozenset[str]) -> list[bool]:
    """Whether each E.164 number is in one of the countries. A number of unknown country is not."""
    return [_number_region(_decisive_part(number)) in countries for number in numbers]


@cache
def country_codes() -> frozenset[str]:
    """The ISO 3166 codes of all countries that have phone numbers."""
    from phonenumbers import SUPPORTED_REGIONS

    return frozenset(SUPPORTED_REGIONS)


def match_countries_column(numbers: pl.Series, countries: frozenset[str]) -> pl.Series:
    """Like `match_countries`, for a column, with one lookup for each distinct part that decides."""
    import polars as pl

    number = pl.col(numbers.name)
    sizes = pl.when(number.str.starts_with("+1")).then(_AREA).otherwise(_DECISIVE)
    # The length belongs to the part: of two numbers with the same beginning, one may be too short to be valid.
    part = pl.concat_str(number.str.slice(0, sizes), pl.lit("/"), number.str.len_bytes().cast(pl.String))
    frame = numbers.to_frame().with_columns(part.alias("part"))
    first = frame.unique("part", keep="first")
    inside = pl.Series("inside", match_countries(first.get_column(numbers.name), countries), dtype=pl.Boolean)
    matches = first.select("part").with_columns(inside)
    return frame.join(matches, on="part", how="left", maintain_order="left").get_column("inside")


def _decisive_part(number: str) -> str:
    """The number itself, or one number that stands for its area code in North America, so that the cache is used."""
    if number.startswith("+1"):
        return number[:_AREA] + "5550100"
    return number


@cache
def _regions_by_calling_code() -> dict[int, tuple[str, ...]]:
    from phonenumbers import COUNTRY_CODE_TO_REGION_CODE

    return dict(COUNTRY_CODE_TO_REGION_CODE)


def _number_region(number: str) -> str | None:
    """The country code of an E.164 number; None when it is not known."""
    digits = number[1:]
    for length in (1, 2, 3):
        regions = _regions_by_calling_code().get(int(digits[:length]))
        if regions:
            return regions[0] if len(regions) == 1 else _look_up_region(number)
    return None


@cache
def _look_up_region(number: str) -> str | None:
    from phonenumbers import NumberParseException, parse, region_code_for_number

    try:
        region: str | None = region_code_for_number(parse(number))
    except NumberParseException:
        return None
    return region


def report_unknown_region(section: DocumentSection, region: str | None) -> None:
    """Report a code that no phone number can have. The section is its place."""
    if region is not None and region not in country_codes():
        iso_code = _ISO_BY_EU_CODE.get(region)
        hint = f'did you mean "{iso_code}"?' if iso_code else "use a code of ISO 3166, such as US"
        section.report(f"no phone number belongs to a country {quote(region)}", hint)


def is_too_short(number: str) -> bool:
    """Whether every number of its country is longer."""
    from phonenumbers import NumberParseException, ValidationResult, is_possible_number_with_reason, parse

    try:
        return bool(is_possible_number_with_reason(parse(number)) == ValidationResult.TOO_SHORT)
    except NumberParseException:
        return False


@cache
def numbering_plan_edition() -> str:
    """The edition of the numbering plans. Another edition may know other numbers and countries."""
    from importlib.metadata import version

    return version("phonenumbers")  # quicker than to import it
