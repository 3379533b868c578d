"""The database of the sandbox. An input is the whole file."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import quote

from hypothesis import strategies as st

from declarative.sandbox.embedded import EmbeddedSandbox
from declarative.sandbox.store import DamagedDatabase
from declarative.sandbox.world import World
from tests.fuzz.search import Check, Surface
from tests.sandbox.account import Account
from tests.sandbox.request_bodies import BATCHES, batch_body, box_body, fault_rule, fictional_numbers


@contextmanager
def _account(directory: Path) -> Iterator[Account]:
    with (
        EmbeddedSandbox(World(directory, speed=0)) as embedded,
        Account("http://sandbox", embedded.transport(), key="sk_kept") as account,
    ):
        yield account


def _use(account: Account) -> None:
    cartesia, box = account.at_cartesia(), account.at_callingbox()
    for batch in cartesia.get(BATCHES).json()["data"]:
        cartesia.get(f"{BATCHES}/{quote(batch['id'], safe='')}")
    cartesia.get("/agents/calls", params={"agent_id": "agent_A"})
    box.get("/v1/calls")
    for route in ("dials", "requests", "faults", "clock"):
        account.control("GET", route)
    account.advance(5)


@cache
def _file() -> bytes:
    with TemporaryDirectory() as name:
        with _account(Path(name)) as account:
            account.faults(fault_rule("getCall", "lost_answer"))
            for _ in range(4):
                account.at_cartesia().post(BATCHES, json=batch_body(*fictional_numbers(60)))
                account.at_callingbox().post("/v1/calls", json=box_body())
                account.advance(3600)
        return (Path(name) / "sandbox.sqlite3").read_bytes()


@st.composite
def _inputs(draw: st.DrawFn) -> bytes:
    content = bytearray(_file())
    for _ in range(draw(st.integers(1, 6))):
        place = draw(st.integers(0, len(content) - 1))
        part = draw(st.binary(min_size=1, max_size=40) | st.just(bytes(500)))
        content[place : place + len(part)] = part
    return bytes(content[: len(_file())])


@contextmanager
def _open(folder: Path) -> Iterator[Check]:
    file = folder / "sandbox.sqlite3"

    def check(content: bytes) -> None:
        for old in folder.iterdir():
            old.unlink()
        file.write_bytes(content)
        with suppress(DamagedDatabase), _account(folder) as account:
            _use(account)
        try:
            with World(folder) as world:
                world.reset()
        except DamagedDatabase:
            return  # not even opened: `dialctl sandbox reset` deletes it
        with _account(folder) as account:
            _use(account)

    yield check


SANDBOX_FILE = Surface("sandbox-file", _inputs(), _open, examples=20)
