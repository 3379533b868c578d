"""What is said of a text that is no phone number, and that the number itself is never said."""

from __future__ import annotations

import pytest

from declarative.manifest.recipients.number_faults import E164_DESCRIPTION, describe_bad_number


@pytest.mark.parametrize(
    ("text", "words", "hint"),
    [
        ("", "found no number", ""),
        ("1.41556E+10", 'found "1.41556E+10", a figure: a spreadsheet cut the digits', "export the column as text"),
        (
            "14155550101.0",
            "a figure: a spreadsheet wrote it as an amount",
            "+1415•••0101 is meant? write the plus sign",
        ),
        ("'+14155550101", "with signs of a spreadsheet around it", "+1415•••0101 is meant? write it so"),
        ('="+14155550101"', "with signs of a spreadsheet around it", "+1415•••0101 is meant? write it so"),
        ("+14155550101 ext. 12", "with an extension, which cannot be called", "+1415•••0101 is meant? write it so"),
        ("+14155550101; +14155550102", "more than one number", ""),
        ("+14155550101 / +14155550102", "more than one number", ""),
        ("+1415555010\uff11", "with FULLWIDTH DIGIT ONE (U+FF11)", ""),
        ("+1415555\u00060101", "with a control character (U+0006)", ""),
        ("0044 7700 900123", "with 00 in place of +", "+4477•••0123 is meant? write it so"),
        ("011 44 7700 900123", "with 011 in place of +", "+4477•••0123 is meant? write it so"),
        ("(415) 555-0101", "without + and country code", "+1415•••0101, if default_region is US"),
        ("14155550101", "without + and country code", "+1415•••0101 is meant? write the plus sign"),
        ("07700 900123", "without + and country code", "default_region in the entry says of which country such"),
        ("+1415555010", "9 digits after +1, where numbers have 10", ""),
        ("+9991234567", "no country has a code like this", ""),
        ("ask Ada", 'found "ask Ada", expected', ""),
    ],
)
def test_each_fault_has_its_own_words(text: str, words: str, hint: str) -> None:
    message, proposal = describe_bad_number(text, None)
    assert words in message
    assert hint in proposal
    assert bool(hint) is bool(proposal)
    message = message.replace(E164_DESCRIPTION, "")
    for whole in ("4155550101", "7700900123", "415555010"):
        assert whole not in (message + proposal).replace(" ", "")
