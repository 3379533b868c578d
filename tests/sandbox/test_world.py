"""The clock, the seed and one transaction a request."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from declarative.sandbox.embedded import EmbeddedSandbox, open_sandbox
from declarative.sandbox.world import FASTEST, LAST_MOMENT, World, list_organisations, open_organisation

from .account import Account
from .request_bodies import BATCHES, batch_body


def test_the_clock_runs_with_real_time_and_never_back(tmp_path: Path) -> None:
    with open_sandbox(tmp_path) as embedded:
        times = [embedded.now() for _ in range(50)]
        assert times == sorted(times)
        assert abs((times[0] - datetime.now(UTC)).total_seconds()) < 60
        with pytest.raises(ValueError, match="forward"):
            embedded.advance(-1)


def test_the_clock_goes_on_when_that_of_the_machine_steps_back(monkeypatch: pytest.MonkeyPatch) -> None:
    real = time.time()
    with World() as world:
        monkeypatch.setattr(time, "time", lambda: real - 3600)
        with world.moment() as before:
            pass
        monkeypatch.setattr(time, "time", lambda: real - 3590)
        with world.moment() as after:
            assert after.now - before.now == pytest.approx(10, abs=0.1)


@pytest.mark.parametrize("speed", [-1.0, float("nan"), float("inf"), 1e300])
def test_a_speed_that_no_clock_can_keep_is_refused(speed: float) -> None:
    with pytest.raises(ValueError, match="speed"):
        World(speed=speed)


def test_the_clock_stands_at_the_end_of_its_calendar(tmp_path: Path) -> None:
    with World(tmp_path, speed=0) as still:
        still.advance(LAST_MOMENT - still.now() - 1)
    with World(tmp_path, speed=FASTEST) as world:
        with Account("http://sandbox", EmbeddedSandbox(world).transport()) as account:
            batch = account.at_cartesia().post(BATCHES, json=batch_body()).json()
            assert account.at_cartesia().get(f"{BATCHES}/{batch['id']}").status_code == 200
        assert world.now() == LAST_MOMENT


def test_a_seed_may_be_of_any_size(tmp_path: Path) -> None:
    World(tmp_path, seed=10**30).close()
    with World(tmp_path) as world, world.moment() as moment:
        assert moment.seed == 10**30


def test_speed_multiplies_real_time() -> None:
    with World(speed=1e6) as world:
        start, began = world.now(), time.time()
        while (passed := time.time() - began) <= 0:
            pass
        assert world.now() - start > passed * 1e6 * 0.9


def test_an_exception_undoes_everything_done_in_its_moment(tmp_path: Path) -> None:
    def open_and_fail(world: World) -> None:
        with world.moment() as moment:
            open_organisation(moment, "sk_undone")
            raise RuntimeError

    with World(tmp_path) as world:
        with pytest.raises(RuntimeError):
            open_and_fail(world)
        with world.moment() as moment:
            assert list_organisations(moment) == []
