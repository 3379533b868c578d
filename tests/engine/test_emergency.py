"""The emergency stop at a provider: what is cancelled unread, what is read first, what is named as not cancelled."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, cast

import pytest

from declarative.engine.emergency import EmergencyStop
from declarative.engine.results import StoppedBatch
from declarative.errors import ProviderError
from declarative.model.capabilities import Cancellable, CancelProof, Capabilities
from declarative.model.remote import Phase, Remote
from declarative.model.resource import Route
from declarative.providers.base import Done, Outcome, Provider, Rejected
from declarative.providers.cartesia.type import CARTESIA
from tests.engine.sandbox_run import ADA, BOB, MARCH, NOON, a_mark, a_remote

ABLE = CARTESIA.routes[CARTESIA.versions[0]][Route.BATCH]
FORGETFUL = replace(ABLE, cancellable=Cancellable.BEFORE_START, cancel_proof=CancelProof.ABSENCE)
UNPROVEN = replace(ABLE, cancellable=Cancellable.BEFORE_START)


@dataclass
class Place:
    """A provider with one route. `down` makes every read fail; `refuses` makes every cancel fail."""

    remotes: dict[str, Remote]
    capabilities: Capabilities = ABLE
    down: bool = False
    refuses: bool = False
    cancelled: list[str] = field(default_factory=list)

    @property
    def channels(self) -> dict[Route, Place]:
        return {Route.BATCH: self}

    def latest_now(self) -> datetime:
        return NOON

    def list_pages(self, _: Iterable[str]) -> list[Iterator[list[Remote]]]:
        def pages() -> Iterator[list[Remote]]:
            self._check()
            yield [replace(remote, members=None) for remote in self.remotes.values()]

        return [pages()]

    def read(self, remote_id: str) -> Remote | None:
        self._check()
        return self.remotes.get(remote_id)

    def cancel(self, remote_id: str) -> Outcome:
        if self.refuses or remote_id not in self.remotes:
            return Rejected(409, "not now")
        self.cancelled.append(remote_id)
        remote = self.remotes[remote_id]
        members = remote.members
        assert members is not None
        phases = dict.fromkeys(members.get_column("number"), Phase.CANCELLED)
        self.remotes[remote_id] = replace(a_remote(remote_id, phases), cancelled=True, mark=remote.mark)
        if self.capabilities.cancel_proof is CancelProof.ABSENCE:
            return Done(self.remotes.pop(remote_id))
        return Done(self.remotes[remote_id])

    def _check(self) -> None:
        if self.down:
            raise ProviderError("answered 503")


def waiting(remote_id: str, **changes: Any) -> Remote:
    return a_remote(remote_id, {ADA: Phase.QUEUED, BOB: Phase.QUEUED}, **changes)


def stop(place: Place, *known: str, is_dry: bool = False) -> EmergencyStop:
    made = EmergencyStop(
        {"cartesia": cast(Provider, place)},
        lambda mark: MARCH if mark.generation < 9 else None,
        parallelism=1,
        is_dry=is_dry,
        progress=lambda _: None,
    )
    made.stop_known([StoppedBatch(provider="cartesia", address=MARCH, remote_id=name) for name in known])
    made.stop_listed()
    made.read_outcomes()
    return made


def failures(made: EmergencyStop) -> dict[str, str]:
    return {batch.remote_id: batch.failure for batch in made.batches.values() if batch.failure}


def test_what_the_lock_knows_and_what_bears_a_mark_is_cancelled_and_nothing_else() -> None:
    marked = {name: waiting(name, mark=a_mark(generation=number)) for name, number in (("b", 1), ("other", 9))}
    place = Place({"a": waiting("a"), **marked, "unmarked": waiting("unmarked")})
    made = stop(place, "a")
    assert place.cancelled == ["a", "b"]
    assert failures(made) == {}
    assert [batch.count(Phase.CANCELLED) for batch in made.batches.values()] == [2, 2]


def test_nothing_is_cancelled_twice() -> None:
    place = Place({"a": waiting("a", mark=a_mark())})
    made = stop(place, "a")
    made.stop_known([StoppedBatch(provider="cartesia", address=MARCH, remote_id="a")])
    made.stop_listed()
    assert place.cancelled == ["a"]


def test_a_place_that_cannot_be_read_is_cancelled_unread_and_named() -> None:
    place = Place({"a": waiting("a")}, down=True)
    made = stop(place, "a")
    assert (place.cancelled, failures(made), made.unread) == (["a"], {}, {"cartesia": "answered 503"})


def test_a_cancel_that_fails_is_a_failure_unless_the_batch_is_over() -> None:
    over = a_remote("over", {ADA: Phase.REACHED})
    made = stop(Place({"a": waiting("a"), "over": over}, refuses=True), "a", "over", "gone")
    assert set(failures(made)) == {"a", "gone"}
    assert made.batches["cartesia", "over"].was_over


def test_whoever_still_waits_after_the_cancel_is_named() -> None:
    place = Place({"a": waiting("a", cancelled=True)})
    place.cancel = lambda _: Done(place.remotes["a"])  # type: ignore[method-assign]
    assert "2 still wait in it" in failures(stop(place, "a"))["a"]


@pytest.mark.parametrize(
    ("starts_in", "down", "cancelled"),
    [(timedelta(minutes=5), False, ["a"]), (timedelta(0), False, []), (timedelta(minutes=5), True, [])],
    ids=["before its start", "it has begun", "it cannot be read"],
)
def test_a_cancel_that_would_destroy_evidence_is_made_only_before_the_start(
    starts_in: timedelta, down: bool, cancelled: list[str]
) -> None:
    place = Place({"a": waiting("a", scheduled_at=NOON + starts_in)}, capabilities=FORGETFUL, down=down)
    made = stop(place, "a")
    assert place.cancelled == cancelled
    assert bool(failures(made)) == (not cancelled)
    assert all("destroy" in failure for failure in failures(made).values())
    (batch,) = made.batches.values()
    assert batch.count(Phase.CANCELLED) == (2 if cancelled else 0)  # though the provider does not know it any more


@pytest.mark.parametrize("starts_in", [timedelta(minutes=5), timedelta(0)])
def test_a_cancel_after_the_start_is_made_and_proves_nothing(starts_in: timedelta) -> None:
    place = Place({"a": waiting("a", scheduled_at=NOON + starts_in)}, capabilities=UNPROVEN)
    (batch,) = stop(place, "a").batches.values()
    assert (place.cancelled, batch.failure, batch.is_proven) == (["a"], "", bool(starts_in))


def test_a_dry_run_cancels_nothing_and_leaves_out_what_is_over() -> None:
    place = Place({"a": waiting("a"), "over": a_remote("over", {ADA: Phase.REACHED})})
    made = stop(place, "a", "over", is_dry=True)
    assert place.cancelled == []
    assert {batch.remote_id: batch.was_over for batch in made.batches.values()} == {"a": False, "over": True}
