"""Starts a lock, with the first apply or by `dialctl state new`, and finds our marks at the providers. Never dials,
never cancels."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from declarative.app.run_history import Purpose, open_ledger
from declarative.app.session import Session
from declarative.engine.listing import Listing
from declarative.errors import ProviderError, Refused, StateError
from declarative.model import mark
from declarative.model.lock import Lock
from declarative.model.remote import Remote
from declarative.model.resource import Route
from declarative.providers.base import EVERY_AGENT

CLOCK_MARGIN = timedelta(minutes=5)
"""How much older than the first request a lineage counts: clocks of one provider's machines may differ a little."""


def new_lock(session: Session, hosts: Mapping[str, str], first_sent_at: datetime) -> Lock:
    """A lock with a new lineage, which tells its marks from those of every other lock. `hosts` are those of its
    providers by name; `first_sent_at`, by a provider's clock, is before everything that is sent under it."""
    return Lock(
        project=session.desired.project.name,
        lineage=mark.new_lineage(),
        born=(first_sent_at - CLOCK_MARGIN).replace(microsecond=0),
        hosts=hosts,
        person_key=session.key.fingerprint,
    )


def start_lock(session: Session, wait: float, reason: str = "") -> str:
    """Start a lock for a project that has never dialed, and return a sentence about it. `wait` is how many seconds to
    wait for the lease, `reason` why, for the history. Raises StateError if there is a lock, Refused if marks prove that
    the project has dialed."""
    with open_ledger(session, wait, Purpose(command="state new", reason=reason or None)) as (ledger, _):
        if ledger.is_started:
            raise StateError("there is a lock already", hint="see what it knows with dialctl state list")
        if marked_remotes := list_marked_remotes(session):
            raise Refused(
                f"this project has dialed before: {len(marked_remotes)} of its marks are at the providers",
                hint="dialctl state rebuild",
            )
        ledger.start(new_lock(session, used_hosts(session), earliest_provider_time(session)))
        message = f"a new lock at {session.backend.location}, lineage {ledger.lock.lineage}"
        blind_providers = list_blind_providers(session)
        return (
            f"{message}; whether this project has dialed before cannot be seen at {', '.join(blind_providers)}"
            if blind_providers
            else message
        )


def used_hosts(session: Session) -> dict[str, str]:
    """The hosts of the providers that some resource uses."""
    used_providers = session.connections.used_providers
    return {name: host for name, host in session.connections.hosts.items() if name in used_providers}


def earliest_provider_time(session: Session) -> datetime:
    return min(
        (session.connections.connected_providers[name].now() for name in used_hosts(session)),
        default=datetime.now(UTC),
    )


def list_marked_remotes(session: Session, lock: Lock | None = None) -> list[Remote]:
    """Everything with a mark of this project at the providers that the manifests use, or that something in the lock was
    sent to. Each is asked for its own agents, and for all that it has. A route that shows no marks is not read. Raises
    ProviderError if a provider cannot be read: a lock made from the rest would let people be called twice."""
    marked_remotes: dict[str, Remote] = {}
    project_hash = mark.project_hash(session.desired.project.name)
    locked_names = {record.provider for record in lock.resources.values() if not record.tombstone} if lock else set()
    for name, provider in session.connections.providers.items():
        if name not in session.connections.used_providers and name not in locked_names:
            continue
        if isinstance(provider, ProviderError):
            raise provider
        agent_ids = {
            agent_id
            for resource in session.desired.resources.values()
            if resource.provider == name and (agent_id := resource.fields.agent_of(resource.settings))
        }
        for route, channel in provider.channels.items():
            if not _shows_marks(session, name, route):
                continue
            listing = Listing(provider.latest_now, *channel.list_pages([*sorted(agent_ids), EVERY_AGENT]))
            listing.read_all()
            for remote in listing.entries.values():
                if remote.mark and remote.mark.project == project_hash and not remote.mark.is_probe:
                    marked_remotes.setdefault(remote.id, remote)  # two entries may be one account
    return list(marked_remotes.values())


def list_blind_providers(session: Session) -> list[str]:
    """Names of the used providers that do not return the mark of a single call."""
    return [
        name
        for name, provider in session.connections.used_providers.items()
        if not isinstance(provider, ProviderError)
        and any(not _shows_marks(session, name, route) for route in provider.channels)
    ]


def _shows_marks(session: Session, provider_name: str, route: Route) -> bool:
    """Whether a mark can be read back. That of a batch is its name; that of a call is in the data sent with it."""
    return route is Route.BATCH or session.connections.capabilities(provider_name, route).returns_data
