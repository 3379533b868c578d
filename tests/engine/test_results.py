"""What is counted as done, as a problem and as left to the next run."""

from __future__ import annotations

import pytest

from declarative.engine.results import Receipt, RequestStatus, ResourceResult
from declarative.planning.decide import Verb

DONE = Receipt(RequestStatus.DONE, "acb_1")
FAILED = Receipt(RequestStatus.FAILED, message="no such agent")
UNSURE = Receipt(RequestStatus.UNSURE, mark="~d1.m")


def test_people_of_a_done_request_are_counted_by_verb() -> None:
    result = ResourceResult()
    result.add_receipt(DONE, Verb.CREATE, 3)
    result.add_receipt(DONE, Verb.RETRY, 1)
    result.add_receipt(Receipt(RequestStatus.DONE, "acb_2"), Verb.CREATE, 2)
    assert result.submitted == {Verb.CREATE: 5, Verb.RETRY: 1}
    assert result.remote_ids == ["acb_1", "acb_2"]
    assert result.is_clean


def test_a_failed_request_of_two_verbs_is_one_problem() -> None:
    result = ResourceResult()
    result.add_receipt(FAILED, Verb.CREATE, 3)
    result.add_receipt(FAILED, Verb.RETRY, 1)
    assert (result.problems, result.submitted, result.is_clean) == ([FAILED], {}, False)


def test_people_without_funds_are_left_to_the_next_run() -> None:
    result = ResourceResult()
    result.add_receipt(Receipt(RequestStatus.OUT_OF_FUNDS, message="pay"), Verb.CREATE, 4)
    assert (result.deferred, result.is_clean) == (4, False)


def test_a_withdrawn_batch_does_not_count_as_done() -> None:
    result = ResourceResult()
    result.add_receipt(DONE, Verb.CREATE, 3)
    result.undo_request("acb_1")
    assert (result.submitted, result.remote_ids) == ({}, [])


def test_a_settled_request_is_no_problem_any_more() -> None:
    result = ResourceResult()
    result.add_receipt(UNSURE, Verb.CREATE, 3)
    result.add_receipt(UNSURE, Verb.RETRY, 1)
    assert len(result.unsure) == 2
    result.close_unsure(UNSURE)
    assert (result.unsure, result.problems) == ([], [])


@pytest.mark.parametrize("status", [status for status in RequestStatus if status is not RequestStatus.DONE])
def test_only_a_done_request_is_clean(status: RequestStatus) -> None:
    result = ResourceResult()
    result.add_receipt(Receipt(status), Verb.CREATE, 1)
    assert not result.is_clean
