"""Rules 5 and 7 of the protocol as a small model that can be searched exhaustively. Asks the engine nothing.

The world: one provider and one person. A batch has a start; a create whose start has passed is refused. The list shows
a prefix of what was created, in order. A create may lose its answer, get lost, or stay on its way for any time. A read
by id is exact. The client may stop after every step, and another run goes on later from what was written down. It takes
back a batch that the list does not show before its guard ends, and sends it again with twice the guard.

Rules for a create whose answer is lost:

- `time`: absent once `settle` is over; the person is sent again.
- `younger`: absent once the list shows something created after the start; nothing else.
- `probe`: as `younger`; where nothing younger is there the client makes it, a batch that holds no one.
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Iterator
from typing import NamedTuple

GUARD, LONGEST_GUARD, SETTLE, AHEAD = 2, 4, 3, 6
"""In ticks of a minute. A list probe starts AHEAD."""


class Batch(NamedTuple):
    mark: int
    holds_person: bool
    start: int
    created: int
    cancelled: bool = False
    over: bool = False


class Intent(NamedTuple):
    mark: int
    is_probe: bool
    start: int
    sent: int
    status: str = "open"
    """open, known, absent, cancelled, called"""


class State(NamedTuple):
    now: int = 0
    batches: tuple[Batch, ...] = ()
    """In order of creation."""
    listed: int = 0
    """The list shows so many of them, the oldest."""
    on_the_way: tuple[Intent, ...] = ()
    intents: tuple[Intent, ...] = ()
    """What the client wrote down."""
    guard: int = GUARD
    calls: int = 0
    faults: int = 0


Step = tuple[State, str]


class Model:
    """One rule under at most `max_faults` requests that go wrong, for `horizon` ticks."""

    def __init__(self, rule: str, max_faults: int, horizon: int) -> None:
        self._rule, self._max_faults, self._horizon = rule, max_faults, horizon

    def steps(self, state: State) -> Iterator[Step]:
        """All that may happen next."""
        yield from _happen_by_itself(state)
        yield from self._act(state)
        yield _tick(state), f"tick {state.now + 1}"

    def search(self) -> tuple[int, list[str]]:
        """The number of states, and the shortest path to a second call or to a person who is never called; empty where
        there is none."""
        came_from: dict[State, tuple[State, str] | None] = {State(): None}
        queue = deque(came_from)
        while queue:
            state = queue.popleft()
            if state.calls > 1 or (state.now >= self._horizon and not self.reaches_person(state)):
                return len(came_from), _path(state, came_from)
            if state.now >= self._horizon:
                continue
            for next_state, what in self.steps(state):
                if next_state not in came_from:
                    came_from[next_state] = (state, what)
                    queue.append(next_state)
        return len(came_from), []

    def walk(self, seed: int) -> list[str]:
        """One random path, as what happened at each step."""
        choice, state, path = random.Random(seed), State(), list[str]()
        while state.now < self._horizon:
            state, what = choice.choice(list(self.steps(state)))
            path.append(what)
        return path

    def reaches_person(self, state: State) -> bool:
        """Whether the person is called if nothing goes wrong from here on."""
        state = state._replace(faults=self._max_faults, on_the_way=(), listed=len(state.batches))
        for _ in range(40):
            while (step := next(self._act(state), None)) is not None:
                state = step[0]._replace(listed=len(step[0].batches))
            if state.calls:
                return True
            state = _tick(state)
        return False

    def _act(self, state: State) -> Iterator[Step]:
        """The next step of the client: one, save where a request may end in several ways."""
        listed, by_mark = state.batches[: state.listed], {batch.mark: batch for batch in state.batches}
        for place, intent in enumerate(state.intents):
            if status := self._learn(intent, state.now, listed, by_mark):
                yield _with_intent(state, place, status), f"request {intent.mark} is {status}"
                return
            if intent.status == "known" and self._must_cancel(state, intent, by_mark[intent.mark]):
                batches = tuple(b._replace(cancelled=b.cancelled or b.mark == intent.mark) for b in state.batches)
                guard = state.guard if intent.is_probe else min(2 * state.guard, LONGEST_GUARD)
                yield state._replace(batches=batches, guard=guard), f"batch {intent.mark} is cancelled by its id"
                return
        yield from self._send(state)

    def _learn(self, intent: Intent, now: int, listed: tuple[Batch, ...], by_mark: dict[int, Batch]) -> str:
        if intent.status == "open" and intent.mark in {batch.mark for batch in listed}:
            return "known"
        is_proven = now >= intent.start and any(batch.created >= intent.start for batch in listed)
        if intent.status == "open" and self._rule != "time" and is_proven:
            return "absent"
        if intent.status == "known" and by_mark[intent.mark].over:
            return "called"
        return "cancelled" if intent.status == "known" and by_mark[intent.mark].cancelled else ""

    def _must_cancel(self, state: State, intent: Intent, batch: Batch) -> bool:
        is_listed = batch in state.batches[: state.listed]
        return intent.is_probe or (self._rule != "time" and not is_listed and state.now == batch.start - 1)

    def _send(self, state: State) -> Iterator[Step]:
        if not any(i.status in ("open", "known", "called") for i in state.intents if not i.is_probe):
            yield from self._request(state, state.guard, is_probe=False)
            return
        doubts = [
            place
            for place, intent in enumerate(state.intents)
            if intent.status == "open" and not intent.is_probe and state.now >= max(intent.start, intent.sent + SETTLE)
        ]
        if doubts and self._rule == "time":
            yield from self._request(_with_intent(state, doubts[0], "absent"), state.guard, is_probe=False)
        elif (
            doubts
            and self._rule == "probe"
            and not any(i.is_probe and state.now < i.sent + SETTLE for i in state.intents)
        ):
            yield from self._request(state, AHEAD, is_probe=True)

    def _request(self, state: State, ahead: int, *, is_probe: bool) -> Iterator[Step]:
        intent = Intent(len(state.intents), is_probe, state.now + ahead, state.now)
        batch = Batch(intent.mark, not is_probe, intent.start, state.now)
        what = f"{'probe' if is_probe else 'create'} {intent.mark}"
        answered = (*state.intents, intent._replace(status="known"))
        yield state._replace(intents=answered, batches=(*state.batches, batch)), what
        if state.faults < self._max_faults:
            lost = state._replace(faults=state.faults + 1, intents=(*state.intents, intent))
            yield lost._replace(batches=(*state.batches, batch)), f"{what}: the answer is lost"
            yield lost, f"{what}: the request is lost"
            yield lost._replace(on_the_way=(*state.on_the_way, intent)), f"{what}: still on its way"


def _happen_by_itself(state: State) -> Iterator[Step]:
    """All that the world may do within this tick."""
    for place, late in enumerate(state.on_the_way):
        rest = state.on_the_way[:place] + state.on_the_way[place + 1 :]
        if late.start > state.now:
            batch = Batch(late.mark, not late.is_probe, late.start, state.now)
            yield state._replace(on_the_way=rest, batches=(*state.batches, batch)), f"request {late.mark} arrives"
    if state.listed < len(state.batches):
        yield state._replace(listed=state.listed + 1), f"the list shows batch {state.batches[state.listed].mark}"


def _tick(state: State) -> State:
    now = state.now + 1
    starting = {batch for batch in state.batches if batch.start <= now and not batch.cancelled and not batch.over}
    batches = tuple(batch._replace(over=batch.over or batch in starting) for batch in state.batches)
    on_the_way = tuple(late for late in state.on_the_way if late.start > now)  # what lands later is refused
    calls = state.calls + sum(batch.holds_person for batch in starting)
    return state._replace(now=now, calls=calls, batches=batches, on_the_way=on_the_way)


def _with_intent(state: State, place: int, status: str) -> State:
    intent = state.intents[place]._replace(status=status)
    return state._replace(intents=(*state.intents[:place], intent, *state.intents[place + 1 :]))


def _path(state: State, came_from: dict[State, tuple[State, str] | None]) -> list[str]:
    path: list[str] = []
    while (step := came_from[state]) is not None:
        state, what = step
        path.append(what)
    return path[::-1]
