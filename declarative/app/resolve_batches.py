"""A person closes batches that the provider has dropped, or does not answer in full. Writes to the ledger; never dials,
never cancels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from declarative import humanize
from declarative.app.address_facts import observe_address
from declarative.app.session import Session
from declarative.errors import Refused, UsageError
from declarative.model import frames, records
from declarative.model.lock import RemoteRecord
from declarative.model.remote import is_over
from declarative.planning import blocks, lost_batch
from declarative.planning.decide import Reason
from declarative.planning.facts import Facts
from declarative.state.ledger import Ledger

_MAY_BE_BLOCKED = (Reason.LOST, Reason.MEMBERS_UNREADABLE, Reason.CANCELLED_ELSEWHERE, Reason.MARK_LOST)
"""Reasons that do not keep a batch from being declared placed: what else there is was read all the same."""


def place_unreadable(session: Session, ledger: Ledger, address: str, remote_id: str | None) -> list[str]:
    """Count all people as called of one batch or call, and return a sentence for each; None means every batch that is
    not read in full. It is not read any more. Raises UsageError, and changes nothing, where it is not known who they
    were: no person in it may be forgotten."""
    facts = _observe_blocked(session, ledger, address)
    unreadable_ids = blocks.list_unreadable(facts)
    if remote_id is not None and remote_id not in {*unreadable_ids, *facts.resource_record.remotes}:
        raise UsageError(f"{address} has no batch or call {remote_id}", hint="dialctl status shows what is unsure")
    chosen_ids = unreadable_ids if remote_id is None else [remote_id]
    if not chosen_ids:
        return []
    people_by_id = _identify_people(session, facts, {*unreadable_ids, *chosen_ids})
    digests_by_id = {chosen_id: _require_people(facts, chosen_id, people_by_id) for chosen_id in chosen_ids}
    remote_records = {
        chosen_id: replace(_record(facts, chosen_id), closed=True, settled=True) for chosen_id in digests_by_id
    }
    placed = {*ledger.resource_record(address).placed}.union(*digests_by_id.values())
    ledger.update(address, remotes=remote_records, placed=tuple(sorted(placed)), quiet=None)
    return [
        f"{chosen_id}: {called_message(len(person_digests))}{_describe_rest(facts, chosen_id)}"
        for chosen_id, person_digests in digests_by_id.items()
    ]


def called_message(count: int) -> str:
    """That so many people count as called."""
    phrase = humanize.plural(count, "person counts as called, and is", "people count as called, and are")
    return f"{phrase} not called again"


def _observe_blocked(session: Session, ledger: Ledger, address: str) -> Facts:
    observation = observe_address(session, ledger, address, everything=True)
    if observation is None:
        raise UsageError(f"{address} is in no manifest that was read", hint="name the whole project with --path")
    if observation.block is not None and observation.block.reason not in _MAY_BE_BLOCKED:
        raise Refused(f"{address}: {observation.block.detail}", hint=observation.block.hint)
    return observation.facts


def _record(facts: Facts, remote_id: str) -> RemoteRecord:
    return facts.resource_record.remotes.get(remote_id) or records.from_mark(facts.remotes[remote_id])


def _identify_people(session: Session, facts: Facts, remote_ids: set[str]) -> dict[str, list[str]]:
    """The digests of everybody in each of these batches and calls, by id, as far as it is known who they were."""
    remote_records = {remote_id: _record(facts, remote_id) for remote_id in remote_ids}
    resource_record = replace(facts.resource_record, remotes={**facts.resource_record.remotes, **remote_records})
    resource = facts.resource
    max_batch_size = session.connections.capabilities(resource.provider, resource.route).max_people if resource else 1
    found = lost_batch.find_recorded_members(
        replace(facts, resource_record=resource_record),
        {key for key, remote_record in remote_records.items() if remote_record.person is None},
        max_batch_size,
    )
    return {
        **{key: [remote_record.person] for key, remote_record in remote_records.items() if remote_record.person},
        **{
            key: list(frames.with_person_digest(numbers.to_frame("number"), session.key, facts.lineage)["person"])
            for key, numbers in found.items()
        },
    }


def _require_people(facts: Facts, remote_id: str, people_by_id: Mapping[str, list[str]]) -> list[str]:
    if remote_id in people_by_id:
        return people_by_id[remote_id]
    raise UsageError(
        f"who was in {remote_id} is not known: the manifest has changed since it was sent to "
        f"{humanize.people(_record(facts, remote_id).count)}",
        hint=f"bring {facts.address} and its recipients back as they were then, and resolve again; or, if none of "
        f"them will ever be wanted under this address: dialctl state rm {facts.address}",
    )


def _describe_rest(facts: Facts, remote_id: str) -> str:
    """That a batch which goes on calls whoever waits in it."""
    remote = facts.remotes.get(remote_id)
    if remote is None or remote.cancelled or is_over(remote):
        return ""
    return "; whoever waits in it is called by it, unless you cancel it at the provider"
