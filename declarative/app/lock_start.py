"""Starts a lock before the first request of a plan, and records the commit after the last one."""

from __future__ import annotations

from dataclasses import replace

from declarative.app import state_init
from declarative.app.session import Session
from declarative.planning.plan import Plan
from declarative.state.ledger import Ledger


def start_lock(session: Session, ledger: Ledger, plan: Plan) -> None:
    """Make a first lock, and hosts seen for the first time, durable before anything is sent. A lock of `dialctl init`
    gets what only a provider tells: its time. A project blocked with `no_memory` never starts a lock here."""
    used_names = {task.resource.provider for task in plan.tasks.values() if task.resource}
    hosts = {
        name: provider.host for name, provider in session.connections.connected_providers.items() if name in used_names
    }
    if not hosts:
        return
    if not ledger.is_started or ledger.lock.is_unused:
        provider_times = [session.connections.connected_providers[name].now() for name in hosts]
        first_lock = state_init.new_lock(session, hosts, min(provider_times))
        if ledger.is_started:
            first_lock = replace(first_lock, lineage=ledger.lock.lineage, lists=ledger.lock.lists)
        ledger.start(first_lock)
    for name, host in hosts.items():
        if ledger.lock.hosts.get(name) != host:
            ledger.set_host(name, host)


def record_commit(ledger: Ledger) -> None:
    """Write the commit down where the manifest means something else than what was last applied, though nothing was sent
    for it. Elsewhere it stands beside what was written."""
    for address, stamp in ledger.stamps.items():
        if ledger.resource_record(address).applied != stamp.get("applied"):
            ledger.update(address)
