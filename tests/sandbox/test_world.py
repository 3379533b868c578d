"""What outlives a process, what the clock does, what several threads and processes see, how fast it is."""

from __future__ import annotations

import signal
import stat
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path

import httpx
import pytest

from declarative.errors import DialctlError
from declarative.sandbox.embedded import EmbeddedSandbox, open_sandbox
from declarative.sandbox.world import FASTEST, LAST_MOMENT, World
from tests.command import start_server
from tests.growing import LINEAR, growth, numbers

from .lab import ADA, Lab, batch_body, box_body

BATCHES = "/agents/calls/batches"


def test_the_directory_and_its_database_are_private(tmp_path: Path) -> None:
    open_sandbox(tmp_path / "deep" / "sandbox").close()
    kept = tmp_path / "deep" / "sandbox"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o700
    assert stat.S_IMODE((kept / "sandbox.sqlite3").stat().st_mode) == 0o600


def test_state_clock_and_faults_survive_a_reopening(tmp_path: Path) -> None:
    first = open_sandbox(tmp_path)
    lab = Lab("http://sandbox", first.transport(), key="sk_kept")
    lab.at_cartesia().post(BATCHES, json=batch_body())
    lab.faults({"match": {}, "do": {"status": {"code": 503, "effect": False}}})
    first.advance(5000)
    before = first.now()
    first.close()
    second = open_sandbox(tmp_path)
    again = Lab("http://sandbox", second.transport(), key="sk_kept")
    assert second.now() >= before
    assert again.at_cartesia().get(BATCHES).status_code == 503
    assert again.at_cartesia().get(BATCHES).json()["data"][0]["status"] == "completed"
    second.close()


def test_two_openings_of_one_directory_share_state_and_clock(tmp_path: Path) -> None:
    one, other = open_sandbox(tmp_path), open_sandbox(tmp_path)
    one.advance(9000)
    assert other.now() >= one.now().replace(microsecond=0)
    Lab("http://sandbox", one.transport(), key="sk_x").at_cartesia().post(BATCHES, json=batch_body())
    assert Lab("http://sandbox", other.transport(), key="sk_x").calls()[ADA] == 1
    one.close()
    other.close()


def test_a_server_killed_in_the_middle_leaves_a_readable_world(tmp_path: Path) -> None:
    server, url = start_server("--directory", str(tmp_path))
    with server, Lab(url, None, key="sk_k") as lab:
        lab.at_cartesia().post(BATCHES, json=batch_body())
        server.kill()
    reopened = open_sandbox(tmp_path)
    assert Lab("http://sandbox", reopened.transport(), key="sk_k").calls()[ADA] == 1
    reopened.close()


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM])
def test_a_server_told_to_stop_ends_well(signum: signal.Signals) -> None:
    server, url = start_server()
    with server, httpx.Client(base_url=url) as client:
        assert client.get("/").status_code == 200
        server.send_signal(signum)
        assert server.wait(10) == 0


def test_the_clock_runs_with_real_time_and_never_back(tmp_path: Path) -> None:
    opened = open_sandbox(tmp_path)
    seen = [opened.now() for _ in range(50)]
    assert seen == sorted(seen)
    assert abs((seen[0] - datetime.now(UTC)).total_seconds()) < 60
    with pytest.raises(ValueError, match="forward"):
        opened.advance(-1)
    opened.close()


def test_the_clock_goes_on_when_that_of_the_machine_steps_back(monkeypatch: pytest.MonkeyPatch) -> None:
    world, real = World(), time.time()
    monkeypatch.setattr(time, "time", lambda: real - 3600)
    with world.moment() as before:
        pass
    monkeypatch.setattr(time, "time", lambda: real - 3590)
    with world.moment() as after:
        assert after.now - before.now == pytest.approx(10, abs=0.1)
    world.close()


@pytest.mark.parametrize("speed", [-1.0, float("nan"), float("inf"), 1e300])
def test_a_speed_that_no_clock_can_keep_is_refused(speed: float) -> None:
    with pytest.raises(ValueError, match="speed"):
        World(speed=speed)


def test_the_clock_stands_at_the_end_of_its_calendar(tmp_path: Path) -> None:
    still = World(tmp_path, speed=0)
    still.advance(LAST_MOMENT - still.now() - 1)
    still.close()
    world = World(tmp_path, speed=FASTEST)
    with Lab("http://sandbox", EmbeddedSandbox(world).transport()) as lab:
        made = lab.at_cartesia().post(BATCHES, json=batch_body()).json()
        assert lab.at_cartesia().get(f"{BATCHES}/{made['id']}").status_code == 200
    assert world.now() == LAST_MOMENT
    world.close()


