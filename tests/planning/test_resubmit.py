"""Which batches are retried by the provider's own request: those where it calls exactly the people wanted."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from declarative.model.capabilities import Capabilities
from declarative.model.lock import ResourceRecord
from declarative.model.policy import Retry
from declarative.model.remote import Phase, Remote
from declarative.planning import standing
from declarative.planning.resubmit import batches_to_retry
from tests.planning.capabilities_fixture import BATCHES, CALLS
from tests.planning.facts_fixture import (
    ABLE_TO_RETRY,
    batch,
    intent,
    make_facts,
    members,
    open_intents,
    remembered,
    resource,
)


def requests(remote: Remote, wanted: str = "ab", able: Capabilities | None = BATCHES, **known: Any) -> list[str]:
    """Of a batch of `a` and `b` that was sent with the settings and the data wanted now."""
    of = resource(wanted, retry=known.pop("retry", ABLE_TO_RETRY))
    sent = {"count": 2, "payloads": resource("ab").recipients.payloads, **known}
    record = ResourceRecord(generation=1, remotes={remote.id: remembered(**sent)})
    asked = make_facts(remote, wanted=of, record=record)
    return batches_to_retry(asked, standing.decide_all(asked), able)


def unreached(**changes: Any) -> Remote:
    return batch("b1", members(a=Phase.UNREACHED, b=Phase.REACHED), **changes)


def test_a_batch_whose_unreached_are_exactly_those_wanted_is_retried_by_request() -> None:
    assert requests(unreached()) == ["b1"]


@pytest.mark.parametrize(
    ("changes", "known"),
    [
        pytest.param({"retry_count": None}, {}, id="no retry_count: nobody could see whether a lost request came"),
        pytest.param({"finished": 1}, {}, id="not over"),
        pytest.param({"cancelled": True}, {}, id="cancelled"),
        pytest.param({}, {"settings": "old"}, id="it would call with old settings"),
        pytest.param({}, {"payloads": "other"}, id="it would call with old data"),
        pytest.param({}, {"payloads": None}, id="with which data is unknown"),
    ],
)
def test_a_batch_is_not_retried_by_request(changes: dict[str, Any], known: dict[str, Any]) -> None:
    assert requests(unreached(**changes), **known) == []


def test_a_provider_without_the_request_is_never_asked() -> None:
    assert requests(unreached(), able=CALLS) == []
    assert requests(unreached(), able=None) == []


def test_beside_a_lost_batch_nobody_is_called_by_request() -> None:
    """It has no guard within which it could be proven or taken back: should that batch be there, they call twice."""
    remote = unreached()
    lost = intent(attempt=2)
    of = resource("ab", retry=ABLE_TO_RETRY)
    sent = remembered(count=2, payloads=of.recipients.payloads)
    record = ResourceRecord(generation=2, remotes={remote.id: sent}, intents=open_intents(lost))
    asked = make_facts(remote, wanted=of, record=record)
    people = standing.decide_all(asked)
    assert people.get_column("verb").to_list() == ["block", "keep"]
    assert batches_to_retry(asked, people, BATCHES) == []


def test_a_person_who_left_is_not_called_by_request() -> None:
    both = batch("b1", members(a=Phase.UNREACHED, b=Phase.UNREACHED))
    assert requests(both) == ["b1"]
    assert requests(both, "a") == []


@pytest.mark.parametrize("phase", [Phase.REFUSED, Phase.UNFUNDED, Phase.CANCELLED, Phase.UNKNOWN])
def test_the_request_would_call_or_may_call_whoever_is_neither_reached_nor_unreached(phase: Phase) -> None:
    assert requests(batch("b1", members(a=Phase.UNREACHED, b=phase), finished=2)) == []


def test_the_request_would_call_for_reasons_that_the_policy_does_not_name() -> None:
    both = batch("b1", members(a=Phase.UNREACHED, b=Phase.UNREACHED))
    busy_only = Retry(1, frozenset({"dial_busy"}))
    assert requests(both, retry=busy_only) == []


def test_nobody_due_is_no_request() -> None:
    assert requests(unreached(), retry=replace(ABLE_TO_RETRY, max_retries=0)) == []


def test_each_batch_is_asked_for_itself() -> None:
    first, second = batch("b1", members(a=Phase.UNREACHED)), batch("b2", members(b=Phase.UNREACHED))
    whole = resource("ab", retry=ABLE_TO_RETRY)
    known = {
        "b1": remembered(count=1, payloads=resource("a").recipients.payloads),
        "b2": remembered(count=1, payloads=resource("b").recipients.payloads, settings="old"),
    }
    asked = make_facts(first, second, wanted=whole, record=ResourceRecord(generation=1, remotes=known))
    assert batches_to_retry(asked, standing.decide_all(asked), BATCHES) == ["b1"]
