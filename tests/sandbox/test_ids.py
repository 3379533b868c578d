"""Ids as the providers write them."""

from __future__ import annotations

import re

import pytest

from declarative.sandbox.ids import (
    derive_e164,
    format_member_id,
    is_existing_id,
    new_batch_id,
    new_call_id,
    number_type,
    parse_batch_call_id,
)


def test_a_call_of_a_batch_is_found_by_its_id() -> None:
    made = new_batch_id()
    assert made.id == f"acb_{made.id[4:]}"
    assert parse_batch_call_id(format_member_id("ac", made.key, 4999)) == (made.key, 4999)
    assert parse_batch_call_id("ac_short") is None
    assert len(new_call_id()) == len(format_member_id("ac", made.key, 0)) == 25


@pytest.mark.parametrize(
    ("number_id", "kind"), [("ap_A", "cartesia"), ("ap_twilio_A", "twilio"), ("ap_sip_A", "sip_trunk")]
)
def test_a_number_id_says_its_type(number_id: str, kind: str) -> None:
    assert number_type(number_id) == kind


@pytest.mark.parametrize("identifier", ["", "a b", "ap_missing", "é", "a" * 129])
def test_an_id_that_is_not_well_formed_does_not_exist(identifier: str) -> None:
    assert not is_existing_id(identifier)


def test_the_number_behind_an_id_is_fictional_and_stays() -> None:
    assert derive_e164("ap_A") == derive_e164("ap_A")
    assert re.fullmatch(r"\+120255501\d\d", derive_e164("ap_A"))
