"""Times that can be true, and remotes that are over."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import polars as pl
import pytest

from declarative.model.remote import MEMBER_COLUMNS, Phase, Remote, count_unended, is_over, parse_timestamp
from declarative.model.resource import Route


@pytest.mark.parametrize(
    "text",
    ["2026-12-01T12:00:00Z", "2026-12-01T12:00:00", "2026-12-01T14:00:00+02:00", "2026-12-01T07:00:00.000-05:00"],
)
def test_a_time_is_read_as_utc(text: str) -> None:
    timestamp = parse_timestamp(text)
    assert timestamp == datetime(2026, 12, 1, 12, tzinfo=UTC)
    assert timestamp.tzinfo is UTC


@pytest.mark.parametrize(
    "text",
    ["", "soon", "2026-13-01T00:00:00Z", "0001-01-01T00:00:00Z", "1970-01-01T00:00:00Z", "0001-01-01T00:00:00+14:00"],
)
def test_a_time_that_cannot_be_true_is_none(text: str) -> None:
    assert parse_timestamp(text) is None


def batch(phases: list[Phase] | None, **changes: Any) -> Remote:
    members = None
    if phases is not None:
        rows = [{"number": f"+1415555010{row}", "phase": str(phase)} for row, phase in enumerate(phases)]
        members = pl.DataFrame(rows, schema=dict.fromkeys(MEMBER_COLUMNS, pl.String))
    fields = {"cancelled": True, "total": 2, "dispatched": 0, "finished": 0, **changes}
    return Remote(
        id="b1", route=Route.BATCH, name="", mark=None, status="completed", created_at=None, members=members, **fields
    )


def test_a_batch_whose_recipients_have_all_finished_is_over() -> None:
    assert is_over(batch(None, cancelled=False, finished=2))
    assert not is_over(batch(None, cancelled=False, finished=1))
    assert not is_over(batch([], cancelled=False, total=0)), "an empty batch may still be filled"


@pytest.mark.parametrize("phase", Phase)
def test_a_cancelled_batch_is_over_once_no_member_waits_or_talks(phase: Phase) -> None:
    may_call = phase in (Phase.QUEUED, Phase.IN_FLIGHT, Phase.UNKNOWN)
    assert is_over(batch([Phase.CANCELLED, phase])) is not may_call
    assert not is_over(batch([Phase.CANCELLED, phase], cancelled=False)), "its status alone proves nothing"


def test_a_cancelled_batch_is_over_where_a_call_ended_in_words_that_nobody_knows() -> None:
    gone = batch([Phase.CANCELLED, Phase.UNKNOWN])
    assert gone.members is not None
    ended = replace(gone, members=gone.members.with_columns(outcome=pl.Series([None, "error"], dtype=pl.String)))
    assert (is_over(gone), count_unended(gone)) == (False, 1)
    assert (is_over(ended), count_unended(ended)) == (True, 0)


def test_a_cancelled_batch_that_was_not_read_is_not_over() -> None:
    assert not is_over(batch(None))


def test_phases_are_those_of_members_that_were_read() -> None:
    assert batch([Phase.REACHED, Phase.QUEUED]).has_phase(Phase.QUEUED, Phase.UNKNOWN)
    assert not batch([Phase.REACHED]).has_phase(Phase.QUEUED)
    assert not batch(None).has_phase(*Phase)
