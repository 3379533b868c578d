"""The country of a phone number, asked of phonenumbers once for many: by the part of the number that decides
it."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl

_AREA = 5  # +1 and the area code decide in North America
_DECISIVE = 9  # where countries share a calling code: up to six digits after it, as in Guernsey's +44 7781


def match_countries(numbers: Iterable[str], countries: frozenset[str]) -> list[bool]:
    """For each E.164 number whether it is in one of the countries. A number whose country is not known is in
    none."""
    return [_number_region(_decisive_part(number)) in countries for number in numbers]


@cache
def country_codes() -> frozenset[str]:
    """The codes of all countries that numbers can be in."""
    from phonenumbers import SUPPORTED_REGIONS

    return frozenset(SUPPORTED_REGIONS)


def match_countries_column(numbers: pl.Series, countries: frozenset[str]) -> pl.Series:
    """As `allowed`, of a column: one question for each distinct decisive part."""
    import polars as pl

    number = pl.col(numbers.name)
    sizes = pl.when(number.str.starts_with("+1")).then(_AREA).otherwise(_DECISIVE)
    # The length is a part of it: of two numbers that begin alike, one may be no number at all.
    part = pl.concat_str(number.str.slice(0, sizes), pl.lit("/"), number.str.len_bytes().cast(pl.String))
    frame = numbers.to_frame().with_columns(part.alias("part"))
    first = frame.unique("part", keep="first")
    inside = pl.Series("inside", match_countries(first.get_column(numbers.name), countries), dtype=pl.Boolean)
    matches = first.select("part").with_columns(inside)
    return frame.join(matches, on="part", how="left", maintain_order="left").get_column("inside")


def _decisive_part(number: str) -> str:
    if number.startswith("+1"):
        return number[:_AREA] + "5550100"
    return number


@cache
def _regions_by_calling_code() -> dict[int, tuple[str, ...]]:
    from phonenumbers import COUNTRY_CODE_TO_REGION_CODE

    return dict(COUNTRY_CODE_TO_REGION_CODE)


def _number_region(number: str) -> str | None:
    digits = number[1:]
    for length in (1, 2, 3):
        regions = _regions_by_calling_code().get(int(digits[:length]))
        if regions:
            return regions[0] if len(regions) == 1 else _parse_region(number)
    return None


@cache
def _parse_region(number: str) -> str | None:
    from phonenumbers import NumberParseException, parse, region_code_for_number

    try:
        region: str | None = region_code_for_number(parse(number))
    except NumberParseException:
        return None
    return region


def is_too_short(number: str) -> bool:
    """Whether no number of its country is as short."""
    from phonenumbers import NumberParseException, ValidationResult, is_possible_number_with_reason, parse

    try:
        return bool(is_possible_number_with_reason(parse(number)) == ValidationResult.TOO_SHORT)
    except NumberParseException:
        return False


def numbering_plan_edition() -> str:
    """The edition of the numbering plans: another one may place numbers otherwise."""
    import phonenumbers

    return str(phonenumbers.__version__)
