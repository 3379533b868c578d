"""The interface of a provider: channels, their requests, and outcomes sorted by what the engine may conclude.

Independent of plans, locks and manifest text. To add a provider, write its channels, describe each with
`Capabilities`, add one line to catalog.py (or an entry point of the group `dialctl.providers`), and run
`declarative.testing.check_provider`. CONTRIBUTING.md explains each step.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from declarative.model.capabilities import Capabilities
from declarative.model.mark import Mark
from declarative.model.remote import Remote
from declarative.model.resource import Json, Route

if TYPE_CHECKING:
    import httpx
    import polars as pl


@dataclass(frozen=True, kw_only=True)
class Submission:
    """A request that creates a batch of recipients, or a single call to its one recipient."""

    mark: Mark
    """Our signature. The channel writes it where the provider shows it again."""
    label: str
    """Text for people, used in front of the mark where the provider has a name for the remote."""
    settings: Mapping[str, Json]
    """The resource's settings by the provider's field names."""
    recipients: pl.DataFrame
    """Columns `number` (E.164) and `payload`: a canonical JSON object of the person's own fields, for example
    `{"metadata":{"plan":"pro"}}`, or null."""
    key: str = ""
    """Idempotency key: the mark, spelled with the type's `key_separators`. Empty where the route has no key."""
    scheduled_at: datetime | None = None
    """Start of a batch: aware UTC, whole seconds. It replaces the one in `settings`. None: the batch starts at once.
    Single calls ignore it."""
    ends_at: datetime | None = None
    """Time from which a batch must call nobody any more: aware UTC. None where the route has no `window`."""


@dataclass(frozen=True)
class Done:
    """The request took effect."""

    remote: Remote
    """The provider's answer. A batch comes without members."""


@dataclass(frozen=True)
class NotSent:
    """No byte of the request left this machine: it may be sent again."""

    message: str
    """Why, for people."""


@dataclass(frozen=True)
class Rejected:
    """The provider refused in its own error form: the request had no effect."""

    status: int
    """HTTP status; 0 where the refusal came inside an accepted answer."""
    message: str
    """The provider's reason, for people."""


@dataclass(frozen=True)
class Busy:
    """The provider answered 429 in its own error form: the request had no effect yet."""

    retry_after: float | None
    """Seconds to wait before the next attempt; None where the provider names none."""
    message: str
    """The provider's reason, for people."""


@dataclass(frozen=True)
class OutOfFunds:
    """The request had no effect, and no further request will have one until the account is paid."""

    message: str
    """The provider's reason, for people."""


@dataclass(frozen=True)
class Ambiguous:
    """The request may or may not have taken effect."""

    message: str
    """What was seen, for people."""


@dataclass(frozen=True)
class MarkMissing:
    """The request took effect, but not as it was sent: the answer does not show our mark, or shows more calls than were
    asked for. The remote must be cancelled by its id."""

    remote: Remote
    """The provider's answer. Its `id` is known."""
    message: str = "the provider did not give back the name by which dialctl finds it again"
    """What differs, for people."""


@dataclass(frozen=True)
class Removal:
    """The provider took one person off a batch."""

    in_flight: bool
    """Whether it says that a call to them was placed before, and goes on."""


Failure = NotSent | Rejected | Busy | OutOfFunds | Ambiguous
Outcome = Done | MarkMissing | Failure


EVERY_AGENT = "*"
"""Among the agents of `Channel.list_pages`: all that the provider lists, in addition to the named ones."""


class Channel(Protocol):
    """One way of placing calls at one provider.

    Reads raise ProviderError. `submit`, `retry` and `cancel` never raise for what the network or the provider did:
    they return an Outcome. A channel never repeats a request that dials.

    Where the route has an idempotency key, equal submissions give equal bytes, in any run: the engine may send one
    again within `idempotent_for`, and the answer must name what the first one created.
    """

    @property
    def capabilities(self) -> Capabilities: ...

    def list_pages(self, agent_ids: Iterable[str]) -> list[Iterator[list[Remote]]]:
        """Return the lists of what exists: each in pages, newest first, to its very end.

        Sends nothing before a list is iterated. A provider that lists by agent returns one list for each of
        `agent_ids`, because how far back one agent's list was read says nothing about another's. EVERY_AGENT among
        them returns one list of all agents. Batch lists are of all agents, those named included. Single calls come with
        their one member.
        """
        ...

    def read(self, remote_id: str) -> Remote | None:
        """Return one remote in full, with members; None where the provider says that it does not know the id."""
        ...

    def submit(self, submission: Submission) -> Outcome: ...

    def retry(self, remote_id: str) -> Outcome: ...

    def cancel(self, remote_id: str) -> Outcome: ...


