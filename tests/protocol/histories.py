"""A history of one project: edits, runs, crashes, faults and what others do at the provider, as plain steps, and what
must hold after every one of them. The steps are drawn by hypothesis, or written down where one ever failed."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from declarative.model import mark
from declarative.state.base import StoredState
from declarative.state.format import parse_lock
from tests.command import CommandResult
from tests.outside import Rule
from tests.protocol.embedded_project import EmbeddedProject, resolve_like_a_person
from tests.protocol.histories_crashes import Crash, dying_at
from tests.protocol.histories_lies import bends_time
from tests.protocol.histories_project import NEVER_CALLS, Manifests
from tests.protocol.histories_times import Times

Call = tuple[int, str]
"""A campaign and a number."""
GRACE = 60.0
"""Seconds in which what was already handed to the provider's dialer still calls."""
LATEST = 401.0
"""Seconds in which whatever was sent has landed."""
SETTLED = 4 * 3600.0
ROUNDS = 10


class History:
    """Each step leaves the project as a user would find it, and has checked what must always hold."""

    def __init__(self, directory: Path) -> None:
        self.ground = EmbeddedProject(directory)
        self.manifests = Manifests()
        self.allowed: Counter[Call] = Counter()
        self.extra: Counter[Call] = Counter()
        self.gone: dict[Call, datetime] = {}
        self.calls: set[int] = set()
        self.earliest: dict[int, datetime] = {}
        self.rules: tuple[Rule, ...] = ()
        self.times = Times()
        self.time_is_known = True
        self.by_hand: dict[str, int] = {}
        self.others: set[Call] = set()
        self.members_were_hidden = False
        self.is_halted = False
        self.given_up: set[str] = set()
        self._judged: set[str] = set()

    def close(self) -> None:
        self.ground.close()

    # -- edits ------------------------------------------------------------------------------------------------

    def commit(self) -> None:
        """The manifests as they are now, in the directory; what they allow is allowed from here on."""
        self.ground.write(self.manifests.text())
        self.times.commit(self.manifests.wanted.values())
        for one in self.manifests.wanted.values():
            if one.one_call:
                self.calls.add(one.campaign)
            starts = _moment(one.scheduled_at) if one.scheduled_at else self.ground.now().replace(microsecond=0)
            self.earliest[one.campaign] = min(self.earliest.get(one.campaign, starts), starts)
            for number in one.people:
                call = (one.campaign, number)
                self.allowed[call] = max(self.allowed[call], 1 if one.one_call else 1 + one.retries)

    # -- what happens outside ---------------------------------------------------------------------------------

    def schedule(self, address: str, ahead: float | None) -> None:
        at = None if ahead is None else (self.ground.now() + timedelta(seconds=ahead)).isoformat(timespec="seconds")
        self.manifests.edit(address, scheduled_at=at, expires_at=None)
        self.commit()

    def expires(self, address: str, ahead: float | None) -> None:
        at = None if ahead is None else (self.ground.now() + timedelta(seconds=ahead)).isoformat(timespec="seconds")
        self.manifests.edit(address, expires_at=at, scheduled_at=None)
        self.commit()

    def submitted_by_hand(self, address: str, people: tuple[str, ...], ahead: float) -> None:
        """A person submits a batch in the dashboard, and then the manifest of its people counts it as its own."""
        campaign = self.manifests.campaigns[address]
        at = (self.ground.now() + timedelta(seconds=ahead)).isoformat(timespec="seconds")
        recipients = [{"to_number": number} for number in people]
        body = {"name": "by hand", "agent_id": "agent_A", "from_number_id": "ap_A", "recipients": recipients}
        with self._another_connection():
            made = self.ground.cartesia("POST", "/agents/calls/batches", {**body, "scheduled_at": at})["id"]
        self.by_hand[made] = campaign
        self.others |= {(campaign, number) for number in people}
        self.manifests.edit(address, also=(made,))

    def advance(self, seconds: float) -> None:
        self.ground.advance(seconds)
        self.check()

    def faults(self, *rules: Rule) -> None:
        self.rules = rules
        if any("late" in rule["do"] for rule in rules):
            self.times.late = timedelta(seconds=LATEST)
        self.time_is_known = self.time_is_known and not any(map(bends_time, rules))
        self.members_were_hidden |= any("hide_members" in rule["do"] for rule in rules)
        self.ground.faults(*rules)

    def cancelled_in_the_dashboard(self, which: int) -> None:
        with self._another_connection():
            if batches := self.ground.batches():
                self.ground.cartesia("POST", f"/agents/calls/batches/{batches[which % len(batches)]['id']}/cancel")

    def retried_in_the_dashboard(self, which: int) -> None:
        """Someone else retries the unreached people of a batch: one call more than any manifest says."""
        with self._another_connection():
            batches = [one for one in self.ground.batches() if one["status"] != "cancelled" and not _is_probe(one)]
            if not batches:
                return
            batch = batches[which % len(batches)]
            self.ground.cartesia("POST", f"/agents/calls/batches/{batch['id']}/retry")
        for person in batch["recipients"]:
            call = (self._campaign(batch["id"], batch["name"]), person["to_number"])
            self.extra[call] += 1
            self.gone.pop(call, None)

    @contextmanager
    def _another_connection(self) -> Iterator[None]:
        """What goes wrong between us and the provider does not concern others."""
        self.ground.faults()
        yield
        self.ground.faults(*self.rules)

    # -- runs -------------------------------------------------------------------------------------------------

    def plan(self) -> dict[str, Any]:
        before = self.ground.lock_files()
        ran = self.ground.run("plan", "--json")
        assert self.ground.lock_files() == before, "plan changed the lock"
        return dict(self._sound(ran).json)

    def apply(self, *arguments: str) -> CommandResult:
        """Calls at most the people that a plan made just before named."""
        sure = not self.rules and not self._doubts()
        promised = self.plan()["summary"]["people_to_call"] if sure and not arguments else None
        self._may_call_again()
        ran = self._sound(self.ground.apply("--json", "--parallelism", "8", *arguments))
        if promised is not None:
            submitted = sum(one["people_done"] for one in ran.json["actions"] if one["verb"] in _DIALS)
            assert submitted <= promised, f"{submitted} submitted, {promised} promised"
        if ran.exit == 0 and not arguments and not self._doubts():
            self._taken_off(self.manifests.desired())
        self.check()
        if ran.exit == 0 and sure and not arguments:
            self.times.acted_on(self.manifests.wanted.values())
        self._look_in_time()
        return ran

    def destroy(self) -> None:
        if self._sound(self.ground.run("destroy", "-y", "--json")).exit == 0 and not self._doubts():
            self._taken_off(set())
        self.check()

    def halt(self) -> None:
        """An operator stops everything: until it is resumed nobody is called by any run."""
        ran = self._sound(self.ground.run("halt", "--all"))
        self.is_halted = True
        if ran.exit == 0 and not self._doubts():
            self._taken_off(set())
        self.check()

    def resume(self) -> None:
        if self.is_halted:
            self.is_halted = self._sound(self.ground.run("resolve", "--all", "--resume")).exit != 0
            self.check()

    def crash(self, step: int, command: str = "apply") -> None:
        """A run that dies at its `step`-th step, counted from 1; one that has fewer steps ends well."""
        if command == "apply":
            self._may_call_again()
        with dying_at(step), suppress(Crash):
            self._sound(self.ground.run(command, "-y", "--json"))
        self.check()
        self._look_in_time()

    def _look_in_time(self) -> None:
        """A request with a time of its own may land after its people were submitted again. A plan says so, and somebody
        who reads it runs apply once more, when whatever was under way has landed."""
        if not self.ground.lock() or "dialctl apply once more before" not in self.ground.run("plan", "--json").out:
            return
        with self._another_connection():
            self.ground.advance(LATEST)
            self._sound(self.ground.apply())
        self.check()

    # -- what must hold ---------------------------------------------------------------------------------------

    def check(self) -> None:
        self._lock_is_valid()
        called: Counter[Call] = Counter()
        for dial in self.ground.dials():
            if _is_probe(dial):
                continue  # it calls our own number, where its cancel never arrived
            call = (self._campaign_of(dial), dial["number"])
            called[call] += 1
            if dial["batch_id"] in self.by_hand:
                continue
            if dial["call_id"] not in self._judged and not self.extra[call] and self.time_is_known:
                self.times.check(call[0], _moment(dial["at"]))
            self._judged.add(dial["call_id"])
            gone = self.gone.get(call)
            late = gone is not None and (_moment(dial["at"]) - gone).total_seconds() > GRACE
            assert not late, f"{call} was called at {dial['at']}, taken off at {gone}"
            starts = self.earliest[call[0]]
            in_time = _moment(dial["at"]) >= starts or not self.time_is_known
            assert in_time, f"{call} was called at {dial['at']}, wanted not before {starts}"
        for call, times in called.items():
            # Nobody but its owner knows who was sent in a batch made by hand: one whom it never showed is called again.
            hidden = self.members_were_hidden and call in self.others
            most = self.allowed[call] + self.extra[call] + hidden
            assert times <= most, f"{call} was called {times} times, {most} allowed"
        for campaign in self.calls:
            most = 1 + sum(times for call, times in self.extra.items() if call[0] == campaign)
            assert sum(times for call, times in called.items() if call[0] == campaign) <= most, "a Call called twice"

    def come_to_rest(self) -> None:
        """No more faults, time passes, people resolve what they are told to: everyone wanted is called, and then there
        is nothing left to do."""
        self.faults()
        self.resume()
        assert not self.is_halted, "a halt that cannot be ended"
        for address in list(self.manifests.wanted):
            self.expires(address, None)
        self.advance(SETTLED)
        for _ in range(ROUNDS):
            ran = self.apply()
            if ran.exit == 3:
                self._way_out(ran)
            self.advance(SETTLED)
            if ran.exit == 0 and all(action["verb"] == "keep" for action in ran.json["actions"]):
                break
        plan = self.plan()
        left = [one for one in plan["actions"] if one["verb"] not in ("keep", "wait")]
        assert not left, f"not at rest: {left}"
        called = {(self._campaign_of(dial), dial["number"]) for dial in self.ground.dials() if not _is_probe(dial)}
        # A person who reads `cancelled` in a batch that someone else retried may have been called before that.
        sure = {call for call in self.manifests.desired() - called - self.others if not self.extra[call]}
        sure -= {call for call in sure for address in self.given_up if call[0] == self.manifests.campaigns[address]}
        done = {campaign for campaign, _ in called if campaign in self.calls}  # under whichever number
        missing = {call for call in sure if call[1] not in NEVER_CALLS and call[0] not in done}
        assert not missing, f"never called: {missing}"

    def _way_out(self, ran: CommandResult) -> None:
        """What the plan told the user to do."""
        resolve_like_a_person(self.ground)
        for action in self.plan()["actions"]:
            if action["reason"] == "cancelled_elsewhere":
                assert self.ground.run("resolve", action["address"], "--resume").exit == 0
            if action["reason"] == "lost":
                self._give_up(action)
        renamed = [one["address"] for one in self.plan()["actions"] if one["reason"] == "looks_renamed"]
        if held := [address for address in renamed if address in self.manifests.wanted]:
            self._apply_without(held)

    def _give_up(self, action: Mapping[str, Any]) -> None:
        """Of what was deleted too late for a proof nobody can tell whether it called: it counts as called."""
        for remote in re.findall(r"dialctl resolve (\S+#\S+) --placed", action["way_out"]):
            assert self.ground.run("resolve", remote, "--placed").exit == 0
            self.given_up.add(action["address"])

    def _apply_without(self, addresses: list[str]) -> None:
        """`apply once without X and Y`, or where nothing is left then `destroy`"""
        held = [self.manifests.wanted.pop(address) for address in addresses]
        if self.manifests.wanted:
            self.ground.write(self.manifests.text())
        for pause in (0, SETTLED):
            self.ground.advance(pause)
            self._sound(self.ground.apply() if self.manifests.wanted else self.ground.run("destroy", "-y"))
        for one in held:
            self.manifests.put(one)
        self.ground.write(self.manifests.text())

    def _sound(self, ran: CommandResult) -> CommandResult:
        assert ran.exit in (0, 1, 2, 3), ran.text
        assert "has a bug" not in ran.text, ran.text
        return ran

    def _doubts(self) -> bool:
        """Whether the next apply begins by answering what an earlier one left open."""
        records = self.ground.lock().get("resources", {}).values()
        return any(record.get("intents") for record in records)

    def _taken_off(self, desired: set[Call]) -> None:
        for call in set(self.allowed) - desired:
            self.gone.setdefault(call, self.ground.sandbox.now())

    def _may_call_again(self) -> None:
        if self.is_halted:
            return
        for call in self.manifests.desired():
            self.gone.pop(call, None)

    def _lock_is_valid(self) -> None:
        kept = dict(self.ground.lock_files())
        lock, journal = kept.get("dialctl.lock"), kept.get("dialctl.lock.journal", b"")
        parse_lock(StoredState(lock, tuple(journal.split(b"\n")[:-1])))

    def _campaign_of(self, dial: Mapping[str, Any]) -> int:
        if dial["provider"] == "twilio":
            return int(dial["metadata"]["campaign"])
        return self._campaign(dial["batch_id"], dial["name"] or (dial["metadata"] or {}).get("dialctl", ""))

    def _campaign(self, batch: str | None, signed: str) -> int:
        if batch in self.by_hand:
            return self.by_hand[batch]
        found = mark.parse(signed)
        assert found is not None, f"called without a mark: {signed}"
        by_hash = {mark.address_hash(address): number for address, number in self.manifests.campaigns.items()}
        return by_hash[found.address]


_DIALS = ("create", "replace", "retry")


def _is_probe(dial_or_batch: Mapping[str, Any]) -> bool:
    found = mark.parse(dial_or_batch["name"])
    return found is not None and found.is_probe


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)
