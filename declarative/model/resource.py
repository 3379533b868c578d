"""What the manifests want, as values. No I/O and no clock. What was seen at a provider is in remote.py, and what the
lock remembers is in lock.py."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cached_property

from declarative.model.policy import HaltWhen, ListLook, Pace, Policy, Retry, Rollout
from declarative.model.price import Price
from declarative.model.recipients import Recipients
from declarative.model.settings_fields import NO_SETTINGS, SettingsFields

Json = None | bool | int | float | str | list["Json"] | dict[str, "Json"]


class Kind(StrEnum):
    """The kinds of manifest that name people to call."""

    BATCH = "Batch"
    CALL = "Call"


class Route(StrEnum):
    """The way to the phone: a batch that the provider works through, or a single call for each request."""

    BATCH = "batch"
    CALL = "call"


EXPECTED_CALL = timedelta(minutes=3)
"""How long a call is taken to last where no manifest says it."""


@dataclass(frozen=True, kw_only=True)
class Resource:
    """One desired resource, with every default filled in."""

    address: str
    """Kind and name, such as `batch/march`."""
    kind: Kind
    """The kind of its manifest. It does not decide the `route`: a Call may go out as a batch."""
    route: Route
    """The way to the phone."""
    provider: str
    """The provider's name in the project."""
    display_name: str
    """The label at the provider."""
    settings: Mapping[str, Json]
    """Provider's field name to normalised value. A change moves the people who still wait."""
    settings_digest: str
    """Digest of `settings`."""
    recipients: Recipients
    """The people it wants called."""
    fields: SettingsFields = NO_SETTINGS
    """What the settings mean."""
    variable_settings: frozenset[str] = frozenset()
    """Names of settings that a variable is a part of. Their values may be secrets."""
    paused: bool = False
    """`state: cancelled` in the manifest: no one is desired."""
    scheduled_at: datetime | None = None
    """Start of the calls. Aware, UTC. None: at once."""
    most_ahead: timedelta = timedelta(days=29)
    """How far ahead the provider takes a start. Whoever is due later waits. Zero: it takes none."""
    least_guard: timedelta = timedelta()
    """How far ahead the start of a batch must lie for the provider."""
    expires_at: datetime | None = None
    """No request that dials is sent after it. Aware, UTC. None: never."""
    retry: Retry | None = None
    """None: no one is called again."""
    expected_call: timedelta = EXPECTED_CALL
    """How long a call is taken to last, to know how many people can be called in a time."""
    rollout: Rollout | None = None
    """None: all people are submitted as soon as they may be called."""
    halt_when: HaltWhen | None = None
    """None: it never stops by itself."""
    policy: Policy = Policy()
    """The project's limits and its own."""
    pace: Pace = Pace()
    """How fast its single calls are placed. A batch ignores it."""
    manifest_digest: str = ""
    """Digest of its manifest as written, with variables filled in and without its recipients."""
    labels: Mapping[str, str] = field(default_factory=dict)
    """Free text by name, for people. A change moves no one."""
    also: tuple[str, ...] = ()
    """Ids of unmarked remote batches that count as its own: they are read and never changed."""
    previously: tuple[str, ...] = ()
    """Former addresses. What was done under them is its own."""


@dataclass(frozen=True)
class ProviderSpec:
    """A provider that the project declares."""

    name: str
    """What manifests call it."""
    type: str
    """What the provider catalog calls it."""
    api_version: str | None = None
    """None: the first version of the type."""
    probe_number: str = ""
    """The only recipient of a list probe, E.164. Empty: the number that the calls go out from."""
    price: Price | None = None
    """What its calls cost. None: not known, and nothing is said of cost."""


@dataclass(frozen=True, kw_only=True)
class Project:
    """What the Project document says, with every default filled in."""

    name: str = "default"
    """`metadata.name`. It is part of every mark."""
    declared: bool = False
    """There is a Project document."""
    directory: str = "."
    """The folder of the Project document, or of PATH where there is none. Absolute."""
    providers: Mapping[str, ProviderSpec] = field(default_factory=dict)
    """The declared providers, by name."""
    guard: timedelta = timedelta(minutes=2)
    """How long after the request a batch starts to call, at least. 0: at once."""
    settle: timedelta = timedelta(minutes=5)
    """How long a list has to show what was sent before apply makes something younger (a list probe)."""
    expected_call: timedelta = EXPECTED_CALL
    """How long a call is taken to last."""
    policy: Policy = Policy()
    """Limits for the whole project. A resource can only be stricter."""
    policy_digest: str = ""
    """Digest of its policy as written, with variables filled in: of do-not-call files the names, not what they hold."""
    display_zone: str = "UTC"
    """IANA name of the zone in which people read times."""
    state_url: str | None = None
    """Where the lock is kept. None: in `directory`."""


@dataclass(frozen=True)
class Desired:
    """All that the manifests of a run want."""

    project: Project
    """The project that they belong to."""
    resources: Mapping[str, Resource]
    """The wanted resources, by address."""
    is_complete: bool
    """Every manifest of the project was read. Only then is an address that is not in `resources` no longer wanted."""
    make_digest: Callable[[], str]
    """Makes `digest`."""
    list_addresses: Callable[[], Collection[str]] = tuple
    """Gives every address in any manifest of the project, also in those that this run did not read."""
    foreign_file_count: int = 0
    """YAML files of other tools in PATH, which were left alone."""
    unread_files: Sequence[str] = ()
    """Files under a URL that were not fetched: people of recipients files are in no resource, and nobody is held back
    by a do-not-call list."""
    look_at_lists: Callable[[], Sequence[ListLook]] = tuple
    """Reads the do-not-call lists again, and compares them with what was read before."""

    @cached_property
    def digest(self) -> str:
        """Digest of manifests, recipients and variables, made on first use."""
        return self.make_digest()
