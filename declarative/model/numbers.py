"""Phone numbers in normal form: `+`, country code and digits, as a network takes them. All numbers are compared in this
form. Works on columns: phonenumbers supplies the tables of each country and is never asked about a single number.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import polars as pl

_E164 = re.compile(r"\+[1-9][0-9]{6,14}")
UNSEEN = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff"
)
"""Characters without a shape of their own, as the inside of a character class."""
SPACES = " \t\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000"
"""Blanks of every width, as the inside of a character class."""
_SEPARATORS = rf"[{UNSEEN}{SPACES}()\.\-\u2010-\u2015\u2212]+"
FIGURE = r"^\+?[0-9]{5,}\.[0-9]{1,2}$"
"""A number that a spreadsheet made a figure of: 14155550101.0. Without its point it would be another number."""
_NOTHING = r"[^\s\S]"
"""Matches no text."""
_ROWS = 1 << 20
"""Numbers that are compared at a time with what is assigned."""
_KINDS = (
    *("fixed_line", "mobile", "toll_free", "premium_rate", "shared_cost"),
    *("personal_number", "voip", "pager", "uan", "voicemail"),
)
"""What a range of numbers may be assigned for, as phonenumbers names it."""


def normalize_numbers(texts: Sequence[str], region: str | None = None) -> list[str | None]:
    """The normal form of each text; None for a text that is no possible number. See `normalize_column`."""
    if all(_is_normal(text) for text in texts):
        return list(texts)
    import polars as pl

    return normalize_column(pl.Series("number", texts, dtype=pl.String), region).to_list()


def normalize_column(numbers: pl.Series, region: str | None = None) -> pl.Series:
    """The normal form of a column of texts; null for a text that is no possible number.

    Separators and unseen characters are taken out, and a trunk zero after the country code. With `region` (ISO 3166)
    texts without `+` are read as of that country.
    """
    import polars as pl

    from declarative.model.frames import FEW

    if len(numbers) <= FEW and all(number is None or _is_normal(number) for number in numbers.to_list()):
        return numbers
    text = pl.col("number")
    frame = numbers.to_frame("number")
    if not numbers.str.contains(f"^{_E164.pattern}$").all():
        joined = text.str.replace(r"^([^/]*[0-9])/([0-9][^/]*)$", "${1}${2}")  # not " / ", which parts two numbers
        stripped = joined.str.replace_all(_SEPARATORS, "")
        frame = frame.select(pl.when(~text.str.contains(FIGURE)).then(stripped))
    if region is not None:
        frame = frame.select(_internationalize(frame.get_column("number"), region))
    return _keep_possible(_drop_trunk_zeros(frame.get_column("number")))


def trunkless_column(numbers: pl.Series) -> pl.Series:
    """International numbers without any national prefix after the country code, not only without a zero. For numbers
    that are in no other way readable, and for do-not-call files."""
    return _keep_possible(_strip_by_country(numbers, rf"^\+(?:{'|'.join(_calling_codes())})[0-9]+$"))


def count_not_valid(numbers: pl.Series) -> int:
    """How many normal numbers are possible, but belong to no range that is assigned in their country."""
    import polars as pl

    from declarative.model.frames import FEW

    if len(numbers) <= FEW:
        return count_not_assigned(number for number in numbers.to_list() if number is not None)
    count = 0
    for part in numbers.drop_nulls().to_frame("number").iter_slices(_ROWS):
        for (code,), group in part.with_columns(_calling_code(pl.col("number")).alias("code")).group_by("code"):
            pattern = rf"^\+{code}(?:{_assigned_pattern(str(code))})$"
            count += int((~group.get_column("number").str.contains(pattern)).sum())
    return count


def count_not_assigned(numbers: Iterable[str]) -> int:
    """As `count_not_valid`, for a few numbers that are in no column."""
    return sum(
        not re.fullmatch(_assigned_pattern(code), number[len(code) + 1 :])
        for number in numbers
        if (code := calling_code(number))
    )


def calling_code(number: str) -> str:
    """The country code that a number with `+` begins with; empty when no country has it."""
    return next((number[1:end] for end in (2, 3, 4) if number[1:end] in _calling_codes()), "")


def possible_lengths(code: str) -> tuple[int, ...]:
    """How many digits may follow a country code."""
    return tuple(_code_metadata(code).general_desc.possible_length)


def _is_normal(text: str) -> bool:
    if not _E164.fullmatch(text):
        return False
    code = calling_code(text)
    national = text[len(code) + 1 :]
    return bool(code) and len(national) in possible_lengths(code) and not national.startswith("0")


def _keep_possible(numbers: pl.Series) -> pl.Series:
    import polars as pl

    beginnings = numbers.drop_nulls().str.slice(1, 3).unique()
    pattern = _possible_pattern(frozenset(code for start in beginnings if (code := calling_code(f"+{start}"))))
    return (
        numbers.to_frame("number")
        .select(pl.when(pl.col("number").str.contains(pattern)).then(pl.col("number")))
        .to_series()
    )


def _calling_code(number: pl.Expr) -> pl.Expr:
    """The country code of numbers with `+`; null when no country has it. No code is the beginning of another."""
    import polars as pl

    codes = sorted(_calling_codes())
    slices = [number.str.slice(1, length) for length in (1, 2, 3)]
    return pl.coalesce(pl.when(part.is_in(codes)).then(part) for part in slices)


def _drop_trunk_zeros(numbers: pl.Series) -> pl.Series:
    return _strip_by_country(numbers, rf"^\+(?:{'|'.join(_calling_codes())})0[0-9]+$")


def _strip_by_country(numbers: pl.Series, pattern: str) -> pl.Series:
    """Strip the national prefix after the country code of the numbers that match, one country at a time."""
    import polars as pl

    number = pl.col("number")
    frame = numbers.to_frame("number").with_row_index("row")
    concerned = frame.filter(number.str.contains(pattern)).with_columns(_calling_code(number).alias("code"))
    if concerned.is_empty():
        return numbers
    concerned = concerned.with_columns(number.str.slice(1 + pl.col("code").str.len_chars()).alias("rest"))
    parts = []
    for (code,), group in concerned.group_by("code"):
        stripped = f"+{code}" + _strip_prefix(group.get_column("rest"), _code_metadata(str(code)))
        parts.append(group.select("row", stripped.alias("stripped")))
    joined = frame.join(pl.concat(parts), on="row", how="left", maintain_order="left")
    return joined.select(pl.coalesce("stripped", "number").alias("number")).to_series()


def _strip_prefix(nationals: pl.Series, metadata: Any) -> pl.Series:
    """National numbers without their national prefix, by the rules of libphonenumber."""
    import polars as pl

    prefix = metadata.national_prefix_for_parsing
    if not prefix:
        return nationals
    general = f"^(?:{metadata.general_desc.national_number_pattern})$"
    rule = re.sub(r"\\([0-9])", r"${\1}", metadata.national_prefix_transform_rule or "")
    number = pl.col("national")
    shorter = number.str.replace(f"^(?:{prefix})", "")
    if rule:
        last_group = number.str.extract(f"^(?:{prefix})", re.compile(prefix).groups)
        shorter = pl.when(last_group.is_not_null()).then(number.str.replace(f"^(?:{prefix})", rule)).otherwise(shorter)
    frame = nationals.to_frame("national").with_columns(shorter.alias("shorter"))
    is_lost = number.str.contains(general) & ~pl.col("shorter").str.contains(general)
    lengths = list(metadata.general_desc.possible_length)
    is_possible = pl.col("shorter").str.len_chars().is_in(lengths)
    return frame.select(
        pl.when(is_possible & ~is_lost).then("shorter").otherwise("national").alias("number")
    ).to_series()


def _internationalize(numbers: pl.Series, region: str) -> pl.Series:
    """Read the texts without `+` as numbers of a country: with its prefix for calls abroad, with its own country code,
    or national."""
    import polars as pl

    metadata = _region_metadata(region)
    frame = numbers.to_frame("number").with_row_index("row")
    plain = frame.filter(pl.col("number").str.contains(r"^[0-9]+$"))
    # What begins as a call abroad is one, and is wrong where no country follows; no country code begins with a zero.
    abroad_prefix = f"^(?:{metadata.international_prefix})"
    is_abroad = pl.col("number").str.contains(f"{abroad_prefix}[1-9]")
    abroad, home = plain.filter(is_abroad), plain.filter(~is_abroad)
    abroad_digits = abroad.get_column("number").str.replace(abroad_prefix, "")
    abroad = abroad.with_columns(_drop_trunk_zeros("+" + abroad_digits).alias("abroad"))
    home = home.with_columns(_read_at_home(home.get_column("number"), metadata).alias("home"))
    for readings in (abroad.select("row", "abroad"), home.select("row", "home")):
        frame = frame.join(readings, on="row", how="left", maintain_order="left")
    return frame.select(pl.coalesce("abroad", "home", "number").alias("number")).to_series()


def _read_at_home(digits: pl.Series, metadata: Any) -> pl.Series:
    """Numbers as they are dialed within a country, or with its country code and no `+`."""
    import polars as pl

    general = f"^(?:{metadata.general_desc.national_number_pattern})$"
    code = str(metadata.country_code)
    national = _strip_prefix(digits, metadata)
    begins_with_code = digits.str.starts_with(code)
    if begins_with_code.any():
        after_code = _strip_prefix(digits.str.strip_prefix(code), metadata)
        has_code = begins_with_code & ~national.str.contains(general) & after_code.str.contains(general)
        national = national.zip_with(~has_code, after_code)
    return pl.select(f"+{code}" + national).to_series()


@cache
def _calling_codes() -> frozenset[str]:
    from phonenumbers import COUNTRY_CODE_TO_REGION_CODE

    return frozenset(map(str, COUNTRY_CODE_TO_REGION_CODE))


@cache
def _possible_pattern(codes: frozenset[str]) -> str:
    """These country codes, each with the lengths that its numbers can have. The tables of all countries together take
    as long to import as the rest of a short command."""
    lengths = {
        code: [length for length in possible_lengths(code) if 7 <= len(code) + length <= 15] for code in sorted(codes)
    }
    bodies = {code: "|".join(f"[0-9]{{{length}}}" for length in sizes) for code, sizes in lengths.items() if sizes}
    if not bodies:
        return _NOTHING
    return rf"^\+(?:{'|'.join(f'{code}(?:{body})' for code, body in bodies.items())})$"


@cache
def _code_metadata(code: str) -> Any:
    """The tables of the main country of a country code, which hold for all countries that share it."""
    from phonenumbers import COUNTRY_CODE_TO_REGION_CODE, PhoneMetadata

    region = COUNTRY_CODE_TO_REGION_CODE[int(code)][0]
    if region == "001":
        return PhoneMetadata.metadata_for_nongeo_region(int(code))
    return PhoneMetadata.metadata_for_region(region)


def _region_metadata(region: str) -> Any:
    from phonenumbers import PhoneMetadata

    return PhoneMetadata.metadata_for_region(region)


@cache
def _assigned_pattern(code: str) -> str:
    """All ranges that are assigned under a country code."""
    from phonenumbers import COUNTRY_CODE_TO_REGION_CODE, PhoneMetadata

    patterns: dict[str, None] = {}
    for region in COUNTRY_CODE_TO_REGION_CODE[int(code)]:
        metadata = _code_metadata(code) if region == "001" else PhoneMetadata.metadata_for_region(region)
        for kind in _KINDS:
            if (description := getattr(metadata, kind)) is not None and description.national_number_pattern:
                patterns[description.national_number_pattern] = None
    return "|".join(patterns)
