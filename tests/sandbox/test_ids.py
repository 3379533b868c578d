"""Ids as the providers write them."""

from __future__ import annotations

from declarative.sandbox.ids import format_member_id, new_batch_id, new_call_id, parse_batch_call_id


def test_a_call_of_a_batch_is_found_by_its_id() -> None:
    made = new_batch_id()
    assert made.id == f"acb_{made.id[4:]}"
    assert parse_batch_call_id(format_member_id("ac", made.key, 4999)) == (made.key, 4999)
    assert parse_batch_call_id("ac_short") is None
    assert len(new_call_id()) == len(format_member_id("ac", made.key, 0)) == 25
