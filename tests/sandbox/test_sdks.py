"""The vendors' own Python SDKs against a served sandbox, as far as their generation knows the routes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import callingbox
import cartesia
import elevenlabs
import httpx
import pytest
import retell
import telnyx
from elevenlabs.conversational_ai.outbound_campaigns import SubmitCampaignRequestChannelConfig_Phone
from elevenlabs.core import ApiError
from elevenlabs.types import OutboundCallRecipient, SubmitCampaignRecipient
from twilio.base.exceptions import TwilioRestException
from twilio.rest import Client

from .account import TWILIO_ACCOUNT, Account
from .request_bodies import ADA, BUSY, box_body, calls_body, fault_rule


@pytest.fixture
def voice(served: Account) -> Iterator[cartesia.Cartesia]:
    with cartesia.Cartesia(api_key=served.key, base_url=served.base_url, max_retries=0) as client:
        yield client


@pytest.fixture
def box(served: Account) -> Iterator[callingbox.Callingbox]:
    with callingbox.Callingbox(api_key=served.key, base_url=served.base_url) as client:
        yield client


def test_cartesia_lists_and_reads_calls(served: Account, voice: cartesia.Cartesia) -> None:
    served.at_cartesia().post("/agents/calls", json=calls_body(*[ADA] * 5))
    found = list(voice.agents.calls.list(agent_id="agent_A", limit=2))
    assert len({one.id for one in found}) == 5
    read = voice.agents.calls.retrieve(found[0].id)
    assert read.telephony_params is not None
    assert read.telephony_params.to == ADA


def test_cartesia_reads_agents(voice: cartesia.Cartesia) -> None:
    assert voice.agents.retrieve("agent_A").id == "agent_A"
    assert voice.agents.list().summaries
    assert voice.agents.list_phone_numbers("agent_A")[0].is_cartesia_managed


def test_cartesia_errors_become_the_exceptions_of_the_sdk(served: Account, voice: cartesia.Cartesia) -> None:
    with pytest.raises(cartesia.NotFoundError):
        voice.agents.calls.retrieve("ac_unknown")
    with pytest.raises(cartesia.AuthenticationError):
        voice.with_options(api_key="sk_revoked").agents.list()


def test_cartesia_sees_a_lost_answer_as_a_connection_error(served: Account, voice: cartesia.Cartesia) -> None:
    served.faults({"match": {"operation": "listAgents"}, "do": "lost_answer"})
    with pytest.raises(cartesia.APIConnectionError):
        voice.agents.list()


def test_callingbox_lists_and_reads_calls(served: Account, box: callingbox.Callingbox) -> None:
    placed = served.at_callingbox().post("/v1/calls", json=box_body(metadata={"key": "k-1"})).json()
    served.advance(600)
    assert [one.id for one in box.calls.list()] == [placed["id"]]
    read = box.calls.retrieve(placed["id"])
    assert (read.to_number, read.metadata) == (ADA, {"key": "k-1"})
    assert isinstance(box.calls.retrieve_transcript(placed["id"]), list)


def test_callingbox_lists_calls_in_pages(served: Account, box: callingbox.Callingbox) -> None:
    placed = [served.at_callingbox().post("/v1/calls", json=box_body()).json()["id"] for _ in range(3)][::-1]
    first = box.calls.list(limit=2)
    assert ([one.id for one in first], first.has_more) == (placed[:2], True)
    assert [one.id for one in box.calls.list(limit=2, starting_after=placed[1])] == placed[2:]


def test_callingbox_lists_numbers(box: callingbox.Callingbox) -> None:
    assert [one.e164 for one in box.numbers.list()] == ["+12025550100"]


def test_callingbox_old_calls_without_an_agent_are_refused(box: callingbox.Callingbox) -> None:
    with pytest.raises(callingbox.BadRequestError, match="agent_id is required"):
        box.calls.create(ADA)


@pytest.fixture
def eleven(served: Account) -> Iterator[elevenlabs.ElevenLabs]:
    with httpx.Client() as client:
        yield elevenlabs.ElevenLabs(api_key=served.key, base_url=served.base_url, httpx_client=client)


CHANNEL = SubmitCampaignRequestChannelConfig_Phone(agent_phone_number_id="phnum_A")


def submit_campaign(eleven: elevenlabs.ElevenLabs) -> elevenlabs.SubmitCampaignResponse:
    return eleven.conversational_ai.outbound_campaigns.create(
        call_name="reminders",
        agent_id="agent_A",
        recipients=[SubmitCampaignRecipient(phone_number=number) for number in (ADA, BUSY)],
        channel_config=CHANNEL,
        variant="simple",
        idempotency_key="k-1",
    )


def test_elevenlabs_runs_a_campaign(served: Account, eleven: elevenlabs.ElevenLabs) -> None:
    campaigns, made = eleven.conversational_ai.outbound_campaigns, submit_campaign(eleven)
    assert (made.created, submit_campaign(eleven).created) == (True, False)
    campaign_id = made.campaign.campaign_id
    assert [one.campaign_id for one in campaigns.list(search="reminders", page_size=1).campaigns] == [campaign_id]
    first, second = campaigns.leads.list(campaign_id).leads
    assert (first.phone_number, first.attempt_count) == (ADA, 1)
    assert campaigns.leads.delete(campaign_id, second.lead_id).has_calls_in_flight
    served.advance(600)
    assert [one.status for one in campaigns.calls.list(campaign_id).calls] == ["completed", "completed"]
    assert campaigns.get_progress(campaign_id).leads.finished == 2
    assert campaigns.stop(campaign_id).status == "completed"


def test_elevenlabs_sends_what_dials_three_times(served: Account, eleven: elevenlabs.ElevenLabs) -> None:
    served.faults(
        fault_rule(
            "submitCampaign", {"status": {"code": 503, "effect": True, "headers": {"Retry-After": "0"}}}, times=2
        )
    )
    assert submit_campaign(eleven).created is False
    assert served.calls() == {ADA: 1, BUSY: 1}


def test_elevenlabs_runs_a_batch(served: Account, eleven: elevenlabs.ElevenLabs) -> None:
    batches = eleven.conversational_ai.batch_calls
    made = batches.create(call_name="b", agent_id="agent_A", recipients=[OutboundCallRecipient(phone_number=ADA)])
    assert [one.id for one in batches.list().batch_calls] == [made.id]
    assert batches.cancel(made.id).status == "cancelled"
    assert [one.status for one in batches.get(made.id).recipients] == ["cancelled"]
    with pytest.raises(ApiError) as missing:
        batches.get("batchcall_unknown")
    assert missing.value.status_code == 404


@pytest.fixture
def events(served: Account) -> Iterator[telnyx.Telnyx]:
    with telnyx.Telnyx(api_key=served.key, base_url=f"{served.base_url}/v2") as client:
        yield client


def create_event(events: telnyx.Telnyx, key: str) -> str:
    event = events.ai.assistants.scheduled_events.create(
        "assistant-A",
        scheduled_at_fixed_datetime=datetime(2026, 1, 1, tzinfo=UTC),
        telnyx_agent_target="+12025550100",
        telnyx_conversation_channel="phone_call",
        telnyx_end_user_target=ADA,
        conversation_metadata={"dialctl": "mark"},
        idempotency_key=key,
    )
    assert isinstance(event.scheduled_event_id, str)
    return event.scheduled_event_id


def test_telnyx_schedules_lists_and_deletes_events(served: Account, events: telnyx.Telnyx) -> None:
    scheduled = events.ai.assistants.scheduled_events
    ids = {create_event(events, f"d1:{number}") for number in range(3)}
    assert {getattr(one, "scheduled_event_id", None) for one in scheduled.list("assistant-A", page_size=2)} == ids
    served.advance(600)
    read = scheduled.retrieve(min(ids), assistant_id="assistant-A")
    assert (read.status, read.conversation_metadata) == ("completed", {"dialctl": "mark"})
    scheduled.delete(min(ids), assistant_id="assistant-A")
    with pytest.raises(telnyx.NotFoundError):
        scheduled.retrieve(min(ids), assistant_id="assistant-A")


def test_telnyx_repeats_what_dials_under_its_key(served: Account, events: telnyx.Telnyx) -> None:
    served.faults(fault_rule("createScheduledEvent", "lost_answer"))
    create_event(events, "d1:lost")
    assert served.calls() == {ADA: 1}


@pytest.fixture
def phone(served: Account) -> Iterator[retell.Retell]:
    with retell.Retell(api_key=served.key, base_url=served.base_url) as client:
        yield client


def place_phone_call(phone: retell.Retell, key: str) -> str:
    return phone.call.create_phone_call(
        from_number="+12025550100",
        to_number=ADA,
        idempotency_key=key,
        honor_internal_dnc=True,
        metadata={"dialctl": key},
        retell_llm_dynamic_variables={"first_name": "Ada"},
    ).call_id


def test_retell_places_finds_and_reads_calls(served: Account, phone: retell.Retell) -> None:
    ids = {place_phone_call(phone, f"d1.{number}") for number in range(3)}
    served.advance(600)
    found = phone.call.list(
        filter_criteria={"metadata": [{"key": "dialctl", "type": "string", "op": "sw", "value": "d1."}]}, limit=2
    )
    assert found.has_more
    assert found.items is not None
    assert {call.call_id for call in found.items} < ids
    read = phone.call.retrieve(min(ids))
    assert (read.call_status, read.metadata is not None) == ("ended", True)
    assert phone.agent.retrieve("agent_A").agent_id == "agent_A"
    assert phone.phone_number.retrieve("+12025550100").phone_number == "+12025550100"
    assert phone.concurrency.retrieve().current_concurrency == 0
    with pytest.raises(retell.NotFoundError):
        phone.call.retrieve("call_unknown")


def test_retell_does_not_repeat_what_dials_and_a_key_names_one_call(served: Account, phone: retell.Retell) -> None:
    served.faults(fault_rule("createPhoneCall", "lost_answer"))
    with pytest.raises(retell.APIConnectionError):
        place_phone_call(phone, "d1.lost")
    assert place_phone_call(phone, "d1.lost") == place_phone_call(phone, "d1.lost")
    served.advance(60)
    assert served.calls() == {ADA: 1}
    batch = phone.batch_call.create_batch_call(from_number="+12025550100", tasks=[{"to_number": BUSY}])
    assert batch.total_task_count == 1


@pytest.fixture
def dialer(served: Account) -> Client:
    client = Client(TWILIO_ACCOUNT, served.key)
    client.api.base_url = served.base_url
    return client


def queue_call(dialer: Client, number: str = ADA) -> str:
    call = dialer.calls.create(to=number, from_="+12025550100", url="https://agent.example.com/twiml", timeout=25)
    assert (call.status, call.direction, call.queue_time) == ("queued", "outbound-api", "1000")
    return str(call.sid)


def test_twilio_places_finds_cancels_and_reads_calls(served: Account, dialer: Client) -> None:
    waits = queue_call(dialer)
    assert [call.sid for call in dialer.calls.list(to=ADA)] == [waits]
    cancelled = dialer.calls(waits).update(status="canceled")
    assert (cancelled.status, cancelled.start_time) == ("canceled", None)
    talks = queue_call(dialer)
    served.advance(600)
    ended = dialer.calls(talks).fetch()
    assert (ended.status, ended.date_created is not None, ended.start_time is not None) == ("completed", True, True)
    for _ in range(3):
        queue_call(dialer, BUSY)
        served.advance(10)
    assert {call.to for call in dialer.calls.list(page_size=2)} == {ADA, BUSY}
    assert len(dialer.calls.list(page_size=2)) == 5
    assert served.calls() == {ADA: 1, BUSY: 3}
    assert dialer.api.accounts(TWILIO_ACCOUNT).fetch().status == "active"
    assert [number.phone_number for number in dialer.incoming_phone_numbers.list()] == ["+12025550100"]
    assert dialer.outgoing_caller_ids.list() == []
    with pytest.raises(TwilioRestException) as caught:
        dialer.calls("CA00000000000000000000000000000000").fetch()
    assert (caught.value.status, caught.value.code) == (404, 20404)


def test_twilio_repeats_nothing_and_has_no_key(served: Account, dialer: Client) -> None:
    served.faults(fault_rule("createCall", {"status": {"code": 503, "effect": True}}))
    with pytest.raises(TwilioRestException):
        queue_call(dialer)
    served.advance(60)
    assert served.calls() == {ADA: 1}
