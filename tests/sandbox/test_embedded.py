"""The sandbox inside this process: kept in a directory, shared by threads."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from .account import Account, open_account
from .request_bodies import ADA, BATCHES, batch_body


def test_state_clock_and_faults_survive_a_reopening(tmp_path: Path) -> None:
    with open_account(tmp_path) as first:
        first.at_cartesia().post(BATCHES, json=batch_body())
        first.faults({"match": {}, "do": {"status": {"code": 503, "effect": False}}})
        first.advance(5000)
        before = first.now()
    with open_account(tmp_path) as second:
        assert second.now() >= before
        assert second.at_cartesia().get(BATCHES).status_code == 503
        assert second.at_cartesia().get(BATCHES).json()["data"][0]["status"] == "completed"


def test_two_openings_of_one_directory_share_state_and_clock(tmp_path: Path) -> None:
    with open_account(tmp_path) as first, open_account(tmp_path) as second:
        first.advance(9000)
        assert second.now() >= first.now().replace(microsecond=0)
        first.at_cartesia().post(BATCHES, json=batch_body())
        assert second.calls()[ADA] == 1


def test_eight_threads_use_one_sandbox(account: Account) -> None:
    gate = threading.Barrier(8)

    def work(at: int) -> int:
        gate.wait()
        with account.at_cartesia() as client:
            return sum(client.post(BATCHES, json=batch_body(name=f"{at}")).status_code == 201 for _ in range(5))

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(work, range(8))) == 40
    assert len(account.at_cartesia().get(BATCHES, params={"limit": 100}).json()["data"]) == 40
