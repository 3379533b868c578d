"""Fields of a provider's JSON may be missing, null or of another type."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from declarative.model.remote import MEMBER_COLUMNS
from declarative.model.resource import Json
from declarative.providers.http import parse
from tests.providers.scripted_provider import MARK


@pytest.mark.parametrize("value", [None, 0, 1.5, True, "", [], {}])
def test_what_is_no_text_is_none(value: Json) -> None:
    assert parse.text_or_none(value) is None


@pytest.mark.parametrize(("value", "number"), [(7, 7), (0, 0), (True, None), ("7", None), (1.0, None), (None, None)])
def test_an_integer_is_no_boolean_and_no_text(value: Json, number: int | None) -> None:
    assert parse.int_or_none(value) == number


@pytest.mark.parametrize("value", [None, "soon", 1781438400, "1970-01-01T00:00:00Z", ["2026-06-14"]])
def test_what_is_no_time_is_none(value: Json) -> None:
    assert parse.time_or_none(value) is None


def test_a_time_is_aware_utc() -> None:
    assert parse.time_or_none("2026-06-14T14:00:00+02:00") == datetime(2026, 6, 14, 12, tzinfo=UTC)


def test_the_mark_is_taken_from_the_first_object_that_has_one() -> None:
    marked: Json = {"dialctl": str(MARK)}
    assert parse.find_mark_text(None, "text", {"dialctl": 7}, marked, {"dialctl": "later"}) == str(MARK)
    assert parse.find_mark_text({}, None) is None


def test_a_payload_is_canonical_and_without_our_mark() -> None:
    data: dict[str, Json] = {"metadata": {"plan": "pro", "dialctl": str(MARK), "a": 1}, "context": {}}
    assert parse.member_payload(data) == '{"metadata":{"a":1,"plan":"pro"}}'
    assert parse.member_payload({"metadata": {"dialctl": str(MARK)}, "context": "text"}) is None


def test_a_member_without_a_full_number_is_left_out() -> None:
    rows: list[parse.MemberRow] = [
        (number, "queued", None, None, None, None, None) for number in ("+14155550101", "+1415•••0101", None)
    ]
    frame = parse.members_frame(rows)
    assert frame["number"].to_list() == ["+14155550101"]
    assert tuple(parse.members_frame([]).columns) == MEMBER_COLUMNS


@pytest.mark.parametrize(
    "value", [1_796_140_800, 1_796_140_800_000, 1_796_140_800.0], ids=["seconds", "milliseconds", "decimal"]
)
def test_a_unix_time_is_read_in_seconds_and_in_milliseconds(value: Json) -> None:
    assert parse.unix_time_or_none(value) == datetime(2026, 12, 1, 16, tzinfo=UTC)


@pytest.mark.parametrize("value", [None, True, "1796140800", -1, 0, 10**30, float("nan"), float("inf"), []])
def test_what_is_no_unix_time_is_none(value: Json) -> None:
    assert parse.unix_time_or_none(value) is None


def test_a_mail_time_is_read() -> None:
    assert parse.mail_time_or_none("Tue, 01 Dec 2026 16:00:00 +0000") == datetime(2026, 12, 1, 16, tzinfo=UTC)
    assert [parse.mail_time_or_none(value) for value in ("tomorrow", "", 5, None)] == [None] * 4
