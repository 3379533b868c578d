"""Real answers, held against what the providers' OpenAPI descriptions say about them."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from jsonschema import Draft202012Validator

from declarative.sandbox.handle import PROVIDERS

from .account import TWILIO, Account
from .request_bodies import (
    ADA,
    CALL_LIST,
    CALLED_BATCHES,
    CALLINGBOX_AGENT,
    CAMPAIGNS,
    EVENTS,
    PHONE_CALLS,
    VAPI_CAMPAIGNS,
    batch_body,
    box_body,
    called_batch_body,
    calls_body,
    campaign_body,
    event_body,
    phone_call_body,
    twilio_form,
    vapi_call_body,
    vapi_campaign_body,
)

DATA = Path(__file__).parent / "data"
PEOPLE = [f"+141555501{ending}" for ending in (*range(91, 98), "01", "02", "03")]
STEPS = (0.0, 0.5, 3.0, 20.0, 40.0, 4000.0)


@cache
def described(provider: str) -> dict[str, Any]:
    whole: dict[str, Any] = plain(yaml.safe_load((DATA / f"{provider}.yaml").read_text()))
    return whole


def plain(schema: Any) -> Any:
    """OpenAPI 3.0 says `nullable`; JSON Schema wants another type."""
    if isinstance(schema, list):
        return [plain(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    kept = {name: plain(value) for name, value in schema.items() if name != "nullable"}
    return {"anyOf": [kept, {"type": "null"}]} if schema.get("nullable") is True else kept


def conforms(provider: str, operation: str, answer: httpx.Response) -> Any:
    document = described(provider)
    schema = document["operations"][operation]["answers"][answer.status_code]
    checker = Draft202012Validator(
        schema | {"components": document["components"]}, format_checker=Draft202012Validator.FORMAT_CHECKER
    )
    wrong = [f"{error.json_path}: {error.message}" for error in checker.iter_errors(answer.json())]
    assert wrong == []
    return answer.json()


@pytest.fixture(params=["2026-03-01", "2026-08-14"])
def cartesia(request: pytest.FixtureRequest, account: Account) -> Iterator[httpx.Client]:
    with account.at_cartesia(request.param) as client:
        yield client


@pytest.mark.parametrize("provider", PROVIDERS)
def test_routes_are_those_described(provider: str) -> None:
    ours = {one.name: {"method": one.method, "path": one.path} for one in PROVIDERS[provider].operations}
    theirs = described(provider)["operations"]
    assert ours == {name: {"method": one["method"], "path": one["path"]} for name, one in theirs.items()}


def test_batches_all_along_their_life(account: Account, cartesia: httpx.Client) -> None:
    path = "/agents/calls/batches"
    made = conforms("cartesia", "createCallBatch", cartesia.post(path, json=batch_body(*PEOPLE)))
    for seconds in STEPS:
        account.advance(seconds)
        conforms("cartesia", "listCallBatches", cartesia.get(path))
        conforms("cartesia", "getCallBatch", cartesia.get(f"{path}/{made['id']}"))
    conforms("cartesia", "retryCallBatch", cartesia.post(f"{path}/{made['id']}/retry"))
    conforms("cartesia", "cancelCallBatch", cartesia.post(f"{path}/{made['id']}/cancel"))
    conforms("cartesia", "retryCallBatch", cartesia.post(f"{path}/{made['id']}/retry"))
    conforms("cartesia", "createCallBatch", cartesia.post(path, json={}))
    conforms("cartesia", "getCallBatch", cartesia.get(f"{path}/acb_unknown"))


def test_calls_all_along_their_life(account: Account, cartesia: httpx.Client) -> None:
    placed = conforms("cartesia", "createOutboundCalls", cartesia.post("/agents/calls", json=calls_body(*PEOPLE)))
    ids = [one["agent_call_id"] for one in placed["calls"] if "agent_call_id" in one]
    for seconds in STEPS:
        account.advance(seconds)
        conforms("cartesia", "listCalls", cartesia.get("/agents/calls", params={"agent_id": "agent_A"}))
        for one in ids:
            conforms("cartesia", "getCall", cartesia.get(f"/agents/calls/{one}"))
    conforms("cartesia", "cancelCall", cartesia.post(f"/agents/calls/{ids[0]}/cancel"))
    conforms("cartesia", "getCall", cartesia.get("/agents/calls/ac_unknown"))


def test_agents_and_numbers_of_cartesia(account: Account, cartesia: httpx.Client) -> None:
    cartesia.post("/agents/calls/batches", json=batch_body(from_number_id="ap_twilio"))
    for operation, path in (
        ("getStatus", "/"),
        ("listPhoneNumbers", "/agents/phone-numbers"),
        ("getPhoneNumber", "/agents/phone-numbers/ap_sip"),
        ("getPhoneNumber", "/agents/phone-numbers/ap_missing"),
        ("listAgents", "/agents"),
        ("getAgent", "/agents/agent_A"),
        ("getAgent", "/agents/agent_missing"),
        ("listAgentPhoneNumbersLegacy", "/agents/agent_A/phone-numbers"),
    ):
        conforms("cartesia", operation, cartesia.get(path))


def test_managed_agents(account: Account) -> None:
    newer = account.at_cartesia("2026-08-14")
    conforms("cartesia", "listManagedAgents", newer.get("/v1/agents"))
    conforms("cartesia", "getManagedAgent", newer.get("/v1/agents/agent_A"))
    conforms("cartesia", "getManagedAgent", newer.get("/v1/agents/agent_missing"))


def test_the_legacy_dial(account: Account) -> None:
    body = {"target_numbers": [ADA], "agent_id": "agent_A"}
    conforms(
        "cartesia", "legacyOutboundCall", account.at_cartesia("2025-04-16").post("/twilio/call/outbound", json=body)
    )


def test_calls_of_callingbox_all_along_their_life(account: Account) -> None:
    box = account.at_callingbox()
    made = [conforms("callingbox", "createCall", box.post("/v1/calls", json=box_body(one))) for one in PEOPLE]
    for seconds in STEPS:
        account.advance(seconds)
        conforms("callingbox", "listCalls", box.get("/v1/calls"))
        for one in made:
            conforms("callingbox", "getCall", box.get(f"/v1/calls/{one['id']}"))
            conforms("callingbox", "getCallTranscript", box.get(f"/v1/calls/{one['id']}/transcript"))
    conforms("callingbox", "createCall", box.post("/v1/calls", json={}))
    conforms("callingbox", "getCall", box.get("/v1/calls/unknown"))


def test_agents_and_numbers_of_callingbox(account: Account) -> None:
    box = account.at_callingbox()
    conforms("callingbox", "listAgents", box.get("/v1/agents"))
    conforms("callingbox", "getAgent", box.get(f"/v1/agents/{CALLINGBOX_AGENT}"))
    conforms("callingbox", "getAgent", box.get("/v1/agents/unknown"))
    conforms("callingbox", "listNumbers", box.get("/v1/numbers"))


def test_campaigns_all_along_their_life(account: Account, eleven: httpx.Client) -> None:
    body = campaign_body(*PEOPLE, idempotency_key="k-1")
    made = conforms("elevenlabs", "submitCampaign", eleven.post(f"{CAMPAIGNS}/submit", json=body))["campaign"]
    path = f"{CAMPAIGNS}/{made['campaign_id']}"
    for seconds in STEPS:
        account.advance(seconds)
        conforms("elevenlabs", "listCampaigns", eleven.get(CAMPAIGNS))
        conforms("elevenlabs", "getCampaign", eleven.get(path))
        conforms("elevenlabs", "getCampaignProgress", eleven.get(f"{path}/progress"))
        leads = conforms("elevenlabs", "listLeads", eleven.get(f"{path}/leads"))["leads"]
        conforms("elevenlabs", "getLead", eleven.get(f"{path}/leads/{leads[0]['lead_id']}"))
        conforms("elevenlabs", "listCampaignCalls", eleven.get(f"{path}/calls"))
    conforms("elevenlabs", "submitCampaign", eleven.post(f"{CAMPAIGNS}/submit", json=body | {"call_name": "b"}))
    conforms("elevenlabs", "submitCampaign", eleven.post(f"{CAMPAIGNS}/submit", json={}))
    conforms("elevenlabs", "removeLead", eleven.delete(f"{path}/leads/{leads[0]['lead_id']}"))
    for operation, verb in (("pauseCampaign", "pause"), ("resumeCampaign", "resume"), ("stopCampaign", "stop")):
        conforms("elevenlabs", operation, eleven.post(f"{path}/{verb}"))
    conforms("elevenlabs", "getCampaign", eleven.get(f"{CAMPAIGNS}/unknown"))


def test_batch_calling_all_along_its_life(account: Account, eleven: httpx.Client) -> None:
    made = conforms(
        "elevenlabs", "submitBatch", eleven.post(f"{CALLED_BATCHES}/submit", json=called_batch_body(*PEOPLE))
    )
    path = f"{CALLED_BATCHES}/{made['id']}"
    for seconds in STEPS:
        account.advance(seconds)
        conforms("elevenlabs", "listBatches", eleven.get(f"{CALLED_BATCHES}/workspace"))
        conforms("elevenlabs", "getBatch", eleven.get(path))
    conforms("elevenlabs", "retryBatch", eleven.post(f"{path}/retry"))
    conforms("elevenlabs", "cancelBatch", eleven.post(f"{path}/cancel"))
    conforms("elevenlabs", "getBatch", eleven.get(path))
    conforms("elevenlabs", "listAgents", eleven.get("/v1/convai/agents"))
    conforms("elevenlabs", "listPhoneNumbers", eleven.get("/v1/convai/phone-numbers"))
    conforms("elevenlabs", "getAgent", eleven.get("/v1/convai/agents/agent_A"))
    conforms("elevenlabs", "getPhoneNumber", eleven.get("/v1/convai/phone-numbers/phnum_A"))


def test_events_all_along_their_life(account: Account, telnyx: httpx.Client) -> None:
    made = [conforms("telnyx", "createScheduledEvent", telnyx.post(EVENTS, json=event_body(one))) for one in PEOPLE]
    for seconds in STEPS:
        account.advance(seconds)
        conforms("telnyx", "listScheduledEvents", telnyx.get(EVENTS))
        for one in made:
            conforms("telnyx", "getScheduledEvent", telnyx.get(f"{EVENTS}/{one['scheduled_event_id']}"))
    assert telnyx.delete(f"{EVENTS}/{made[0]['scheduled_event_id']}").content == b""
    conforms("telnyx", "createScheduledEvent", telnyx.post(EVENTS, json={}))
    conforms("telnyx", "deleteScheduledEvent", telnyx.delete(f"{EVENTS}/unknown"))
    conforms("telnyx", "listAssistants", telnyx.get("/v2/ai/assistants"))
    conforms("telnyx", "getAssistant", telnyx.get("/v2/ai/assistants/assistant-A"))
    conforms("telnyx", "listPhoneNumbers", telnyx.get("/v2/phone_numbers"))


def test_campaigns_of_vapi_all_along_their_life(account: Account, vapi: httpx.Client) -> None:
    body = vapi_campaign_body(*PEOPLE)
    made = conforms("vapi", "createCampaignV2", vapi.post(VAPI_CAMPAIGNS, json=body))
    path = f"{VAPI_CAMPAIGNS}/{made['id']}"
    for seconds in STEPS:
        account.advance(seconds)
        conforms("vapi", "listCampaignsV2", vapi.get(VAPI_CAMPAIGNS, params={"includeCounters": "true"}))
        conforms("vapi", "getCampaignV2", vapi.get(path))
        conforms("vapi", "listContacts", vapi.get(f"{path}/contacts"))
    conforms("vapi", "createCampaignV2", vapi.post(VAPI_CAMPAIGNS, json={}))
    conforms("vapi", "cancelCampaignV2", vapi.patch(path, json={"status": "cancelled"}))
    conforms("vapi", "cancelCampaignV2", vapi.patch(path, json={"name": "other"}))
    conforms("vapi", "archiveCampaignV2", vapi.delete(path))
    for operation, answer in (("getCampaignV2", vapi.get(path)), ("listContacts", vapi.get(f"{path}/contacts"))):
        assert answer.status_code == 404
        conforms("vapi", operation, answer)
    conforms("vapi", "listCampaignsV2", account.at_vapi("revoked").get(VAPI_CAMPAIGNS))


def test_calls_of_vapi_all_along_their_life(account: Account, vapi: httpx.Client) -> None:
    made = [conforms("vapi", "createCall", vapi.post("/call", json=vapi_call_body(one, name="m"))) for one in PEOPLE]
    for seconds in STEPS:
        account.advance(seconds)
        conforms("vapi", "listCalls", vapi.get("/call"))
        for one in made:
            conforms("vapi", "getCall", vapi.get(f"/call/{one['id']}"))
    conforms("vapi", "createCall", vapi.post("/call", json={}))
    conforms("vapi", "getCall", vapi.get("/call/unknown"))
    for operation, noun in (("getAssistant", "assistant"), ("getSquad", "squad"), ("getPhoneNumber", "phone-number")):
        conforms("vapi", operation, vapi.get(f"/{noun}/{made[0]['id']}"))
        conforms("vapi", operation, vapi.get(f"/{noun}/missing"))


def test_phone_calls_all_along_their_life(account: Account, retell: httpx.Client) -> None:
    account.faults({"match": {"operation": "listCalls", "times": 0}, "do": {"unstarted": "last"}})
    made = [
        conforms("retell", "createPhoneCall", retell.post(PHONE_CALLS, json=phone_call_body(number, metadata={})))
        for number in PEOPLE
    ]
    for seconds in STEPS:
        account.advance(seconds)
        conforms("retell", "listCalls", retell.post(CALL_LIST, json={"include_total": True}))
        for call in made:
            conforms("retell", "getCall", retell.get(f"/v2/get-call/{call['call_id']}"))
    conforms("retell", "createPhoneCall", retell.post(PHONE_CALLS, json={}))
    conforms("retell", "getCall", retell.get("/v2/get-call/unknown"))
    conforms("retell", "stopCall", retell.post(f"/v2/stop-call/{made[0]['call_id']}"))
    batch = {"from_number": "+12025550100", "tasks": [{"to_number": ADA}]}
    conforms("retell", "createBatchCall", retell.post("/create-batch-call", json=batch))
    for operation, path in (
        ("getAgent", "/get-agent/agent_A"),
        ("getAgent", "/get-agent/agent_missing"),
        ("getPhoneNumber", "/get-phone-number/%2B12025550100"),
        ("getPhoneNumber", "/get-phone-number/%2B12025559999"),
        ("getConcurrency", "/get-concurrency"),
    ):
        conforms("retell", operation, retell.get(path))


def test_calls_of_twilio_all_along_their_life(account: Account, twilio: httpx.Client) -> None:
    calls = f"{TWILIO}/Calls.json"
    made = [
        conforms("twilio", "createCall", twilio.post(calls, data=twilio_form(one, MachineDetection="Enable")))
        for one in PEOPLE
        if not one.endswith("98")
    ]
    for seconds in STEPS:
        account.advance(seconds)
        conforms("twilio", "listCalls", twilio.get(calls, params={"PageSize": 4}))
        for call in made:
            conforms("twilio", "getCall", twilio.get(call["uri"]))
    conforms("twilio", "createCall", twilio.post(calls, data={}))
    conforms("twilio", "getCall", twilio.get(f"{TWILIO}/Calls/CA0.json"))
    conforms("twilio", "updateCall", twilio.post(made[0]["uri"], data={"Status": "canceled"}))
    late = twilio.post(calls, data=twilio_form()).json()
    conforms("twilio", "updateCall", twilio.post(late["uri"], data={"Status": "canceled"}))
    conforms("twilio", "getAccount", twilio.get(f"{TWILIO}.json"))
    for number in ("+12025550100", "+12025559999"):
        query = {"PhoneNumber": number}
        conforms("twilio", "listIncomingNumbers", twilio.get(f"{TWILIO}/IncomingPhoneNumbers.json", params=query))
        conforms("twilio", "listCallerIds", twilio.get(f"{TWILIO}/OutgoingCallerIds.json", params=query))
    refused = account.at_twilio("revoked").get(calls)
    assert (refused.status_code, conforms("twilio", "listCalls", refused)["code"]) == (401, 20003)
