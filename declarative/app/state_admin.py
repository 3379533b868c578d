"""Looks into the lock and moves it about. Asks no provider."""

from __future__ import annotations

import orjson

from declarative import humanize as counting
from declarative.app.session import Session
from declarative.errors import Refused, StateError, UsageError
from declarative.model.lock import RequestKind
from declarative.state import merge as merging
from declarative.state import transfer
from declarative.state.base import Backend, Holder
from declarative.state.catalog import open_backend
from declarative.state.format import parse, render


def addresses(session: Session) -> list[str]:
    """Every address that the lock knows; those over and no longer wanted are marked."""
    lock = parse(session.backend.load())
    known = {address: record for address, record in lock.resources.items() if not record.forgotten} if lock else {}
    return [f"{address}{'  (over)' if record.tombstone else ''}" for address, record in sorted(known.items())]


def shown(session: Session, address: str | None) -> str:
    """The lock as JSON, or one address of it. Raises UsageError for an address that it does not know."""
    lock = parse(session.backend.load())
    if lock is None:
        raise StateError("there is no lock yet", hint="dialctl apply begins one")
    document = orjson.loads(render(lock))
    if address is not None:
        if address not in lock.resources:
            raise UsageError(f'the lock does not know "{address}"', hint="dialctl state list")
        document = document["resources"][address]
    return orjson.dumps(document, option=orjson.OPT_INDENT_2).decode()


def remove(session: Session, address: str, wait: float) -> str:
    with session.open_ledger(wait) as (ledger, _):
        if ledger.record(address).forgotten:
            raise UsageError(f'the lock does not know "{address}"', hint="dialctl state list")
        if any(intent.request is RequestKind.RETRY for intent in ledger.record(address).intents.values()):
            raise Refused(
                f"a retry at {address} may have arrived, and nothing but the lock could tell later",
                hint=f"settle it first: dialctl resolve {address} --placed | --not-placed",
            )
        ledger.forget(address)
        return (
            f"{address} is forgotten; what its provider still shows by its mark is found again, and nobody of it is "
            "rung twice; whoever it does not show may be rung again"
        )


def merge(session: Session, wait: float) -> str:
    """Raises StateError where the lock holds no conflict, or its sides cannot be one lock."""
    backend = session.backend
    lease = backend.lease(Holder.here(session.options.environment), wait, session.sleep)
    with lease:
        stored = backend.load()
        if stored.lock is None:
            raise StateError("there is no lock to merge")
        lock = merging.merge(stored.lock, stored.journal)
        backend.fold(render(lock))
    intents = sum(len(record.intents) for record in lock.resources.values())
    addresses = counting.plural(len(lock.resources), "address", "addresses")
    return f"{addresses}, {counting.plural(intents, 'open intent', 'open intents')}; commit {backend.where}"


def push(session: Session, url: str, wait: float) -> str:
    return _copy(session, session.local_backend, open_backend(session.root, url), wait)


def pull(session: Session, url: str, wait: float) -> str:
    return _copy(session, open_backend(session.root, url), session.local_backend, wait)


def _copy(session: Session, source: Backend, target: Backend, wait: float) -> str:
    lock = transfer.copy(source, target, Holder.here(session.options.environment), wait, session.sleep)
    return (
        f"{counting.plural(len(lock.resources), 'address', 'addresses')} copied from {source.where} to {target.where}"
    )


def unlock(session: Session, lease_id: str) -> str:
    session.backend.break_lease(lease_id)
    return f"the lease {lease_id} on {session.backend.where} is broken"
