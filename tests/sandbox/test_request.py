"""The body of a request: a JSON object, not nested too deeply."""

from __future__ import annotations

from typing import Any

import pytest

from .account import Account
from .request_bodies import ADA, batch_body, box_body, calls_body


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b'"text"'])
def test_a_body_that_is_no_object_is_refused(account: Account, body: bytes) -> None:
    assert account.at_cartesia().post("/agents/calls/batches", content=body).status_code == 400
    assert account.at_callingbox().post("/v1/calls", content=body).status_code == 400


def nested(levels: int) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for _ in range(levels):
        made = {"in": made}
    return made


@pytest.mark.parametrize("levels", [*range(235, 256), 900])
def test_what_is_nested_deeply_is_refused_or_comes_back_whole(account: Account, levels: int) -> None:
    deep = nested(levels)
    cartesia, box = account.at_cartesia(), account.at_callingbox()
    items = calls_body()["outbound_calls"][0] | {"metadata": deep}
    sent = (
        cartesia.post("/agents/calls/batches", json=batch_body(recipients=[{"to_number": ADA, "metadata": deep}])),
        cartesia.post("/agents/calls", json=calls_body(outbound_calls=[items])),
        box.post("/v1/calls", json=box_body(metadata=deep)),
        box.post("/v1/calls", json=box_body(context=deep)),
    )
    assert {answer.status_code for answer in sent} <= {200, 201, 400}
    account.advance(60)
    account.faults({"match": {"times": 0}, "do": "as_data"})
    assert box.get("/v1/calls").status_code == 200
    assert cartesia.get("/agents/calls", params={"agent_id": "agent_A"}).status_code == 200
    assert len(account.dials()) == sum(answer.status_code < 300 for answer in sent)
