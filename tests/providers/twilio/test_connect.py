"""The two halves of Twilio's key, and what it knows of account and numbers."""

from __future__ import annotations

import httpx
import pytest

from declarative.errors import MissingKey, ProviderError
from declarative.model.resource import Json, ProviderSpec
from declarative.providers import catalog
from declarative.providers.base import AccountEntry, ConnectOptions
from tests.providers.scripted_provider import ACCOUNT, KEY, answering, open_exchange

ACTIVE = httpx.Response(200, json={"sid": ACCOUNT, "status": "active"})
SETTINGS: dict[str, Json] = {"From": "+12025550100", "Url": "https://agent.example.com/twiml"}


def numbers(field: str, *listed: str) -> httpx.Response:
    return httpx.Response(200, json={field: [{"sid": f"PN{one[1:]}", "phone_number": one} for one in listed]})


INCOMING = numbers("incoming_phone_numbers", "+12025550100")
NO_INCOMING, NO_VERIFIED = numbers("incoming_phone_numbers"), numbers("outgoing_caller_ids")


@pytest.mark.parametrize(
    ("environment", "missing"),
    [
        ({}, "TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN are not set"),
        ({"TWILIO_AUTH_TOKEN": KEY}, "TWILIO_ACCOUNT_SID is not set"),
        ({"TWILIO_ACCOUNT_SID": ACCOUNT}, "TWILIO_AUTH_TOKEN is not set"),
        ({"TWILIO_ACCOUNT_SID": "  ", "TWILIO_AUTH_TOKEN": KEY}, "TWILIO_ACCOUNT_SID is not set"),
    ],
)
def test_each_variable_that_is_missing_is_named(environment: dict[str, str], missing: str) -> None:
    with pytest.raises(MissingKey) as caught:
        catalog.connect(ProviderSpec("main", "twilio"), ConnectOptions(environment=environment))
    assert missing in caught.value.message
    assert KEY not in str(caught.value)
    assert "--sandbox" in caught.value.hint


@pytest.mark.parametrize("account", ["../AC1", "AC1/x", "AC1:token", "AC1?x", "A C"])
def test_an_account_that_cannot_be_part_of_a_path_is_refused(account: str) -> None:
    environment = {"TWILIO_ACCOUNT_SID": account, "TWILIO_AUTH_TOKEN": KEY}
    with pytest.raises(ProviderError, match="TWILIO_ACCOUNT_SID"):
        catalog.connect(ProviderSpec("main", "twilio"), ConnectOptions(environment=environment))


def test_a_wrong_key_names_both_variables() -> None:
    refused = httpx.Response(401, json={"code": 20003, "message": f"Authenticate {KEY}", "status": 401})
    exchange = open_exchange(answering(refused), "twilio")
    with pytest.raises(ProviderError) as caught:
        exchange.provider.unknown_references(SETTINGS)
    assert caught.value.hint == "look at TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN"
    assert KEY not in str(caught.value)


@pytest.mark.parametrize(
    ("answers", "unknown"),
    [
        ([ACTIVE, INCOMING, NO_VERIFIED], []),
        ([ACTIVE, NO_INCOMING, numbers("outgoing_caller_ids", "+12025550100")], []),
        ([ACTIVE, NO_INCOMING, NO_VERIFIED], ["Twilio does not know the number +1202•••0100"]),
        ([ACTIVE, numbers("incoming_phone_numbers", "+12025550199"), NO_VERIFIED], ["Twilio does not know the number"]),
        (
            [httpx.Response(200, json={"sid": ACCOUNT, "status": "suspended"}), INCOMING, NO_VERIFIED],
            ["Twilio says that the account is suspended"],
        ),
    ],
)
def test_account_and_number_are_looked_up(answers: list[httpx.Response], unknown: list[str]) -> None:
    exchange = open_exchange(answering(*answers), "twilio")
    found = exchange.provider.unknown_references(SETTINGS)
    assert len(found) == len(unknown)
    assert all(sentence.startswith(expected) for sentence, expected in zip(found, unknown, strict=True))
    assert exchange.provider.own_number(SETTINGS) == "+12025550100"


def test_numbers_are_those_of_the_account_and_those_verified_for_it() -> None:
    exchange = open_exchange(answering(INCOMING, numbers("outgoing_caller_ids", "+12025550101")), "twilio")
    assert exchange.provider.list_numbers() == [
        AccountEntry("+12025550100", "+12025550100", "incoming"),
        AccountEntry("+12025550101", "+12025550101", "verified"),
    ]
    assert exchange.provider.list_agents() == []
