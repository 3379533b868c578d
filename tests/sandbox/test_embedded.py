"""The sandbox inside this process: kept in a directory, shared by threads."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from declarative.sandbox.embedded import open_sandbox

from .account import Account
from .request_bodies import ADA, BATCHES, batch_body


def test_state_clock_and_faults_survive_a_reopening(tmp_path: Path) -> None:
    first = open_sandbox(tmp_path)
    account = Account("http://sandbox", first.transport(), key="sk_kept")
    account.at_cartesia().post(BATCHES, json=batch_body())
    account.faults({"match": {}, "do": {"status": {"code": 503, "effect": False}}})
    first.advance(5000)
    before = first.now()
    first.close()
    second = open_sandbox(tmp_path)
    again = Account("http://sandbox", second.transport(), key="sk_kept")
    assert second.now() >= before
    assert again.at_cartesia().get(BATCHES).status_code == 503
    assert again.at_cartesia().get(BATCHES).json()["data"][0]["status"] == "completed"
    second.close()


def test_two_openings_of_one_directory_share_state_and_clock(tmp_path: Path) -> None:
    one, other = open_sandbox(tmp_path), open_sandbox(tmp_path)
    one.advance(9000)
    assert other.now() >= one.now().replace(microsecond=0)
    Account("http://sandbox", one.transport(), key="sk_x").at_cartesia().post(BATCHES, json=batch_body())
    assert Account("http://sandbox", other.transport(), key="sk_x").calls()[ADA] == 1
    one.close()
    other.close()


def test_eight_threads_use_one_sandbox(account: Account) -> None:
    gate = threading.Barrier(8)

    def work(at: int) -> int:
        gate.wait()
        with account.at_cartesia() as client:
            return sum(client.post(BATCHES, json=batch_body(name=f"{at}")).status_code == 201 for _ in range(5))

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(work, range(8))) == 40
    assert len(account.at_cartesia().get(BATCHES, params={"limit": 100}).json()["data"]) == 40
