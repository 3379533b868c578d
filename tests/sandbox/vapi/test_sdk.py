"""The vendor's own Python SDK against a served sandbox."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest
from vapi import Vapi
from vapi.core import ApiError
from vapi.types import Campaign, CreateCustomerDto

from ..account import Account
from ..request_bodies import ADA, BUSY, VAPI_ASSISTANT, VAPI_NUMBER, fault_rule


@pytest.fixture
def sdk(served: Account) -> Iterator[Vapi]:
    with httpx.Client() as client:
        yield Vapi(token=served.key, base_url=served.base_url, httpx_client=client)


def create(sdk: Vapi) -> Campaign:
    return sdk.campaigns.campaign_controller_create_v_2(
        name="reminders",
        assistant_id=VAPI_ASSISTANT,
        phone_number_id=VAPI_NUMBER,
        max_concurrency=10,
        customers=[CreateCustomerDto(number=number) for number in (ADA, BUSY)],
    )


def test_it_runs_a_campaign(served: Account, sdk: Vapi) -> None:
    campaigns, made = sdk.campaigns, create(sdk)
    assert made.status == "in-progress"
    page = campaigns.campaign_controller_find_all_v_2(limit=1, include_counters=True)
    assert [one.id for one in page.results] == [made.id]
    served.advance(600)
    assert campaigns.campaign_controller_find_one_v_2(made.id).ended_reason == "campaign.ended.success"
    contacts = campaigns.campaign_controller_get_campaign_v_2_contacts(made.id, limit=1, page=2)
    (second,) = contacts.results
    assert (second.number, second.status, second.ended_reason) == (BUSY, "contact.completed", "customer-busy")
    assert sdk.calls.get(second.call_id or "").id == second.call_id


def test_it_cancels_a_campaign(sdk: Vapi) -> None:
    made = create(sdk)
    assert sdk.campaigns.campaign_controller_update_v_2(made.id, status="cancelled").status == "cancelled"
    assert sdk.campaigns.campaign_controller_remove_v_2(made.id).status == "archived"
    with pytest.raises(ApiError) as missing:
        sdk.campaigns.campaign_controller_find_one_v_2(made.id)
    assert missing.value.status_code == 404


def test_it_sends_what_dials_three_times(served: Account, sdk: Vapi) -> None:
    answer = {"code": 503, "effect": True, "headers": {"Retry-After": "0"}}
    served.faults(fault_rule("createCampaignV2", {"status": answer}, times=2))
    create(sdk)
    served.advance(60)
    assert served.calls() == {ADA: 3, BUSY: 3}


def test_it_places_and_lists_calls(served: Account, sdk: Vapi) -> None:
    made = sdk.calls.create(
        assistant_id=VAPI_ASSISTANT,
        phone_number_id=VAPI_NUMBER,
        name="mark",
        customer=CreateCustomerDto(number=ADA),
    )
    served.advance(600)
    (listed,) = sdk.calls.list(assistant_id=VAPI_ASSISTANT)
    assert (listed.id, listed.name, listed.status) == (getattr(made, "id", None), "mark", "ended")
