"""What is remembered of a thing seen, and what it is again when nobody lists it any more."""

from __future__ import annotations

from dataclasses import replace

import pytest

from declarative.model import records
from declarative.model.lock import CancelProgress
from declarative.model.remote import Phase
from tests.planning.facts_fixture import batch, members, remembered


@pytest.mark.parametrize("status", ["cancelled", "canceled", "stopped by its owner"])
@pytest.mark.parametrize("cancelled", [True, False])
def test_what_is_recalled_is_cancelled_as_it_was_seen_whatever_the_provider_calls_it(
    status: str, cancelled: bool
) -> None:
    remote = batch("b1", members(a=Phase.CANCELLED, b=Phase.REACHED), status=status, cancelled=cancelled)
    again = records.as_remote("b1", records.refreshed(remembered(count=2), remote))
    assert again == replace(remote, name="", mark=again.mark, members=None)


def test_two_records_together_know_everybody_who_was_taken_off_alone_and_how_far_it_came() -> None:
    first = remembered(taken_off={"a": CancelProgress.ASKED, "b": CancelProgress.DONE})
    second = remembered(taken_off={"a": CancelProgress.DONE, "c": CancelProgress.ASKED})
    known = {"a": CancelProgress.DONE, "b": CancelProgress.DONE, "c": CancelProgress.ASKED}
    for joined in (records.join_remote_records(first, second), records.join_remote_records(second, first)):
        assert joined.taken_off == known
