"""Numbers in normal form: what is taken out, what is possible, and that the columns agree with libphonenumber."""

from __future__ import annotations

import subprocess
import sys

import phonenumbers
import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from declarative.model.numbers import count_not_assigned, count_not_valid, normalize_column, normalize_numbers

REGIONS = sorted(phonenumbers.SUPPORTED_REGIONS)
POSSIBLE = phonenumbers.ValidationResult.IS_POSSIBLE


@pytest.mark.parametrize(
    ("text", "region", "number"),
    [
        ("+14155550101", None, "+14155550101"),
        (" +1 (415) 555-0101 ", None, "+14155550101"),
        ("+1.415.555.0101", None, "+14155550101"),
        ("\u202a+1\u00a0415\u202f555\u20110101\u202c", None, "+14155550101"),
        ("+1\u200b415\ufeff5550101", None, "+14155550101"),
        ("+44 (0)7700 900123", None, "+447700900123"),
        ("+4407700900123", None, "+447700900123"),
        ("+49 0171 1234567", None, "+491711234567"),
        ("+39 06 1234567", None, "+39061234567"),  # Italy keeps its zero
        ("+34 (0)912345678", None, None),  # Spain has none
        ("(415) 555-0101", None, None),
        ("(415) 555-0101", "US", "+14155550101"),
        ("1 415 555 0101", "US", "+14155550101"),
        ("011 44 7700 900123", "US", "+447700900123"),
        ("06 39 98 00 45", "FR", "+33639980045"),
        ("0033 6 39 98 00 45", "FR", "+33639980045"),
        ("00 999 123456", "FR", None),  # a call abroad, to no country
        ("33 6 39 98 00 45", "FR", "+33639980045"),
        ("+14155550101", "FR", "+14155550101"),
        ("030/123456", "DE", "+4930123456"),
        ("030123 / 040123", "DE", None),
        ("5550101", "US", None),
        ("+1415555010", None, None),
        ("+141555501011", None, None),
        ("+9991234567", None, None),
        ("4915112345678.0", "DE", None),
        ("1.41556E+10", "US", None),
        ("+1415555010١", None, None),
        ("+1 415 555 0101 x5", "US", None),
        ("+14155550101\n+14155550102", None, None),
        ("", "US", None),
        ("+", None, None),
        ("+9", None, None),
    ],
)
def test_each_text_has_one_normal_form(text: str, region: str | None, number: str | None) -> None:
    assert normalize_numbers([text], region) == [number]
    # Beside others a text is read as it is alone.
    assert normalize_numbers(["+14155550101", text, "x"], region) == ["+14155550101", number, None]


def test_only_the_tables_of_the_countries_that_occur_are_imported() -> None:
    """All of them take as long as the rest of a short command."""
    code = "from declarative.model.numbers import normalize_numbers; import sys; "
    code += "print(normalize_numbers(['+1 415 555 0101', '+44 7700 900123']), "
    code += "sorted(name[-2:] for name in sys.modules if name.startswith('phonenumbers.data.region_')))"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout == "['+14155550101', '+447700900123'] ['GB', 'US']\n"


def written_forms() -> st.SearchStrategy[tuple[str, str]]:
    """Numbers of each country and kind, with some digits of their own, as people write them; with the country."""

    @st.composite
    def form(draw: st.DrawFn) -> tuple[str, str]:
        region = draw(st.sampled_from(REGIONS))
        kind = draw(st.integers(0, 10))
        example = phonenumbers.example_number_for_type(region, kind) or phonenumbers.example_number(region)
        national = phonenumbers.national_significant_number(example)
        digits = national[:-3] + draw(st.text("0123456789", min_size=2, max_size=4))
        number = phonenumbers.parse(f"+{example.country_code}{digits}")
        prefix = phonenumbers.PhoneMetadata.metadata_for_region(region).national_prefix or ""
        formats = phonenumbers.PhoneNumberFormat
        return draw(
            st.sampled_from(
                [
                    phonenumbers.format_number(number, formats.E164),
                    phonenumbers.format_number(number, formats.INTERNATIONAL),
                    phonenumbers.format_number(number, formats.NATIONAL),
                    f"+{example.country_code} (0){digits}",
                    prefix + digits,
                ]
            )
        ), region

    return form()


@settings(max_examples=400, deadline=None)
@given(form=written_forms())
@example(form=("015991235562", "IL"))
def test_columns_agree_with_libphonenumber(form: tuple[str, str]) -> None:
    text, region = form
    [found] = normalize_numbers([text], region)
    try:
        parsed = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        assert found is None
        return
    number = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)
    if found is None:  # stricter: a zero that no rule takes out, and numbers of fewer than 7 digits
        is_possible = phonenumbers.is_possible_number_with_reason(parsed) == POSSIBLE
        assert not is_possible or not 8 <= len(number) <= 16 or parsed.extension
    elif "(0)" not in text and text.startswith("+"):
        assert found == number
    if found is not None:
        assert phonenumbers.is_possible_number_with_reason(phonenumbers.parse(found)) == POSSIBLE
        is_valid = phonenumbers.is_valid_number(phonenumbers.parse(found))
        assert (count_not_assigned([found]) == 0) is (count_not_valid(pl.Series([found])) == 0) is is_valid


@settings(max_examples=300, deadline=None)
@given(
    texts=st.lists(st.text("+0123456789 ()-/.x\u200b", max_size=18), max_size=5),
    region=st.sampled_from([None, *REGIONS]),
)
def test_a_normal_form_is_its_own_normal_form(texts: list[str], region: str | None) -> None:
    numbers = normalize_column(pl.Series("number", texts, dtype=pl.String), region)
    assert len(numbers) == len(texts)
    again = normalize_column(numbers.drop_nulls())
    assert again.to_list() == numbers.drop_nulls().to_list()
