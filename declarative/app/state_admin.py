"""`dialctl state list, show, rm, merge, push, pull` and `force-unlock`: shows, edits and copies the lock. Contacts no
provider."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

import orjson

from declarative import humanize
from declarative.app.locked_addresses import select_addresses
from declarative.app.run_history import Purpose, new_record, open_ledger
from declarative.app.session import Session
from declarative.errors import Refused, StateError, UsageError
from declarative.model.history import PeopleCounts
from declarative.model.lock import RequestKind
from declarative.model.selection import Selection
from declarative.state import history, merge, transfer
from declarative.state.base import Backend, Holder
from declarative.state.catalog import open_backend
from declarative.state.format import parse_lock, render_lock
from declarative.state.ledger import Ledger

_PASSWORD = re.compile(r"://[^@?]*:[^@?]*@|[?&]password=")


def list_addresses(session: Session) -> list[str]:
    """A line for each address in the lock; an address that is over and no longer wanted is marked `(over)`."""
    lock = parse_lock(session.backend.load())
    resource_records = (
        {
            address: resource_record
            for address, resource_record in lock.resources.items()
            if not resource_record.is_forgotten
        }
        if lock
        else {}
    )
    return [
        f"{address}{'  (over)' if resource_record.tombstone else ''}"
        for address, resource_record in sorted(resource_records.items())
    ]


def show_lock(session: Session, selection: Selection) -> str:
    """The lock as JSON: all of it, one address, or the addresses that a selection names. Raises StateError without a
    lock, UsageError for an unknown address."""
    lock = parse_lock(session.backend.load())
    if lock is None:
        raise StateError("there is no lock yet", hint="dialctl apply starts one")
    document = orjson.loads(render_lock(lock))
    if selection:
        addresses = [address for address in select_addresses(session, selection) if address in document["resources"]]
        if not addresses:
            raise UsageError("the lock does not know what is selected", hint="dialctl state list")
        shown = {address: document["resources"][address] for address in addresses}
        document = shown[addresses[0]] if len(addresses) == 1 else shown
    return orjson.dumps(document, option=orjson.OPT_INDENT_2).decode()


def forget_addresses(session: Session, addresses: Sequence[str], wait: float, reason: str = "") -> list[str]:
    """Remove addresses from the lock, and return what that means. `wait` is how many seconds to wait for the lease,
    `reason` why, for the history. Raises UsageError for an unknown address, Refused while a retry there is unsure: only
    the lock tells of it. Then none of them is removed."""
    with open_ledger(session, wait, Purpose(command="state rm", reason=reason or None, asks=False)) as (ledger, _):
        for address in addresses:
            _check_forgettable(ledger, address)
        for address in addresses:
            ledger.forget(address)
    return [
        f"{address} is forgotten; what its provider still shows by our mark is found again, and its people are not "
        "called twice; people that the provider does not show may be called again"
        for address in addresses
    ]


def _check_forgettable(ledger: Ledger, address: str) -> None:
    resource_record = ledger.resource_record(address)
    if resource_record.is_forgotten:
        raise UsageError(f'the lock does not know "{address}"', hint="dialctl state list")
    if any(intent.request is RequestKind.RETRY for intent in resource_record.intents.values()):
        raise Refused(
            f"a retry at {address} may have arrived, and only the lock can tell later",
            hint=f"settle it first: dialctl resolve {address} --placed | --not-placed",
        )


def merge_lock(session: Session, wait: float, reason: str = "") -> str:
    """Merge the two sides of a git conflict in the lock, and return what came of it. `wait` is how many seconds to wait
    for the lease, `reason` why, for the history. Raises StateError if the lock holds no conflict, or if its sides
    cannot be one lock."""
    backend = session.backend
    lease = backend.lease(Holder.from_environment(session.options.environment), wait, session.connections.sleep)
    with lease:
        stored_lock = backend.load()
        if stored_lock.lock is None:
            raise StateError("there is no lock to merge")
        lock = merge.merge_conflict(stored_lock.lock, stored_lock.journal)
        purpose = Purpose(command="state merge", reason=reason or None, asks=False)
        record = new_record(session, lease.holder, purpose)
        record = replace(record, addresses=dict.fromkeys(lock.resources, PeopleCounts()))
        backend.fold(render_lock(history.add_to_lock(backend, lock, record)))
    intents = sum(len(resource_record.intents) for resource_record in lock.resources.values())
    addresses = humanize.plural(len(lock.resources), "address", "addresses")
    return f"{addresses}, {humanize.plural(intents, 'open intent', 'open intents')}; commit {backend.location}"


def push_lock(session: Session, url: str, wait: float, reason: str = "") -> str:
    """Copy the local lock and its history to the backend at `url`. The rest is as in merge_lock. Raises StateError if
    there is no lock to copy, or if the target holds a lock of another lineage, or one that knows more."""
    purpose = Purpose(command="state push", reason=reason or None, asks=False)
    return _copy_lock(session, session.local_backend, _open_named(session, url), wait, purpose)


def pull_lock(session: Session, url: str, wait: float, reason: str = "") -> str:
    """Copy the lock at `url` and its history into this directory. The rest is as in push_lock."""
    purpose = Purpose(command="state pull", reason=reason or None, asks=False)
    return _copy_lock(session, _open_named(session, url), session.local_backend, wait, purpose)


def _open_named(session: Session, url: str) -> Backend:
    """The backend at a URL from the command line. Raises UsageError for one with a password: others can read it there,
    and shells keep it."""
    if _PASSWORD.search(url):
        raise UsageError(
            "a URL on the command line must hold no password",
            hint="libpq reads it from PGPASSWORD, or from the file that PGPASSFILE names",
        )
    return open_backend(session.project_directory, session.name_place(url))


def _copy_lock(session: Session, source: Backend, target: Backend, wait: float, purpose: Purpose) -> str:
    holder = Holder.from_environment(session.options.environment)
    record = new_record(session, holder, purpose)
    lock = transfer.copy_lock(source, target, holder, wait, session.connections.sleep, record)
    addresses = humanize.plural(len(lock.resources), "address", "addresses")
    return f"{addresses} copied from {source.location} to {target.location}"


def force_unlock(session: Session, lease_id: str) -> str:
    """Take the lease from its holder, who cannot send or write from then on. Raises StateError if no one holds it under
    this id."""
    session.backend.break_lease(lease_id)
    return f"the lease {lease_id} on {session.backend.location} is broken"
