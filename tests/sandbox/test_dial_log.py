"""The record of dials."""

from __future__ import annotations

from .account import Account
from .request_bodies import ADA, BATCHES, batch_body, box_body


def test_a_record_of_dials_has_an_entry_a_call(account: Account) -> None:
    people = [{"to_number": ADA, "metadata": {"row": "1"}}]
    batch = account.at_cartesia().post(BATCHES, json=batch_body(recipients=people)).json()
    account.at_callingbox().post("/v1/calls", json=box_body("+14155550191"))
    account.advance(60)
    first, second = account.control("GET", "dials")["dials"]
    assert (first["number"], first["provider"], first["name"]) == (ADA, "cartesia", "reminders")
    assert (first["batch_id"], first["metadata"]) == (batch["id"], {"row": "1"})
    assert (second["provider"], second["batch_id"], second["name"]) == ("callingbox", None, None)
    assert first["organisation"] == second["organisation"]
    assert account.key not in str(first)
