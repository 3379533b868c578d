"""The world of the model (model.py): one provider, one person, and what may go wrong. Knows no rule of a client.

A batch has a start; a create whose start has passed is refused. The list shows a prefix of what was created, in order.
A request may lose its answer, get lost, stay on its way for any time, or be delivered twice. A read by id is exact, but
for a cancel: it reads as cancelled from the answer on, and may hold only later. A retry calls whenever it lands.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

GUARD, LONGEST_GUARD, SETTLE, AHEAD, CANCEL_SETTLES = 2, 4, 3, 6, 2
"""In ticks of a minute. A list probe starts AHEAD."""


@dataclass(frozen=True)
class Scope:
    """What one search covers."""

    rule: str = "probe"
    """How the client concludes: `time`, `younger` or `probe` (model.py)."""
    faults: int = 0
    """Requests that may go wrong."""
    faulty: frozenset[str] = frozenset({"create", "probe", "repeat", "retry", "cancel"})
    """The kinds of requests that may."""
    horizon: int = 9
    """Ticks."""
    lag: int | None = None
    """Ticks after which the list shows a batch at the latest. None: any time."""
    prompt: bool = False
    """Whether a run is always there. Otherwise it may stand still at any step and go on later."""
    copies: int = 0
    """Creates that may be delivered twice. The copy lands so early that the last look can show it."""
    late_copies: bool = False
    """Whether a copy may also land after that look."""
    moves: int = 0
    """Times that the settings change while the person waits, so that they move to another batch."""
    retries: int = 0
    """Calls that the manifest allows after the first one, by the provider's own retry request."""
    locks: int = 1
    """Runs at once, each with its own copy of the first lock."""
    key_life: int = 0
    """Ticks in which a create with the same key makes nothing new. 0: no keys."""
    short_keys: bool = False
    """Whether a request is also sent again whose key ends before its start."""


class Batch(NamedTuple):
    mark: int
    is_probe: bool
    start: int
    created: int
    cancelled: bool = False
    """Reads as cancelled."""
    holds_from: int = 0
    """The tick from which its cancel keeps it from calling."""
    over: bool = False
    retries: int = 0


class Intent(NamedTuple):
    mark: int
    kind: str
    """create, probe, retry"""
    start: int
    sent: int
    status: str = "open"
    """open, known, absent, cancelled, called"""
    remote: int = -1
    """Place of its batch among all batches, once it is known."""
    asked: int = -1
    """The tick at which our cancel of it was answered; -1: we sent none."""
    seen: int = 0
    """The retries that its batch showed before this one was sent."""
    repeats: int = 0


class Client(NamedTuple):
    intents: tuple[Intent, ...] = ()
    """What it wrote down."""
    guard: int = GUARD
    moving: bool = False
    has_begun: bool = True
    is_blocked: bool = False


class State(NamedTuple):
    now: int = 0
    batches: tuple[Batch, ...] = ()
    """In order of creation."""
    listed: int = 0
    """The list shows so many of them, the oldest."""
    on_the_way: tuple[Intent, ...] = ()
    copies: tuple[Intent, ...] = ()
    """Second deliveries that are still on their way."""
    clients: tuple[Client, ...] = (Client(),)
    calls: int = 0
    faults: int = 0
    copied: int = 0
    moved: int = 0


Step = tuple[State, str]


def first_state(scope: Scope) -> State:
    later = (Client(has_begun=False),) * (scope.locks - 1)
    return State(clients=(Client(), *later))


def happen_by_itself(state: State, scope: Scope) -> Iterator[Step]:
    """All that the world may do within this tick."""
    for place, late in enumerate(state.on_the_way):
        rest = state._replace(on_the_way=_without(state.on_the_way, place))
        if late.kind == "retry":
            yield call_again(rest, late.remote), f"retry {late.mark} arrives"
        elif late.start > state.now:
            yield create(rest, late, scope)[0], f"request {late.mark} arrives"
    for place, copy in enumerate(state.copies):
        latest = copy.start - 1 if scope.late_copies else copy.start - 1 - (scope.lag or 0)
        if state.now <= latest:
            rest = state._replace(copies=_without(state.copies, place))
            yield create(rest, copy, scope)[0], f"the copy of request {copy.mark} arrives"
    if state.listed < len(state.batches):
        yield state._replace(listed=state.listed + 1), f"the list shows batch {state.listed}"
    for place, client in enumerate(state.clients):
        if not client.has_begun:
            yield with_client(state, place, client._replace(has_begun=True)), f"run {place} begins"
        waits = any(i.kind == "create" and i.status == "known" for i in client.intents)
        if state.moved < scope.moves and waits and not client.moving:
            moved = state._replace(moved=state.moved + 1)
            yield with_client(moved, place, client._replace(moving=True)), "the settings change"


def create(state: State, intent: Intent, scope: Scope) -> tuple[State, int]:
    """A create as it lands: the state after it, and the place of the batch that its answer names."""
    for place, batch in enumerate(state.batches):
        if batch.mark == intent.mark and state.now - batch.created < scope.key_life:
            return state, place
    batch = Batch(intent.mark, intent.kind == "probe", intent.start, state.now)
    return state._replace(batches=(*state.batches, batch)), len(state.batches)


def cancel(state: State, place: int, *, holds_from: int) -> State:
    batch = state.batches[place]
    if batch.cancelled or batch.over:
        return state
    return _with_batch(state, place, batch._replace(cancelled=True, holds_from=holds_from))


def call_again(state: State, place: int) -> State:
    batch = state.batches[place]
    return _with_batch(state, place, batch._replace(retries=batch.retries + 1))._replace(calls=state.calls + 1)


def tick(state: State, scope: Scope) -> State | None:
    """One tick later; None where the list must have caught up before."""
    now = state.now + 1
    if scope.lag is not None and any(now - batch.created > scope.lag for batch in state.batches[state.listed :]):
        return None
    calls, batches = state.calls, []
    for batch in state.batches:
        is_off = batch.cancelled and now >= batch.holds_from
        starts = batch.start <= now and not batch.over and not is_off
        calls += starts and not batch.is_probe
        # Whom a cancelled batch called all the same reads as called once that has settled.
        batches.append(batch._replace(over=True, cancelled=False) if starts else batch)
    on_the_way = tuple(late for late in state.on_the_way if late.kind == "retry" or late.start > now)
    copies = tuple(copy for copy in state.copies if copy.start > now)
    return state._replace(now=now, calls=calls, batches=tuple(batches), on_the_way=on_the_way, copies=copies)


def with_client(state: State, place: int, client: Client) -> State:
    return state._replace(clients=(*state.clients[:place], client, *state.clients[place + 1 :]))


def _with_batch(state: State, place: int, batch: Batch) -> State:
    return state._replace(batches=(*state.batches[:place], batch, *state.batches[place + 1 :]))


def _without(intents: tuple[Intent, ...], place: int) -> tuple[Intent, ...]:
    return (*intents[:place], *intents[place + 1 :])
