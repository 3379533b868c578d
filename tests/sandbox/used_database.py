"""A sandbox database that was used, and what is asked of one that may be damaged since."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from urllib.parse import quote

from declarative.sandbox.embedded import EmbeddedSandbox
from declarative.sandbox.store import DamagedDatabase
from declarative.sandbox.world import World
from tests.sandbox.account import TWILIO, Account, open_account
from tests.sandbox.request_bodies import (
    BATCHES,
    CALL_LIST,
    CAMPAIGNS,
    EVENTS,
    PHONE_CALLS,
    VAPI_CAMPAIGNS,
    batch_body,
    box_body,
    campaign_body,
    event_body,
    fault_rule,
    fictional_numbers,
    phone_call_body,
    twilio_form,
    vapi_call_body,
    vapi_campaign_body,
)


def make_used_file(directory: Path) -> Path:
    """Use a sandbox for some hours; its database."""
    with (
        EmbeddedSandbox(World(directory, speed=0)) as embedded,
        Account("http://sandbox", embedded.transport(), key="sk_kept") as account,
    ):
        account.faults(fault_rule("getCall", "lost_answer"))
        for _ in range(4):
            account.at_cartesia().post(BATCHES, json=batch_body(*fictional_numbers(60)))
            account.at_callingbox().post("/v1/calls", json=box_body())
            account.at_elevenlabs().post(f"{CAMPAIGNS}/submit", json=campaign_body(*fictional_numbers(9)))
            account.at_vapi().post(VAPI_CAMPAIGNS, json=vapi_campaign_body(*fictional_numbers(9)))
            account.at_vapi().post("/call", json=vapi_call_body())
            account.at_telnyx().post(EVENTS, json=event_body(), headers={"Idempotency-Key": "k"})
            account.at_retell().post(PHONE_CALLS, json=phone_call_body(idempotency_key="r", metadata={"a": "b"}))
            account.at_twilio().post(f"{TWILIO}/Calls.json", data=twilio_form())
            account.advance(3600)
        use_everything(account)
    return directory / "sandbox.sqlite3"


def use_everything(account: Account) -> None:
    """Ask for everything that the database holds, and change some of it."""
    cartesia, box = account.at_cartesia(), account.at_callingbox()
    for batch in cartesia.get(BATCHES).json()["data"]:
        cartesia.get(f"{BATCHES}/{quote(batch['id'], safe='')}")
    cartesia.get("/agents/calls", params={"agent_id": "agent_A"})
    box.get("/v1/calls")
    cartesia.post(BATCHES, json=batch_body("+14155550101"))
    eleven, telnyx = account.at_elevenlabs(), account.at_telnyx()
    for campaign in eleven.get(CAMPAIGNS).json().get("campaigns", []):
        eleven.get(f"{CAMPAIGNS}/{quote(campaign['campaign_id'], safe='')}/leads")
    telnyx.get(EVENTS)
    for campaign in account.at_vapi().get(VAPI_CAMPAIGNS).json().get("results", []):
        account.at_vapi().get(f"{VAPI_CAMPAIGNS}/{quote(campaign['id'], safe='')}/contacts")
    account.at_vapi().get("/call")
    account.at_retell().post(CALL_LIST, json={"limit": 3})
    account.at_twilio().get(f"{TWILIO}/Calls.json")
    for route in ("dials", "requests", "faults", "clock"):
        account.control("GET", route)
    account.advance(5)


def check_damaged(directory: Path) -> None:
    """Check that the damage is named or harmless, any other error fails, and that a reset ends it."""
    with suppress(DamagedDatabase), open_account(directory) as account:
        use_everything(account)
    try:
        with World(directory) as world:
            world.reset()
    except DamagedDatabase:
        return  # not even opened: `dialctl sandbox reset` deletes it
    with open_account(directory) as account:
        use_everything(account)
