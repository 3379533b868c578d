"""An example of a provider from outside the package: it calls no one, and keeps a list of the calls it would have made.

An entry point of the group `dialctl.providers` names this module; `type` and `connect` are all that it needs.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime

import polars as pl

from declarative.model.remote import MEMBER_COLUMNS
from declarative.model.resource import Json, ProviderSpec, Route
from declarative.providers import (
    Cancellable,
    Capabilities,
    Channel,
    ConnectOptions,
    Done,
    Outcome,
    Phase,
    ProviderType,
    Remote,
    SettingsFields,
    SingleCallChannel,
    Submission,
)
from declarative.providers.base import EVERY_AGENT, AccountEntry

CALL = Capabilities(
    settings=SettingsFields(names=("agent_id",), agent=("agent_id",)),
    max_people=1,
    provable=True,
    schedulable=False,
    cancellable=Cancellable.NEVER,
    retryable=False,
    returns_data=True,
    outcomes=frozenset({"called_out"}),
    personal=("metadata",),
    notes="No one is called. Numbers that end in 91 to 93 are not answered.",
)

type = ProviderType(
    name="memory",
    key_variable="MEMORY_API_KEY",
    url_variable="MEMORY_BASE_URL",
    default_url="https://memory.example",
    versions=("1",),
    routes={"1": {Route.CALL: CALL}},
    refused={"voice": "has no effect: no one is called"},
)


class MemoryChannel(SingleCallChannel):
    """Implements `Channel` for Route.CALL. A call is over as soon as it is submitted."""

    def __init__(self) -> None:
        self._calls: dict[str, Remote] = {}

    @property
    def capabilities(self) -> Capabilities:
        return CALL

    def list_pages(self, agent_ids: Iterable[str]) -> list[Iterator[list[Remote]]]:
        wanted = set(agent_ids)
        page = [call for call in reversed(self._calls.values()) if {call.agent_id, EVERY_AGENT} & wanted]
        return [iter([page])]

    def read(self, remote_id: str) -> Remote | None:
        return self._calls.get(remote_id)

    def submit(self, submission: Submission) -> Outcome:
        call_id = f"m-{len(self._calls) + 1}"
        self._calls[call_id] = Remote(
            id=call_id,
            route=Route.CALL,
            name="",
            mark=submission.mark,
            status="done",
            cancelled=False,
            total=1,
            dispatched=1,
            finished=1,
            agent_id=str(submission.settings.get("agent_id", "")),
            members=_member_frame(submission.recipients, call_id),
        )
        return Done(self._calls[call_id])


class Memory:
    """Implements `declarative.providers.Provider`."""

    def __init__(self) -> None:
        self._channels: Mapping[Route, Channel] = {Route.CALL: MemoryChannel()}

    @property
    def host(self) -> str:
        return "memory.example"

    @property
    def channels(self) -> Mapping[Route, Channel]:
        return self._channels

    def now(self) -> datetime:
        return datetime.now(UTC)

    def latest_now(self) -> datetime:
        return self.now()

    def skew(self) -> float:
        return 0.0

    def reading_until(self, deadline: datetime) -> AbstractContextManager[None]:
        return nullcontext()

    def own_number(self, settings: Mapping[str, Json]) -> str:
        return ""

    def unknown_references(self, settings: Mapping[str, Json]) -> list[str]:
        agent = str(settings.get("agent_id", ""))
        return [f"there is no agent {agent}"] if "missing" in agent else []

    def list_agents(self) -> list[AccountEntry]:
        return [AccountEntry("agent_1", "Memory agent")]

    def list_numbers(self) -> list[AccountEntry]:
        return []

    def close(self) -> None:
        self._channels = {}


def connect(spec: ProviderSpec, connect_options: ConnectOptions) -> Memory:
    return Memory()


def _member_frame(recipients: pl.DataFrame, call_id: str) -> pl.DataFrame:
    [(number, payload)] = recipients.iter_rows()
    unreached = number[-2:] in ("91", "92", "93")
    row = (
        number,
        Phase.UNREACHED if unreached else Phase.REACHED,
        "called_out" if unreached else "talked",
        call_id,
        payload,
        None,
        None,
    )
    return pl.DataFrame([row], schema=dict.fromkeys(MEMBER_COLUMNS, pl.String), orient="row")
