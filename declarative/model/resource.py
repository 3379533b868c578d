"""The values that everyone shares: what is wanted. No I/O, no clock; what was seen is in remote.py, what is
remembered in memory.py."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING

from declarative.model.policy import Pace, Policy, Retry
from declarative.model.recipients import Recipients

if TYPE_CHECKING:
    pass

Json = None | bool | int | float | str | list["Json"] | dict[str, "Json"]


class Kind(StrEnum):
    BATCH = "Batch"
    CALL = "Call"


class Route(StrEnum):
    """The way to the phone: a batch that the provider works off, or one single call a request."""

    BATCH = "batch"
    CALL = "call"


@dataclass(frozen=True, kw_only=True)
class Resource:
    """One desired resource, every default filled in.

    `settings` are the values whose change moves people who still wait, normalised, provider field name to value;
    `settings_digest` is the digest of them. `paused` is `state: cancelled`: nobody is desired.
    `scheduled_at` and `expires_at` are aware UTC datetimes.
    """

    address: str
    kind: Kind
    route: Route
    provider: str
    display_name: str
    settings: Mapping[str, Json]
    settings_digest: str
    recipients: Recipients
    paused: bool = False
    scheduled_at: datetime | None = None
    expires_at: datetime | None = None
    retry: Retry | None = None
    policy: Policy = Policy()
    pace: Pace = Pace()
    labels: Mapping[str, str] = field(default_factory=dict)
    also: tuple[str, ...] = ()
    previously: tuple[str, ...] = ()


@dataclass(frozen=True)
class ProviderSpec:
    """A provider that the project declares: `name` in manifests, `type` in the catalog."""

    name: str
    type: str
    api_version: str | None = None


@dataclass(frozen=True, kw_only=True)
class Project:
    """`directory` is the folder of the Project document (or of PATH without one), absolute."""

    name: str = "default"
    declared: bool = False
    directory: str = "."
    providers: Mapping[str, ProviderSpec] = field(default_factory=dict)
    guard: timedelta = timedelta(minutes=2)
    settle: timedelta = timedelta(minutes=5)
    policy: Policy = Policy()
    state_url: str | None = None


@dataclass(frozen=True)
class Desired:
    """What the manifests ask for. `whole` tells that every manifest of the project was read, so that absence is
    a wish; `digest` covers manifests, recipients and variables, and is made on first use by `digested`. `named` tells
    of every address in any manifest of the project, of this run or not."""

    project: Project
    resources: Mapping[str, Resource]
    is_complete: bool
    make_digest: Callable[[], str]
    list_addresses: Callable[[], Collection[str]] = tuple

    @cached_property
    def digest(self) -> str:
        return self.make_digest()
