"""A sandbox for every test: embedded in a fresh directory, or one served by the real command for the whole run.

Their clocks stand still unless a test moves them.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from declarative.sandbox.embedded import EmbeddedSandbox
from declarative.sandbox.world import World
from tests.command import served_sandbox

from .account import Account


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[EmbeddedSandbox]:
    with EmbeddedSandbox(World(tmp_path / "sandbox", speed=0)) as embedded:
        yield embedded


@pytest.fixture
def account(sandbox: EmbeddedSandbox) -> Iterator[Account]:
    with Account("http://sandbox", sandbox.transport()) as embedded_account:
        yield embedded_account


@pytest.fixture
def cartesia(account: Account) -> httpx.Client:
    return account.at_cartesia()


@pytest.fixture
def box(account: Account) -> httpx.Client:
    return account.at_callingbox()


@pytest.fixture
def eleven(account: Account) -> httpx.Client:
    return account.at_elevenlabs()


@pytest.fixture
def telnyx(account: Account) -> httpx.Client:
    return account.at_telnyx()


@pytest.fixture
def vapi(account: Account) -> httpx.Client:
    return account.at_vapi()


@pytest.fixture
def retell(account: Account) -> httpx.Client:
    return account.at_retell()


@pytest.fixture
def twilio(account: Account) -> httpx.Client:
    return account.at_twilio()


@pytest.fixture(scope="session")
def served_url() -> Iterator[str]:
    with served_sandbox("--speed", "0") as url:
        yield url


@pytest.fixture
def served(served_url: str) -> Iterator[Account]:
    with Account(served_url, None) as served_account:
        yield served_account
        served_account.faults()


@pytest.fixture(params=["embedded", "served"])
def either(request: pytest.FixtureRequest) -> Account:
    """The same test over both ways to reach a sandbox."""
    account: Account = request.getfixturevalue("account" if request.param == "embedded" else "served")
    return account
