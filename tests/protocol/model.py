"""Rules 5 to 8 of the protocol as a small model that can be searched exhaustively. Asks the engine nothing.

The world is in model_world.py. The client may stop after every step, and another run goes on later from what was
written down. It takes back a batch that the list does not show before its guard ends, and sends it again with twice the
guard. It cancels the younger of two batches with one mark. A person counts as taken off once a read after the cancel
settled says so.

Rules for a request whose answer is lost:

- `time`: how it was before. Absent once `settle` is over, a retry too, and the person is sent again. A cancel is
  believed when it is answered.
- `younger`: absent once the list shows something created after the start; nothing else.
- `probe`: as `younger`; where nothing younger is there the client makes it, a batch that holds no one.

Where a type has a key, the same bytes may be sent again within its life, after a look at the list, and only where the
key lives until the start. test_keys.py shows that rule in whole runs.
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Iterator

from tests.protocol import model_world as world
from tests.protocol.model_world import (
    AHEAD,
    CANCEL_SETTLES,
    LONGEST_GUARD,
    SETTLE,
    Client,
    Intent,
    Scope,
    State,
    Step,
)

REPEATS = 1
"""How often a request with a key is sent again."""


class Model:
    """The client's rules, and the search."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope

    def steps(self, state: State) -> Iterator[Step]:
        """All that may happen next."""
        yield from world.happen_by_itself(state, self.scope)
        acts = [step for place in range(len(state.clients)) for step in self._act(state, place)]
        yield from acts
        if not (self.scope.prompt and acts) and (later := world.tick(state, self.scope)) is not None:
            yield later, f"tick {later.now}"

    def search(self) -> tuple[int, list[str]]:
        """The number of states, and the shortest path to a call too many or to a person who is never called; empty
        where there is none."""
        first = world.first_state(self.scope)
        came_from: dict[State, tuple[State, str] | None] = {first: None}
        queue = deque(came_from)
        while queue:
            state = queue.popleft()
            if state.calls > 1 + self.scope.retries or (state.now >= self.scope.horizon and not self.is_reached(state)):
                return len(came_from), _path(state, came_from)
            if state.now >= self.scope.horizon:
                continue
            for next_state, what in self.steps(state):
                if next_state not in came_from:
                    came_from[next_state] = (state, what)
                    queue.append(next_state)
        return len(came_from), []

    def walk(self, seed: int) -> list[str]:
        """One random path, as what happened at each step."""
        choice, state, path = random.Random(seed), world.first_state(self.scope), list[str]()
        while state.now < self.scope.horizon and (steps := list(self.steps(state))):
            state, what = choice.choice(steps)
            path.append(what)
        return path

    def is_reached(self, state: State) -> bool:
        """Whether the person is called as often as wanted if nothing goes wrong from here on. A lost retry is resolved
        by a human, who looks it up."""
        if any(client.is_blocked for client in state.clients):
            return True  # the run says so, and a human brings the other lock
        spent = {"faults": self.scope.faults, "copied": self.scope.copies, "moved": self.scope.moves}
        state = state._replace(**spent, on_the_way=(), copies=(), listed=len(state.batches))
        for _ in range(40):
            while (step := next(self._act_any(state), None)) is not None:
                state = step[0]._replace(listed=len(step[0].batches))
            if state.calls > self.scope.retries:
                return True
            later = world.tick(_resolve(state), self.scope)
            assert later is not None, "the list shows everything"
            state = later
        return False

    def _act_any(self, state: State) -> Iterator[Step]:
        for place in range(len(state.clients)):
            yield from self._act(state, place)

    def _act(self, state: State, place: int) -> Iterator[Step]:
        """The next step of a client: one, save where a request may end in several ways."""
        client = state.clients[place]
        if not client.has_begun or client.is_blocked:
            return
        own_marks = {intent.mark for intent in client.intents}
        if place and not own_marks and state.listed:
            yield _with(state, place, client, is_blocked=True), f"run {place} sees that its lock is older"
            return
        for n, intent in enumerate(client.intents):
            if (learned := self._learn(state, intent)) is not None:
                intents = (*client.intents[:n], learned, *client.intents[n + 1 :])
                yield _with(state, place, client, intents=intents), f"request {intent.mark} is {learned.status}"
                return
        steps = list(self._sweep(state, place)) or list(self._take_off(state, place))
        yield from steps or self._send(state, place)

    def _learn(self, state: State, intent: Intent) -> Intent | None:
        """What a read shows of one request, where that is news."""
        if intent.status == "open" and intent.kind == "retry":
            if state.batches[intent.remote].retries > intent.seen:
                return intent._replace(status="called")
            return intent._replace(status="absent") if self._is_over_by_time(state, intent) else None
        listed = state.batches[: state.listed]
        if intent.status == "open":
            remote = next((n for n, batch in enumerate(listed) if batch.mark == intent.mark), None)
            if remote is not None:
                return intent._replace(status="known", remote=remote)
            is_proven = state.now >= intent.start and any(batch.created >= intent.start for batch in listed)
            return intent._replace(status="absent") if is_proven and self.scope.rule != "time" else None
        if intent.asked >= 0 and intent.kind == "create":
            for remote, batch in enumerate(listed):
                if batch.mark == intent.mark and not batch.cancelled and remote != intent.remote:
                    return intent._replace(status="known", remote=remote, asked=-1)  # a copy, or another run's
        if intent.status != "known" or intent.kind == "retry":
            return None
        batch = state.batches[intent.remote]
        if batch.over:
            return intent._replace(status="called")
        settles = 0 if self.scope.rule == "time" else CANCEL_SETTLES
        is_settled = intent.asked >= 0 and state.now >= intent.asked + settles
        return intent._replace(status="cancelled") if batch.cancelled and is_settled else None

    def _is_over_by_time(self, state: State, intent: Intent) -> bool:
        return self.scope.rule == "time" and state.now >= intent.sent + SETTLE

    def _sweep(self, state: State, place: int) -> Iterator[Step]:
        """Cancels what the list shows and must not call: younger twins, revoked marks, list probes."""
        client = state.clients[place]
        for n, intent in enumerate(client.intents):
            same = [
                number
                for number, batch in enumerate(state.batches[: state.listed])
                if batch.mark == intent.mark and not batch.cancelled
            ]
            surplus = [n for n in (same if intent.status == "absent" else same[1:]) if not state.batches[n].over]
            if intent.kind == "retry" or not surplus:
                continue
            cancelled = world.cancel(state, surplus[0], holds_from=state.now)
            kept = same[0] if intent.status == "known" and intent.asked < 0 else intent.remote
            intents = (*client.intents[:n], intent._replace(remote=kept), *client.intents[n + 1 :])
            yield (
                _with(cancelled, place, client, intents=intents),
                f"batch {surplus[0]} is cancelled, a twin or too late",
            )
            return

    def _take_off(self, state: State, place: int) -> Iterator[Step]:
        """Cancels by id what the list did not show in time, list probes, and a batch whose settings changed."""
        client = state.clients[place]
        for n, intent in enumerate(client.intents):
            if intent.status != "known" or intent.kind == "retry" or intent.asked >= 0:
                continue
            batch = state.batches[intent.remote]
            is_late = self.scope.rule != "time" and intent.remote >= state.listed and state.now == batch.start - 1
            is_surplus = intent.kind == "create" and any(
                other.status == "called"
                or (other.status == "known" and other.asked < 0 and other.remote < intent.remote)
                for other in client.intents
                if other is not intent and other.kind == "create"
            )
            if not (intent.kind == "probe" or is_late or is_surplus or client.moving):
                continue
            guard = min(2 * client.guard, LONGEST_GUARD) if is_late else client.guard
            asked = (*client.intents[:n], intent._replace(asked=state.now), *client.intents[n + 1 :])
            what = f"batch {intent.remote} is cancelled by its id"
            after = _with(state, place, client, intents=asked, guard=guard, moving=False)
            yield world.cancel(after, intent.remote, holds_from=state.now), what
            if client.moving and self._may_fail(state, "cancel"):
                spent = after._replace(faults=state.faults + 1)
                holds_from = state.now + CANCEL_SETTLES
                yield world.cancel(spent, intent.remote, holds_from=holds_from), f"{what}, which holds only later"
            return

    def _send(self, state: State, place: int) -> Iterator[Step]:
        client = state.clients[place]
        creates = [intent for intent in client.intents if intent.kind == "create"]
        if not any(intent.status in ("open", "known", "called") for intent in creates):
            yield from self._request(state, place, "create", state.now + client.guard)
            return
        doubts = [n for n, intent in enumerate(client.intents) if intent.status == "open" and intent.kind == "create"]
        if doubts and (again := client.intents[doubts[0]]).repeats < REPEATS and self._may_repeat(state, again):
            yield from self._repeat(state, place, doubts[0])
            return
        ripe = [n for n in doubts if state.now >= max(client.intents[n].start, client.intents[n].sent + SETTLE)]
        probed = any(i.kind == "probe" and state.now < i.sent + SETTLE for i in client.intents)
        if ripe and self.scope.rule == "time":
            absent = client.intents[ripe[0]]._replace(status="absent")
            intents = (*client.intents[: ripe[0]], absent, *client.intents[ripe[0] + 1 :])
            yield from self._request(
                _with(state, place, client, intents=intents), place, "create", state.now + client.guard
            )
        elif ripe and self.scope.rule == "probe" and not probed:
            yield from self._request(state, place, "probe", state.now + AHEAD)
        elif not doubts:
            yield from self._retry(state, place)

    def _retry(self, state: State, place: int) -> Iterator[Step]:
        """Asks for one more call of a batch that is over, unless a retry of it is in doubt."""
        intents = state.clients[place].intents
        called = [intent.remote for intent in intents if intent.kind == "create" and intent.status == "called"]
        retries = [intent for intent in intents if intent.kind == "retry" and intent.status in ("open", "called")]
        if called and len(retries) < self.scope.retries:
            yield from self._request(state, place, "retry", 0, remote=called[0])

    def _may_repeat(self, state: State, intent: Intent) -> bool:
        # A first delivery that lands after the life of its key, and before its start, would make a second batch.
        is_covered = self.scope.short_keys or intent.start <= intent.sent + self.scope.key_life
        return is_covered and state.now < min(intent.start, intent.sent + self.scope.key_life)

    def _may_fail(self, state: State, kind: str) -> bool:
        return state.faults < self.scope.faults and kind in self.scope.faulty

    def _request(self, state: State, place: int, kind: str, start: int, *, remote: int = -1) -> Iterator[Step]:
        client = state.clients[place]
        seen = state.batches[remote].retries if kind == "retry" else 0
        intent = Intent(len(client.intents), kind, start, state.now, remote=remote, seen=seen)
        written = _with(state, place, client, intents=(*client.intents, intent))
        yield from self._deliver(written, place, len(client.intents), f"{kind} {intent.mark}")

    def _repeat(self, state: State, place: int, n: int) -> Iterator[Step]:
        """The same bytes once more, under the same key."""
        client = state.clients[place]
        again = client.intents[n]._replace(repeats=client.intents[n].repeats + 1)
        intents = (*client.intents[:n], again, *client.intents[n + 1 :])
        yield from self._deliver(_with(state, place, client, intents=intents), place, n, f"repeat {again.mark}")

    def _deliver(self, state: State, place: int, n: int, what: str) -> Iterator[Step]:
        """Every end of one request that was written down."""
        client = state.clients[place]
        intent = client.intents[n]
        if intent.kind == "retry":
            landed, remote, status = world.call_again(state, intent.remote), intent.remote, "called"
        else:
            (landed, remote), status = world.create(state, intent, self.scope), "known"
        intents = (*client.intents[:n], intent._replace(status=status, remote=remote), *client.intents[n + 1 :])
        answered = _with(landed, place, client, intents=intents)
        yield answered, what
        if intent.kind == "create" and state.copied < self.scope.copies:
            copies = (*answered.copies, intent)
            yield answered._replace(copies=copies, copied=state.copied + 1), f"{what}: it is sent twice on its way"
        if self._may_fail(state, what.split()[0]):
            spent = state.faults + 1
            yield landed._replace(faults=spent), f"{what}: the answer is lost"
            yield state._replace(faults=spent), f"{what}: the request is lost"
            yield state._replace(faults=spent, on_the_way=(*state.on_the_way, intent)), f"{what}: still on its way"


def _with(state: State, place: int, client: Client, **changes: object) -> State:
    return world.with_client(state, place, client._replace(**changes))


def _resolve(state: State) -> State:
    """What a human says of lost retries, once nothing is on its way any more."""
    clients = tuple(
        client._replace(
            intents=tuple(
                intent._replace(status="absent") if intent.kind == "retry" and intent.status == "open" else intent
                for intent in client.intents
            )
        )
        for client in state.clients
    )
    return state._replace(clients=clients)


def _path(state: State, came_from: dict[State, tuple[State, str] | None]) -> list[str]:
    path: list[str] = []
    while (step := came_from[state]) is not None:
        state, what = step
        path.append(what)
    return path[::-1]
