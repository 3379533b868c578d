"""Single calls at providers that keep no mark of ours: a lost one is known by its number and time alone.

So at most one request to a number is open at such a provider, over all addresses, and only a person says which call it
became. Reads; never dials.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

import polars as pl

from declarative.engine.list_depth import CLOCK_MARGIN
from declarative.engine.run_context import RunContext
from declarative.model import frames
from declarative.model.capabilities import Cancellable, Capabilities
from declarative.model.lock import Intent, Lock
from declarative.model.remote import Remote
from declarative.model.resource import Project, Resource, Route
from declarative.planning.facts import Facts, Managed
from declarative.providers.base import NumberChannel, Provider

LONGEST_SEND = timedelta(minutes=2)
"""How long a request may have been under way."""
OpenCall = tuple[str, Intent]
"""An address, and a request of it for a single call of which nobody knows what became of it."""


def add_call_facts(
    managed: Managed, facts: Facts, capabilities: Capabilities | None, open_calls: Sequence[OpenCall]
) -> Facts:
    """The facts with what holds for single calls at their provider, of whose route these are the `capabilities`.
    `open_calls` are those of list_open_calls()."""
    if capabilities is None:
        return facts
    doubted = frozenset[str]() if capabilities.shows_mark else _find_doubted_elsewhere(managed, facts, open_calls)
    takes_back = capabilities.cancellable is not Cancellable.NEVER
    return replace(facts, takes_calls_back=takes_back, doubted_elsewhere=doubted)


def _find_doubted_elsewhere(managed: Managed, facts: Facts, open_calls: Sequence[OpenCall]) -> frozenset[str]:
    """Digests of people who are wanted at an address, and to whom a request of another one is open."""
    elsewhere = {intent.person for address, intent in open_calls if address not in managed.names and intent.person}
    if managed.resource is None or not elsewhere:
        return frozenset()
    persons = _digest_wanted(facts, managed.resource).get_column("person")
    return frozenset(persons.filter(persons.is_in(sorted(elsewhere))))


def find_alike(provider: Provider, facts: Facts) -> list[Remote]:
    """Calls that may be the lost ones of an address: to the same number, created while the request was under way.
    Raises ProviderError."""
    channel = provider.channels.get(Route.CALL)
    sent_times = {intent.person: intent.sent_at for intent in facts.open_intents() if intent.person}
    if channel is None or channel.capabilities.shows_mark or not isinstance(channel, NumberChannel):
        return []
    if not sent_times or facts.resource is None:
        return []
    wanted = _digest_wanted(facts, facts.resource)
    lost = wanted.filter(pl.col("person").is_in(list(sent_times))).select("number", "person")
    return [
        remote
        for number, person in lost.iter_rows()
        for remote in channel.find_calls_to(number)
        if remote.created_at is not None
        and abs(remote.created_at - sent_times[person] - LONGEST_SEND / 2) <= LONGEST_SEND / 2 + CLOCK_MARGIN
    ]


def find_open_call(run: RunContext, resource: Resource, recipients: pl.DataFrame) -> str:
    """The address of an open request to one of these numbers; "" where there is none, or marks tell calls apart."""
    if resource.route is not Route.CALL or run.capabilities(resource.provider, Route.CALL).shows_mark:
        return ""
    lineage = run.ledger.lock.lineage
    persons = {run.key.digest_person(lineage, number) for number in recipients.get_column("number")}
    open_calls = list_open_calls(run.project, run.ledger.lock, resource.provider)
    return next((address for address, intent in open_calls if intent.person in persons), "")


def list_open_calls(project: Project, lock: Lock | None, provider: str) -> list[OpenCall]:
    """Open requests for single calls at every provider of the same type: they share one account."""
    types: Mapping[str, str] = {name: spec.type for name, spec in project.providers.items()}
    return [
        (address, intent)
        for address, record in (lock.resources.items() if lock else ())
        if types.get(record.provider, record.provider) == types.get(provider, provider)
        for intent in record.intents.values()
        if intent.route is Route.CALL
    ]


def _digest_wanted(facts: Facts, resource: Resource) -> pl.DataFrame:
    """The wanted people of a resource: `number`, `person`."""
    return frames.with_person_digest(resource.recipients.rows.select("number"), facts.key, facts.lineage)
