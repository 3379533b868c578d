"""The routes under `/_sandbox/`."""

from __future__ import annotations

import pytest

from declarative.sandbox.embedded import EmbeddedSandbox

from .account import Account
from .request_bodies import BATCHES, batch_body


def test_reset_forgets_everything_but_the_clock(account: Account, sandbox: EmbeddedSandbox) -> None:
    account.at_cartesia().post(BATCHES, json=batch_body())
    account.advance(9000)
    before = sandbox.now()
    account.control("POST", "reset")
    assert account.control("GET", "dials") == {"dials": []}
    assert account.control("GET", "requests") == {"requests": []}
    assert account.at_cartesia().get(BATCHES).json()["data"] == []
    assert sandbox.now() >= before


@pytest.mark.parametrize(
    ("route", "body"),
    [
        ("advance", {}),
        ("advance", {"seconds": -1}),
        ("advance", {"seconds": "1"}),
        ("advance", {"seconds": 1e15}),
        ("organisation", {"colour": 1}),
        ("organisation", {"balance_cents": "1"}),
        ("organisation", {"balance_cents": 2**63}),
        ("organisation", {"key": 5}),
        ("organisation", {"key": ["sk_a"]}),
        ("organisation", ["key"]),
        ("organisation", "sk_a"),
        ("organisation", 5),
    ],
)
def test_control_requests_are_checked(account: Account, route: str, body: object) -> None:
    assert account.client().post(f"/_sandbox/{route}", json=body).status_code == 400
