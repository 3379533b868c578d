"""One channel of a provider under test, and the world behind it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from declarative.model import mark
from declarative.model.capabilities import Capabilities
from declarative.model.digest import canonical_json
from declarative.model.mark import Mark
from declarative.model.remote import Remote
from declarative.model.resource import ProviderSpec, Route
from declarative.providers.base import EVERY_AGENT, Channel, ConnectOptions, Done, Outcome, Provider, Submission
from declarative.providers.plugins import Plugin
from declarative.testing.contract import require
from declarative.testing.recording import RecordingTransport
from declarative.testing.world import World

NUMBER = "+14155550101"
_MARK = Mark("aaaaa", "bbbbbb", "ccccccc", 1, 1, 1, "ddddd")
_HOUR = 3600


@dataclass(frozen=True, kw_only=True)
class Stage:
    """A fresh connection to a world that may hold calls of earlier rules."""

    plugin: Plugin
    """The provider under test."""
    world: World
    """The provider's side."""
    version: str
    """The API version of the connection."""
    route: Route
    """The route of the channel under test."""
    provider: Provider
    """The connection."""
    recording: RecordingTransport | None
    """What was sent over the world's transport; None for a world without one."""
    shards: Iterator[int]
    """Numbers that no earlier submission has used, so that every submission has a mark of its own."""

    @property
    def channel(self) -> Channel:
        return self.provider.channels[self.route]

    @property
    def capabilities(self) -> Capabilities:
        return self.plugin.type.routes[self.version][self.route]

    @property
    def marks_are_listed(self) -> bool:
        """Whether lists show our mark: in a batch's name always, in a call only where its data are returned."""
        return self.route is Route.BATCH or self.capabilities.returns_data

    @property
    def payload(self) -> str:
        """A value for each personal field of the channel, as canonical JSON."""
        return canonical_json({name: {"plan": "pro"} for name in self.capabilities.personal}).decode()

    def later(self) -> datetime:
        """Return a time two hours ahead, by the provider's clock."""
        return (self.provider.now() + timedelta(hours=2)).replace(microsecond=0)

    def submission(self, *numbers: str, payload: str | None = None, scheduled_at: datetime | None = None) -> Submission:
        """Return a submission with a mark of its own, to `NUMBER` where no number is given. It has a start where the
        type takes none that is near."""
        import polars as pl

        rows = [(number, payload) for number in numbers or (NUMBER,)]
        own_mark = replace(_MARK, shard=next(self.shards))
        if scheduled_at is None and self.capabilities.least_guard:
            soon = self.provider.latest_now() + self.capabilities.least_guard + timedelta(seconds=1)
            scheduled_at = soon.replace(microsecond=0)
        has_key = self.capabilities.idempotent_for is not None
        return Submission(
            mark=own_mark,
            key=mark.spell(own_mark, self.capabilities.key_separators) if has_key else "",
            label="Contract test",
            settings=self.world.settings,
            recipients=pl.DataFrame(rows, schema={"number": pl.String, "payload": pl.String}, orient="row"),
            scheduled_at=scheduled_at,
        )

    def place(self, *numbers: str, scheduled_at: datetime | None = None) -> Remote:
        """Submit to these numbers, with a payload. The outcome must be Done."""
        return done_remote(
            self.channel.submit(self.submission(*numbers, payload=self.payload, scheduled_at=scheduled_at))
        )

    def place_and_wait(self, number: str) -> Remote:
        """Call a number and return the remote once it is over. The clock moves only where that takes time."""
        return self.wait(self.place(number).id)

    def wait(self, remote_id: str) -> Remote:
        """Return the remote, after an hour if it is not over before."""
        remote = self.read(remote_id)
        if remote.finished == remote.total:
            return remote
        self.world.advance(_HOUR)
        return self.read(remote_id)

    def read(self, remote_id: str) -> Remote:
        remote = self.channel.read(remote_id)
        require(remote is not None, f"read() does not know {remote_id}, which was just given out")
        assert remote is not None
        return remote

    def history(self, *agent_ids: str) -> dict[str, Remote]:
        """Return all that the channel lists, by id: of the agent in the settings where none is named. The clock moves
        where a list needs time to show it."""
        if self.world.listed_after:
            self.world.advance(self.world.listed_after)
        agents = agent_ids or (self.capabilities.settings.agent_of(self.world.settings) or EVERY_AGENT,)
        pages = (page for remotes in self.channel.list_pages(agents) for page in remotes)
        return {remote.id: remote for page in pages for remote in page}


def open_stage(plugin: Plugin, world: World, version: str, route: Route, shards: Iterator[int]) -> Stage:
    """Connect to the world. The key is a made-up one, and no wait between repeated reads takes any time."""
    transport = world.transport()
    recording = RecordingTransport(transport) if transport is not None else None
    options = ConnectOptions(
        environment={**dict.fromkeys(plugin.type.key_variables, "contract-test-key"), **world.environment()},
        transport=recording,
        sleep=lambda _: None,
    )
    provider = plugin.connect(ProviderSpec("contract-test", plugin.type.name, version), options)
    return Stage(
        plugin=plugin,
        world=world,
        version=version,
        route=route,
        provider=provider,
        recording=recording,
        shards=shards,
    )


def done_remote(outcome: Outcome) -> Remote:
    """Return the remote of an outcome that must be Done."""
    if isinstance(outcome, Done):
        return outcome.remote
    require(False, f"expected Done, got {outcome!r}")
    raise AssertionError


def only_member(remote: Remote) -> dict[str, Any]:
    """Return the row of a remote's one person, by the names of MEMBER_COLUMNS."""
    rows = [] if remote.members is None else remote.members.rows(named=True)
    require(len(rows) == 1, f"{remote.id} was read with {len(rows)} members, expected 1")
    return rows[0]
