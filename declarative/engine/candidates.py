"""Calls that may be the answer to a lost request, where the list returns no marks. Pure; only a person can tell."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from declarative.engine.list_depth import CLOCK_MARGIN
from declarative.model.remote import Remote
from declarative.planning.facts import Facts, Managed


def find_candidates(
    facts: Facts, managed_list: Sequence[Managed], unmarked_calls: Sequence[Remote]
) -> Iterator[Remote]:
    """Yield those of these calls that went to the person of a lost request of this address, were placed since it was
    sent, and are not in the lock."""
    lost_since = {intent.person: intent.sent_at - CLOCK_MARGIN for intent in facts.open_intents() if intent.person}
    if not lost_since:
        return
    recorded_ids = {remote_id for managed in managed_list for remote_id in managed.resource_record.remotes}
    for remote in unmarked_calls:
        numbers = remote.members.get_column("number") if remote.members is not None else ()
        persons = [facts.key.digest_person(facts.lineage, number) for number in numbers]
        lost_times = [lost_since[person] for person in persons if person in lost_since]
        is_late_enough = remote.created_at and any(moment <= remote.created_at for moment in lost_times)
        if remote.id not in recorded_ids and is_late_enough:
            yield remote
