"""Random histories of one project: whatever is edited, lost, crashed or done by others, no one is called more often
than a manifest allowed, and in the end everyone wanted was called.

CI runs a bounded number. A longer run: DIALCTL_HISTORIES=2000 pytest tests/protocol/test_histories.py
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import initialize, precondition, rule

from tests.protocol.histories import History
from tests.protocol.histories_faults import faults
from tests.protocol.histories_project import POOL, SILENT, Wanted
from tests.protocol.resource_histories import PEOPLE, WHICH, ProjectHistories, bounded

_waits = st.sampled_from([1.0, 30.0, 119.0, 121.0, 200.0, 301.0, 900.0, 7200.0])


class Histories(ProjectHistories):
    """Edits come one a commit; a run sees several of them at once only where no run lies between."""

    @initialize(people=PEOPLE)
    def a_first_batch(self, people: tuple[str, ...]) -> None:
        self.history.manifests.add("batch", people)
        self.history.commit()

    @rule(kind=st.sampled_from(["batch", "batch", "box", "old", "call", "call via batch"]), people=PEOPLE)
    def another_resource(self, kind: str, people: tuple[str, ...]) -> None:
        if len(self.history.manifests.wanted) == 3:
            return
        if kind.startswith("call"):
            self.history.manifests.add("call", people[:1], via_batch=kind != "call")
        else:
            self.history.manifests.add("batch", people, kind if kind in ("box", "old") else "cartesia")
        self.history.commit()

    @rule(people=PEOPLE, others=PEOPLE, ahead=st.sampled_from([5.0, 300.0, 10_000.0]))
    def a_batch_that_counts_one_made_by_hand_as_its_own(
        self, people: tuple[str, ...], others: tuple[str, ...], ahead: float
    ) -> None:
        if len(self.history.manifests.wanted) < 3:
            made = self.history.manifests.add("batch", tuple(dict.fromkeys((*people, *others))))
            self.history.submitted_by_hand(made.address, people, ahead)
            self.history.commit()

    @rule(which=WHICH, people=PEOPLE)
    def people_are_added(self, which: int, people: tuple[str, ...]) -> None:
        one = self._batch(which)
        if one is not None:
            self.history.manifests.edit(one, people=dict.fromkeys(people, 0) | self._wanted(one).people)
            self.history.commit()

    @rule(which=WHICH, person=WHICH)
    def somebody_is_removed(self, which: int, person: int) -> None:
        one = self._batch(which)
        if one is None or len(self._wanted(one).people) == 1:
            return
        people = dict(self._wanted(one).people)
        people.pop(list(people)[person % len(people)])
        self.history.manifests.edit(one, people=people)
        self.history.commit()

    @rule(which=WHICH, person=WHICH)
    def somebodys_data_change(self, which: int, person: int) -> None:
        if one := self._batch(which):
            people = dict(self._wanted(one).people)
            people[list(people)[person % len(people)]] += 1
            self.history.manifests.edit(one, people=people)
            self.history.commit()

    @rule(which=WHICH, agent=st.sampled_from(["agent_A", "agent_B"]))
    def settings_change(self, which: int, agent: str) -> None:
        if one := self._batch(which):
            self.history.manifests.edit(one, agent=agent)
            self.history.commit()

    @rule(which=WHICH, ahead=st.sampled_from([None, 100.0, 1800.0, 10_000.0]))
    def scheduled(self, which: int, ahead: float | None) -> None:
        if one := self._waiting_in_batches(which):
            self.history.schedule(one, ahead)

    @rule(which=WHICH, ahead=st.sampled_from([None, 100.0, 1800.0, 10_000.0]))
    def an_expiry_is_set(self, which: int, ahead: float | None) -> None:
        if one := self._batch(which):
            self.history.expires(one, ahead)

    @rule(which=WHICH, hours=st.sampled_from([None, ("08:00", "16:00"), ("20:00", "04:00")]))
    def calling_hours_change(self, which: int, hours: tuple[str, str] | None) -> None:
        if one := self._batch(which):
            self.history.manifests.edit(one, hours=hours)
            self.history.commit()

    @rule(which=WHICH, people=PEOPLE, version=st.integers(0, 1))
    def a_call_via_batch_is_edited(self, which: int, people: tuple[str, ...], version: int) -> None:
        one = self._waiting_in_batches(which)
        if one and self._wanted(one).one_call:
            self.history.manifests.edit(one, people={people[0]: version})
            self.history.commit()

    @rule(which=WHICH)
    def paused_or_resumed(self, which: int) -> None:
        if one := self._batch(which):
            self.history.manifests.edit(one, paused=not self._wanted(one).paused)
            self.history.commit()

    @rule(which=WHICH, retries=st.integers(0, 2))
    def the_retry_policy_changes(self, which: int, retries: int) -> None:
        if one := self._batch(which):
            self.history.manifests.edit(one, retries=retries)
            self.history.commit()

    @rule(which=WHICH, steps=st.sampled_from([(), (1,), (2,), (1, 3)]))
    def a_rollout_is_set(self, which: int, steps: tuple[int, ...]) -> None:
        if one := self._batch(which):
            self.history.manifests.edit(one, steps=steps)
            self.history.commit()

    @rule()
    def halted_by_hand(self) -> None:
        self.history.halt()

    @precondition(lambda self: self.history.is_halted)
    @rule()
    def resumed_by_hand(self) -> None:
        self.history.resume()

    @rule(which=WHICH, said=st.booleans())
    def renamed(self, which: int, said: bool) -> None:
        if one := self._batch(which):
            self.history.manifests.rename(one, said=said)
            self.history.commit()

    @precondition(lambda self: len(self.history.manifests.wanted) > 1)
    @rule(which=WHICH)
    def removed(self, which: int) -> None:
        addresses = list(self.history.manifests.wanted)
        self.history.manifests.remove(addresses[which % len(addresses)])
        self.history.commit()

    @precondition(lambda self: self.history.manifests.shelf)
    @rule(which=WHICH)
    def brought_back(self, which: int) -> None:
        addresses = list(self.history.manifests.shelf)
        self.history.manifests.bring_back(addresses[which % len(addresses)])
        self.history.commit()

    @rule(seconds=_waits)
    def time_passes(self, seconds: float) -> None:
        self.history.advance(seconds)

    @rule(rules=faults)
    def something_will_go_wrong(self, rules: tuple[dict[str, object], ...]) -> None:
        self.history.faults(*rules)

    @rule(which=WHICH)
    def cancelled_in_the_dashboard(self, which: int) -> None:
        self.history.cancelled_in_the_dashboard(which)

    @rule(which=WHICH)
    def retried_in_the_dashboard(self, which: int) -> None:
        self.history.retried_in_the_dashboard(which)

    @rule(step=st.integers(1, 8), command=st.sampled_from(["apply", "apply", "apply", "destroy"]))
    def a_run_that_crashes(self, step: int, command: str) -> None:
        self.history.crash(step, command)

    @rule()
    def planned(self) -> None:
        self.history.plan()

    @rule(times=st.integers(1, 2))
    def applied(self, times: int) -> None:
        for _ in range(times):
            self.history.apply()

    @rule(seconds=_waits)
    def applied_after_a_while(self, seconds: float) -> None:
        self.history.advance(seconds)
        self.history.apply()

    @rule(which=WHICH)
    def applied_to_a_target(self, which: int) -> None:
        addresses = list(self.history.manifests.wanted)
        self.history.apply("--target", addresses[which % len(addresses)])

    @rule()
    def destroyed(self) -> None:
        self.history.destroy()

    def _batch(self, which: int) -> str | None:
        batches = [one for one in self.history.manifests.wanted if one.startswith("batch/")]
        return batches[which % len(batches)] if batches else None

    def _waiting_in_batches(self, which: int) -> str | None:
        wanted = self.history.manifests.wanted.values()
        found = [one.address for one in wanted if one.via_batch or (not one.one_call and one.provider == "cartesia")]
        return found[which % len(found)] if found else None

    def _wanted(self, address: str) -> Wanted:
        return self.history.manifests.wanted[address]


TestHistories = Histories.TestCase
TestHistories.settings = bounded(30, 15)


# Histories that failed once.


@pytest.fixture
def history(tmp_path: Path) -> Iterator[History]:
    made = History(tmp_path)
    yield made
    made.close()


def test_a_project_destroyed_before_its_first_apply_calls_everybody_once_applied(history: History) -> None:
    history.manifests.add("batch", POOL[:2])
    history.commit()
    history.destroy()
    history.come_to_rest()


def test_a_batch_first_applied_paused_calls_everybody_once_resumed(history: History) -> None:
    address = history.manifests.add("batch", POOL[:2]).address
    history.manifests.edit(address, paused=True)
    history.commit()
    history.apply()
    history.manifests.edit(address, paused=False)
    history.commit()
    history.come_to_rest()


def test_a_retry_whose_request_was_lost_holds_back_its_own_people_alone(history: History) -> None:
    silent = history.manifests.add("batch", (SILENT,)).address
    history.manifests.edit(silent, retries=1)
    history.commit()
    history.apply()
    history.advance(3600)
    history.faults({"match": {"operation": "retryCallBatch"}, "do": "lost_request"})
    history.apply()
    history.manifests.add("batch", POOL[:1])
    history.commit()
    assert history.apply().exit == 3
    history.advance(3600)
    assert POOL[0] in history.ground.calls()
    history.come_to_rest()


def test_somebody_taken_off_while_a_retry_was_in_doubt_is_not_called_by_it_afterwards(history: History) -> None:
    address = history.manifests.add("batch", (SILENT, POOL[4])).address
    history.manifests.edit(address, retries=1)
    history.commit()
    history.apply()
    history.advance(3600)
    history.faults({"match": {"operation": "retryCallBatch"}, "do": {"late": 400}})
    history.apply()
    history.manifests.edit(address, people={SILENT: 0})
    history.commit()
    history.apply()
    history.come_to_rest()


def test_a_batch_cancelled_in_the_dashboard_and_then_renamed_can_be_resumed_under_its_new_name(
    history: History,
) -> None:
    address = history.manifests.add("batch", POOL[:2]).address
    history.commit()
    history.apply()
    history.cancelled_in_the_dashboard(0)
    history.manifests.rename(address, said=True)
    history.commit()
    history.come_to_rest()
