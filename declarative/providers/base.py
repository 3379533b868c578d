"""What every provider is to the rest of the house: channels with abilities, and outcomes sorted by what may be
concluded from them. Knows nothing of plans, locks or manifests' text.

To add a provider: write its channels, give `Abilities` as data, add one line to catalog.py (or an entry point of
the group `dialctl.providers`), and run the contract tests. CONTRIBUTING.md walks through it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from declarative.model.capabilities import Capabilities
from declarative.model.mark import Mark
from declarative.model.remote import Remote
from declarative.model.resource import Json, Route

if TYPE_CHECKING:
    import httpx

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True, kw_only=True)
class Submission:
    """A request that creates: a batch of `people` (frame: `number`, `payload`), or a single call to its one person.

    `payload` is a canonical JSON object of the person's own fields, e.g. `{"metadata":{"plan":"pro"}}`.
    `settings` are the resource's, by the provider's field names; `scheduled_at` (aware UTC, whole seconds) is set
    for batches whenever a guard or a schedule asks for it and replaces the one in `settings`.
    """

    mark: Mark
    label: str
    settings: Mapping[str, Json]
    recipients: pl.DataFrame
    scheduled_at: datetime | None = None


@dataclass(frozen=True)
class Done:
    """It happened. `remote` is the answer, without members for a batch."""

    remote: Remote


@dataclass(frozen=True)
class NotSent:
    """No byte of the request left: it may be sent again."""

    message: str


@dataclass(frozen=True)
class Rejected:
    """The provider refused in its own error form: it did not happen. `status` is the HTTP status, 0 where the
    refusal came inside an accepted answer."""

    status: int
    message: str


@dataclass(frozen=True)
class Busy:
    """429: not done now. `retry_after` in seconds where the provider said so."""

    retry_after: float | None
    message: str


@dataclass(frozen=True)
class OutOfFunds:
    """Not done, and nothing more will be until somebody pays."""

    message: str


@dataclass(frozen=True)
class Ambiguous:
    """It may or may not have happened."""

    message: str


@dataclass(frozen=True)
class MarkMissing:
    """It happened, but the answer does not echo our name: `remote.id` is known and must be cancelled."""

    remote: Remote


Outcome = Done | NotSent | Rejected | Busy | OutOfFunds | Ambiguous | MarkMissing


EVERY_AGENT = "*"
"""Among the agents of `Channel.histories`: all that the provider lists, besides those named."""


class Channel(Protocol):
    """One way of placing calls at one provider. Reads raise ProviderError; requests that dial or cancel never raise for
    what the network or the provider did: they return an Outcome. Nothing here repeats a request that dials."""

    @property
    def capabilities(self) -> Capabilities: ...

    def list_pages(self, agent_ids: Iterable[str]) -> list[Iterator[list[Remote]]]:
        """The lists of what exists, each in pages, newest first, to its very end; nothing is asked before it is
        iterated. Where a list is of one agent there is one for each of `agent_ids`, since how far the calls of one go
        back says nothing of another's; EVERY_AGENT among them makes it one of all. Batch lists ignore agents. Single
        calls come with their one member."""
        ...

    def read(self, remote_id: str) -> Remote | None:
        """One thing in full, with members; None where the provider says that it does not know the id."""
        ...

    def submit(self, submission: Submission) -> Outcome: ...

    def retry(self, remote_id: str) -> Outcome: ...

    def cancel(self, remote_id: str) -> Outcome: ...


class Provider(Protocol):
    """A connection to one provider under one key."""

    @property
    def host(self) -> str:
        """Host name, no port: what the lock remembers."""
        ...

    @property
    def channels(self) -> Mapping[Route, Channel]: ...

    def now(self) -> datetime:
        """The provider's clock: its last Date header plus the time since. Asks once if nothing was answered yet."""
        ...

    def skew(self) -> float:
        """Seconds by which the provider's clock is ahead of this machine's; asks once, as `now`."""
        ...

    def unknown_references(self, settings: Mapping[str, Json]) -> list[str]:
        """A sentence for each of agent and number that the provider does not know. Raises ProviderError."""
        ...

    def close(self) -> None: ...


CALL_IS_FINAL = "a single call can neither be called again nor taken back"


class SingleCallChannel:
    """The two verbs that single calls lack; both answer without sending anything."""

    def retry(self, remote_id: str) -> Outcome:
        return Rejected(0, CALL_IS_FINAL)

    def cancel(self, remote_id: str) -> Outcome:
        return Rejected(0, CALL_IS_FINAL)


def unique_agents(agent_ids: Iterable[str]) -> list[str]:
    """Each agent once, in order; an empty id names none."""
    return [agent for agent in dict.fromkeys(agent_ids) if agent]


@dataclass(frozen=True, kw_only=True)
class ConnectOptions:
    """Keys and base URLs come from `environment` alone; requests go through `transport` where one is given; `sleep`
    waits between repeated reads, and `monotonic` (seconds) is the clock that moves while it does."""

    environment: Mapping[str, str]
    transport: httpx.BaseTransport | None = None
    sleep: Callable[[float], None] = time.sleep
    monotonic: Callable[[], float] = time.monotonic
