"""A person closes batches that the provider has dropped, or does not answer in full. Writes to the ledger; never dials,
never cancels."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

from declarative import humanize
from declarative.app.address_facts import observe_address
from declarative.app.session import Session
from declarative.errors import Refused, UsageError
from declarative.model import frames, records
from declarative.model.lock import Intent, RemoteRecord
from declarative.model.remote import is_over
from declarative.planning import blocks, lost_batch
from declarative.planning.decide import Reason
from declarative.planning.facts import Facts
from declarative.state.ledger import Ledger

_MAY_BE_BLOCKED = (Reason.LOST, Reason.MEMBERS_UNREADABLE, Reason.CANCELLED_ELSEWHERE, Reason.MARK_LOST)
"""Reasons that do not keep a batch from being declared placed: what else there is was read all the same."""

_PLACED = "placed:"
"""Begins the id under which a lost batch is kept, with its mark. The provider's id is not known."""


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
    named_ids = [chosen_id for chosen_id in chosen_ids if _is_named(facts, chosen_id, people_by_id)]
    digests_by_id = {chosen_id: people_by_id.get(chosen_id, []) for chosen_id in chosen_ids}
    remote_records = {
        chosen_id: replace(_record(facts, chosen_id), closed=True, settled=True, unnamed=chosen_id not in named_ids)
        for chosen_id in chosen_ids
    }
    placed = {*ledger.resource_record(address).placed}.union(*digests_by_id.values())
    ledger.update(address, remotes=remote_records, placed=tuple(sorted(placed)), quiet=None)
    return [
        f"{chosen_id}: {_describe_placed(facts, chosen_id, person_digests)}{_describe_rest(facts, chosen_id)}"
        if chosen_id in named_ids
        else f"{chosen_id}: {unnamed_message(_record(facts, chosen_id).count)}{_describe_rest(facts, chosen_id)}"
        for chosen_id, person_digests in digests_by_id.items()
    ]


def close_lost_batch(ledger: Ledger, address: str, intent: Intent) -> str:
    """Count all people as called of a lost batch whose manifest is gone, and return a sentence about it. It is kept
    under an id of our own, since the provider's is not known."""
    placed_record = records.from_placed(intent)
    ledger.update(address, intents={intent.mark: None}, remotes={f"{_PLACED}{intent.mark}": placed_record}, quiet=None)
    return unnamed_message(intent.count)


def name_unnamed(session: Session, ledger: Ledger, address: str, *, are_placed: bool) -> list[str]:
    """Settle who was in batches that were declared placed while their manifest was gone, and return a sentence for
    each: exactly its people where its digest identifies them, else everybody wanted who may have been in it
    (`are_placed`), or nobody of them. Raises UsageError where fewer are wanted than were in it: no person in it may be
    forgotten."""
    unnamed_ids = [
        key for key, remote_record in ledger.resource_record(address).remotes.items() if remote_record.unnamed
    ]
    if not unnamed_ids or address not in session.desired.resources:
        return []
    facts = _observe_blocked(session, ledger, address)
    people_by_id = _identify_people(session, facts, set(unnamed_ids))
    if not are_placed:
        digests_by_id: dict[str, list[str]] = {unnamed_id: [] for unnamed_id in unnamed_ids}
    else:
        digests_by_id = {
            unnamed_id: people_by_id.get(unnamed_id) or _list_possible_people(session, facts, unnamed_id)
            for unnamed_id in unnamed_ids
        }
    marks = {unnamed_id.removeprefix(_PLACED) for unnamed_id in unnamed_ids if unnamed_id.startswith(_PLACED)}
    placed = {*facts.resource_record.placed, *marks}.union(*digests_by_id.values())
    remote_records = {key: replace(facts.resource_record.remotes[key], unnamed=False) for key in unnamed_ids}
    ledger.update(address, remotes=remote_records, placed=tuple(sorted(placed)), quiet=None)
    if not are_placed:
        count = len(lost_batch.find_possible_members(facts))
        return [f"{not_called_message(count)}; whoever was in the batch and is named here later is called as well"]
    return [_describe_placed(facts, key, person_digests) for key, person_digests in digests_by_id.items()]


def called_message(count: int) -> str:
    """That so many people count as called."""
    phrase = humanize.plural(count, "person counts as called, and is", "people count as called, and are")
    return f"{phrase} not called again"


def not_called_message(count: int) -> str:
    """That so many people count as not called."""
    return f"{humanize.plural(count, 'person counts', 'people count')} as not called; the next apply decides them anew"


def unnamed_message(count: int) -> str:
    """That so many people count as called of whom it is not known who they are."""
    return (
        f"{humanize.plural(count, 'person counts', 'people count')} as called; who they are is not known without the "
        "manifest, so nobody who may be one of them is called if it comes back"
    )


def _describe_placed(facts: Facts, remote_id: str, person_digests: Collection[str]) -> str:
    """How many people count as called, and how many of them were in the batch where that is not the same."""
    message, count = called_message(len(person_digests)), _record(facts, remote_id).count
    return (
        message if len(person_digests) <= count else f"{message}: {count:,} of them were in it, and which is not known"
    )


def _list_possible_people(session: Session, facts: Facts, remote_id: str) -> list[str]:
    numbers = lost_batch.find_possible_members(facts)
    if len(numbers) < _record(facts, remote_id).count:
        raise _who_is_unknown(
            facts, remote_id, f"; if none of those wanted now was in it: dialctl resolve {facts.address} --not-placed"
        )
    return list(frames.with_person_digest(numbers.to_frame("number"), session.key, facts.lineage)["person"])


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


def _is_named(facts: Facts, remote_id: str, people_by_id: Mapping[str, list[str]]) -> bool:
    """Whether it is known who was in a batch. Raises UsageError where a manifest is there to say it, and does not."""
    if remote_id in people_by_id or facts.resource is None:
        return remote_id in people_by_id
    raise _who_is_unknown(
        facts,
        remote_id,
        f"; or, if none of them will ever be wanted under this address: dialctl state rm {facts.address}",
    )


def _who_is_unknown(facts: Facts, remote_id: str, other_way: str) -> UsageError:
    return UsageError(
        f"who was in {remote_id} is not known: the manifest has changed since it was sent to "
        f"{humanize.people(_record(facts, remote_id).count)}",
        hint=f"bring {facts.address} and its recipients back as they were then, and resolve again{other_way}",
    )


def _describe_rest(facts: Facts, remote_id: str) -> str:
    """That a batch which goes on calls whoever waits in it."""
    remote = facts.remotes.get(remote_id)
    if remote is None or remote.cancelled or is_over(remote):
        return ""
    return "; whoever waits in it is called by it, unless you cancel it at the provider"
