"""The vendors' own Python SDKs against a served sandbox, as far as their generation knows the routes."""

from __future__ import annotations

from collections.abc import Iterator

import callingbox
import cartesia
import pytest

from .account import Account
from .request_bodies import ADA, box_body, calls_body


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
