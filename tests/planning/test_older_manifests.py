"""An older checkout is held back as a whole, and only by what names a later commit."""

from __future__ import annotations

from dataclasses import replace

import pytest

from declarative.model.lock import ResourceRecord
from declarative.planning.decide import BLOCKS_RESOURCE, Reason
from declarative.planning.facts import Block, Observation
from declarative.planning.older_manifests import block_older, warn_of_older
from tests.planning.facts_fixture import ADDRESS, make_facts, resource

COMMIT = ResourceRecord(commit="a" * 40)
DETAIL = "commit b was applied"


def reason(observation: Observation, **older: str) -> Reason | None:
    by_address = {address.replace("_", "/"): detail for address, detail in older.items()}
    if by_address:
        by_address[""] = DETAIL
    (held,) = block_older([observation], by_address)
    return held.block.reason if held.block else None


def test_an_address_with_a_later_commit_is_held() -> None:
    observation = Observation(facts=make_facts(wanted=resource("a"), record=COMMIT))
    assert reason(observation, batch_march=DETAIL) is Reason.MANIFESTS_ARE_OLDER
    assert reason(observation, batch_other=DETAIL) is None, "its own commit is in HEAD"
    assert reason(observation) is None


def test_what_was_never_applied_is_held_where_another_address_tells() -> None:
    observation = Observation(facts=make_facts(wanted=resource("a")))
    assert reason(observation, batch_other=DETAIL) is Reason.MANIFESTS_ARE_OLDER


def test_an_earlier_address_tells_as_well() -> None:
    facts = make_facts(wanted=resource("a"), record=COMMIT)
    observation = Observation(facts=facts, renamed_from=("batch/old",))
    assert reason(observation, batch_old=DETAIL) is Reason.MANIFESTS_ARE_OLDER


@pytest.mark.parametrize("other", BLOCKS_RESOURCE)
def test_the_first_reason_in_order_is_named(other: Reason) -> None:
    observation = Observation(facts=make_facts(wanted=resource("a"), record=COMMIT), block=Block(other, "", ""))
    is_stronger = BLOCKS_RESOURCE.index(other) < BLOCKS_RESOURCE.index(Reason.MANIFESTS_ARE_OLDER)
    assert reason(observation, batch_march=DETAIL) is (other if is_stronger else Reason.MANIFESTS_ARE_OLDER)


def test_what_is_only_read_is_left_alone() -> None:
    observation = Observation(facts=make_facts(wanted=resource("a"), record=COMMIT))
    assert reason(replace(observation, read_only=True), batch_march=DETAIL) is None


def test_a_plan_warns_once_for_many_addresses() -> None:
    (one,) = warn_of_older({ADDRESS: DETAIL, "": DETAIL}, "spring")
    assert (one.address, "sends nothing for batch/march" in one.message) == (ADDRESS, True)
    (many,) = warn_of_older({ADDRESS: DETAIL, "batch/b": DETAIL, "": DETAIL}, "spring")
    assert (many.address, "sends nothing for 2 addresses" in many.message) == ("spring", True)
