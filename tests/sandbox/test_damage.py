"""A value that the sandbox never writes is damage; a failure over good values is a mistake of its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from declarative.sandbox.damage import find_damage
from declarative.sandbox.embedded import EmbeddedSandbox
from declarative.sandbox.store import DamagedDatabase
from declarative.sandbox.world import World

from .account import Account
from .request_bodies import (
    BATCHES,
    CAMPAIGNS,
    EVENTS,
    batch_body,
    box_body,
    campaign_body,
    event_body,
    fault_rule,
    fictional_numbers,
)


def use(world: World) -> None:
    with Account("http://sandbox", EmbeddedSandbox(world).transport(), key="sk_kept") as account:
        account.faults(fault_rule("getCall", "lost_answer"), fault_rule("createCallBatch", {"effect_after": 60}))
        for _ in range(3):
            account.at_cartesia().post(BATCHES, json=batch_body(*fictional_numbers(20)))
            account.at_callingbox().post("/v1/calls", json=box_body())
            account.at_elevenlabs().post(f"{CAMPAIGNS}/submit", json=campaign_body(*fictional_numbers(2)))
            account.at_telnyx().post(EVENTS, json=event_body(), headers={"Idempotency-Key": "k"})
        account.advance(3600)
        account.at_cartesia().post(BATCHES, json=batch_body(*fictional_numbers(5)))


def test_a_world_that_was_used_has_no_damage() -> None:
    with World(speed=0) as world:
        use(world)
        with world.moment() as moment:
            assert find_damage(moment.db) is None


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ("UPDATE call SET outcome = 250", "call.outcome"),
        ("UPDATE call SET info = x'7b'", "call.info"),
        ("UPDATE call SET created = 9e300", "call.created"),
        ("UPDATE call SET created = 'x'", "call.created"),
        ("UPDATE batch SET total = total + 1", "do not fit together"),
        ("UPDATE people SET infos = x'5b'", "people.infos"),
        ("UPDATE line SET live = substr(live, 1, 30)", "line.live"),
        ("UPDATE line SET live = x'ffffffff'", "line.live"),
        ("UPDATE line SET ends = x'00'", "line.ends"),
        ("UPDATE batch SET extra = x'7b7d' WHERE extra IS NOT NULL", "batch.extra"),
        ("UPDATE event SET asked = x'7b7d'", "event.asked"),
        ("UPDATE event SET attempts = x'5b5b5d5d'", "event.attempts"),
        ("UPDATE kept SET answer = x'7b'", "kept.answer"),
        ("UPDATE setting SET value = x'5b7b7d5d' WHERE name = 'faults'", "setting faults"),
        ("UPDATE setting SET value = 'x' WHERE name = 'seed'", "setting seed"),
        ("DROP TABLE called", "tables are not those of a sandbox"),
    ],
)
def test_what_is_damaged_is_named(change: str, told: str) -> None:
    with World(speed=0) as world:
        use(world)
        with world.moment() as moment:
            moment.db.execute(change)
            found = find_damage(moment.db)
    assert found is not None
    assert told in found


@pytest.mark.parametrize("mistake", [KeyError("x"), TypeError("x"), ZeroDivisionError(), IndexError(), ValueError("x")])
def test_a_mistake_of_our_own_is_not_taken_for_damage(tmp_path: Path, mistake: Exception) -> None:
    with World(tmp_path, speed=0) as world, pytest.raises(type(mistake)), world.moment():
        raise mistake


def test_a_failure_over_a_damaged_value_names_file_and_value(tmp_path: Path) -> None:
    with World(tmp_path, speed=0) as world:
        use(world)
        with world.moment() as moment:
            moment.db.execute("UPDATE call SET outcome = 250")
        with (
            Account("http://sandbox", EmbeddedSandbox(world).transport(), key="sk_kept") as account,
            pytest.raises(DamagedDatabase, match=r"sandbox\.sqlite3: damaged: a value of call\.outcome"),
        ):
            account.at_callingbox().get("/v1/calls")