@runtime_checkable
class NumberChannel(Protocol):
    """What a channel can do besides, whose calls never show our mark (`Capabilities.shows_mark`). Raises as a Channel
    does."""

    def find_calls_to(self, number: str) -> list[Remote]:
        """Return the calls to an E.164 number that are listed, with their one member. Raises ProviderError."""
        ...


@runtime_checkable
class RemovalChannel(Protocol):
    """What a batch channel can do besides, where its capabilities have `most_removals`. Raises as a Channel does."""

    def find_members(self, remote_id: str, numbers: Collection[str]) -> Mapping[str, Sequence[str]]:
        """Return the provider's ids of these people in a batch, by their number; those it does not show are left
        out."""
        ...

    def remove_member(self, remote_id: str, member_id: str) -> Removal | Failure:
        """Take one person off a batch, whose others stay. Twice is harmless."""
        ...


@runtime_checkable
class SearchChannel(Protocol):
    """What a batch channel can do besides, where its capabilities have `finds_marks`. Raises as a Channel does."""

    def find_marked(self, mark: str) -> list[Remote]:
        """Return the batches whose name contains a mark, by the provider's own search, without members."""
        ...


@dataclass(frozen=True)
class AccountEntry:
    """An agent or a phone number of the account."""

    id: str
    """The provider's id, as manifests name it."""
    name: str
    """An agent's name, or a number in E.164; empty where the provider tells none."""
    kind: str = ""
    """The provider's own word for what it is, such as `outbound` or `twilio`; empty for none."""


class Provider(Protocol):
    """A connection to one provider under one key."""

    @property
    def host(self) -> str:
        """Host name without port, as the lock records it."""
        ...

    @property
    def channels(self) -> Mapping[Route, Channel]: ...

    def now(self) -> datetime:
        """Return the provider's time: its last Date header plus the time since.

        Asks if it has none yet, and again after the machine slept. Where the provider has two clocks that differ, this
        is the earlier one: it decides what has passed.
        """
        ...

    def latest_now(self) -> datetime:
        """Return the later of the provider's clocks: it decides what still lies ahead. Asks as `now` does."""
        ...

    def skew(self) -> float:
        """Return the seconds by which the provider's clock is ahead of this machine's. Asks once, as `now` does."""
        ...

    def reading_until(self, deadline: datetime) -> AbstractContextManager[None]:
        """Within it, a read raises ProviderError rather than last beyond `deadline`, by the provider's clock."""
        ...

    def own_number(self, settings: Mapping[str, Json]) -> str:
        """Return the number that calls with these settings go out from, E.164; "" where that is not known. Raises
        ProviderError."""
        ...

    def unknown_references(self, settings: Mapping[str, Json]) -> list[str]:
        """Return a sentence for each agent or number that the provider does not know. Raises ProviderError."""
        ...

    def list_agents(self) -> list[AccountEntry]:
        """Return the account's agents, as far as the provider lists them. Raises ProviderError."""
        ...

    def list_numbers(self) -> list[AccountEntry]:
        """Return the numbers that the account calls from, as far as the provider lists them. Raises ProviderError."""
        ...

    def close(self) -> None: ...


CALL_IS_FINAL = "a single call can be neither retried nor cancelled"


class SingleCallChannel:
    """The two requests that single calls do not have. Both answer without sending anything."""

    def retry(self, remote_id: str) -> Outcome:
        return Rejected(0, CALL_IS_FINAL)

    def cancel(self, remote_id: str) -> Outcome:
        return Rejected(0, CALL_IS_FINAL)


def unique_agents(agent_ids: Iterable[str]) -> list[str]:
    """Return each agent once, in order, without empty ids."""
    return [agent for agent in dict.fromkeys(agent_ids) if agent]


def steady_seconds() -> float:
    """Return seconds on a clock that no one can set, and that goes on while the machine is suspended."""
    # CLOCK_MONOTONIC stops during suspend on Linux, and goes on during it on macOS.
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


@dataclass(frozen=True, kw_only=True)
class ConnectOptions:
    """What a connection uses of its surroundings."""

    environment: Mapping[str, str]
    """Environment variables: the only source of keys and base URLs."""
    transport: httpx.BaseTransport | None = None
    """Carries every request, and stays the caller's to close. None: the network."""
    sleep: Callable[[float], None] = time.sleep
    """Waits so many seconds between repeated reads."""
    monotonic: Callable[[], float] = steady_seconds
    """Seconds on the clock that moves while `sleep` waits, and while the machine is suspended."""