def test_a_seed_may_be_of_any_size(tmp_path: Path) -> None:
    World(tmp_path, seed=10**30).close()
    world = World(tmp_path)
    with world.moment() as moment:
        assert moment.seed == 10**30
    world.close()


def test_a_file_that_is_no_sandbox_is_named_with_a_way_out(tmp_path: Path) -> None:
    (tmp_path / "sandbox.sqlite3").write_text("garbage")
    with pytest.raises(DialctlError, match=r"sandbox\.sqlite3: ") as refused:
        World(tmp_path)
    assert "delete it" in refused.value.hint


def test_speed_multiplies_real_time() -> None:
    world = World(speed=1e6)
    start, began = world.now(), time.time()
    while (passed := time.time() - began) <= 0:
        pass
    assert world.now() - start > passed * 1e6 * 0.9
    world.close()


def test_answers_carry_the_date_of_the_sandbox(either: Lab) -> None:
    either.advance(86_400)
    for path in ("/", "/nowhere", "/_sandbox/clock", BATCHES):
        told = parsedate_to_datetime(either.client().get(path).headers["date"])
        assert int(told.timestamp()) == int(either.control("GET", "clock")["epoch"])


def test_an_answer_has_one_date(served: Lab) -> None:
    headers = served.client().get("/").headers
    assert len(headers.get_list("date")) == 1
    assert "server" not in headers


def test_the_same_seed_brings_the_same_outcomes(tmp_path: Path) -> None:
    people = [f"+1{area}5550142" for area in range(201, 260)]

    def outcomes(seed: int) -> list[str]:
        opened = EmbeddedSandbox(World(seed=seed, speed=0))
        lab = Lab("http://sandbox", opened.transport())
        batch = lab.at_cartesia().post(BATCHES, json=batch_body(*people)).json()
        lab.advance(86_400)
        read = lab.at_cartesia().get(f"{BATCHES}/{batch['id']}").json()
        opened.close()
        return [one["end_reason"] for one in read["recipients"]]

    assert outcomes(1) == outcomes(1) != outcomes(2)


def test_eight_threads_use_one_sandbox(lab: Lab) -> None:
    gate = threading.Barrier(8)

    def work(at: int) -> int:
        gate.wait()
        with lab.at_cartesia() as client:
            return sum(client.post(BATCHES, json=batch_body(name=f"{at}")).status_code == 201 for _ in range(5))

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(work, range(8))) == 40
    assert len(lab.at_cartesia().get(BATCHES, params={"limit": 100}).json()["data"]) == 40


def test_a_record_of_dials_has_an_entry_a_call(lab: Lab) -> None:
    people = [{"to_number": ADA, "metadata": {"row": "1"}}]
    batch = lab.at_cartesia().post(BATCHES, json=batch_body(recipients=people)).json()
    lab.at_callingbox().post("/v1/calls", json=box_body("+14155550191"))
    lab.advance(60)
    first, second = lab.control("GET", "dials")["dials"]
    assert (first["number"], first["provider"], first["name"]) == (ADA, "cartesia", "reminders")
    assert (first["batch_id"], first["metadata"]) == (batch["id"], {"row": "1"})
    assert (second["provider"], second["batch_id"], second["name"]) == ("callingbox", None, None)
    assert first["organisation"] == second["organisation"]
    assert lab.key not in str(first)


def test_reset_forgets_everything_but_the_clock(lab: Lab, sandbox: EmbeddedSandbox) -> None:
    lab.at_cartesia().post(BATCHES, json=batch_body())
    lab.advance(9000)
    before = sandbox.now()
    lab.control("POST", "reset")
    assert lab.control("GET", "dials") == {"dials": []}
    assert lab.control("GET", "requests") == {"requests": []}
    assert lab.at_cartesia().get(BATCHES).json()["data"] == []
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
def test_control_requests_are_checked(lab: Lab, route: str, body: object) -> None:
    assert lab.client().post(f"/_sandbox/{route}", json=body).status_code == 400


def test_batches_take_time_as_their_people_grow_and_no_more(lab: Lab) -> None:
    client = lab.at_cartesia()

    def of(count: int) -> None:
        batch = client.post(BATCHES, json=batch_body(*numbers(count))).json()
        lab.advance(3000)
        assert len(client.get(f"{BATCHES}/{batch['id']}").json()["recipients"]) == count

    assert growth(of) < LINEAR
