"""What the reads at one provider say about lock and account, beyond each address by itself. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from declarative import humanize
from declarative.engine.fence import shows_mark
from declarative.engine.list_depth import BEFORE_ALL
from declarative.engine.listing import Listing
from declarative.humanize import plural
from declarative.model.capabilities import CancelProof, Capabilities
from declarative.model.remote import Remote
from declarative.model.resource import Route
from declarative.planning.decide import Reason
from declarative.planning.facts import Block, Managed, Observation


def account_block(
    name: str, managed_list: Sequence[Managed], unknown_ids: Collection[str], capabilities: Capabilities | None
) -> Block | None:
    """Why nobody may be called at a provider: it knows nothing of what the lock placed there. None where it does.
    `capabilities` are those of its batches."""
    forgets = capabilities is not None and capabilities.cancel_proof is CancelProof.ABSENCE
    known_ids = {
        remote_id
        for managed in managed_list
        for remote_id, remote_record in managed.batch_records().items()
        # What we asked to take back is expected to be gone where the provider forgets it.
        if not (forgets and remote_record.cancel is not None)
    }
    if not known_ids or known_ids - set(unknown_ids):
        return None
    batches_text = plural(len(known_ids), "batch", "batches")
    detail = f"{name} knows nothing of the {batches_text} in the lock: it may be another account"
    return Block(Reason.LOST, detail, "check key and host; dialctl status names what is lost")


def block_unproven_calls(observations: Sequence[Observation], capabilities: Capabilities | None) -> list[Observation]:
    """Block addresses of single calls where another address shows that a later lock was at work.

    What that lock placed here, no list of such a route (`capabilities`) proves absent.
    """
    # Protocol 5: a single call that is not found stays unsure.
    older = next((observation.block for observation in observations if _shows_older_lock(observation)), None)
    if older is None or capabilities is None or capabilities.provable:
        return list(observations)
    block = replace(older, detail=f"{older.detail}; it may have placed calls here that no list shows")
    return [
        replace(observation, block=block) if _is_open_call(observation) else observation for observation in observations
    ]


def are_marks_listed(
    managed_list: Sequence[Managed], listed: Mapping[str, Remote], capabilities: Capabilities | None
) -> bool:
    """Whether the list of calls shows by its mark the newest call that the lock knows there."""
    if capabilities is None or not capabilities.returns_data:
        return capabilities is None
    sent_times = {
        remote_id: remote_record.created_at
        for managed in managed_list
        for remote_id, remote_record in managed.resource_record.remotes.items()
        if remote_record.route is Route.CALL and ":" not in remote_id and remote_record.created_at
    }
    if not sent_times:
        return True
    newest = listed.get(max(sent_times, key=lambda remote_id: (sent_times[remote_id], remote_id)))
    return newest is not None and newest.mark is not None


def _shows_older_lock(observation: Observation) -> bool:
    return observation.block is not None and observation.block.reason is Reason.LOCK_IS_OLDER


def _is_open_call(observation: Observation) -> bool:
    resource = observation.facts.resource
    is_call = resource is not None and resource.route is Route.CALL
    return is_call and not observation.unchanged and observation.block is None


def lag_block(
    name: str, managed_list: Sequence[Managed], batch_listing: Listing | None, provider_time: datetime
) -> Block | None:
    """Why nothing may be sent at a provider whose batch list lags by more than the longest guard. None where it shows
    the newest batch by now."""
    # Protocol 7: such a list proves nothing before a batch calls. It is believed again once it shows the newest.
    recorded = [item for managed in managed_list for item in managed.batch_records().items() if item[1].created_at]
    remote_id, remote_record = max(recorded, key=lambda item: item[1].created_at or BEFORE_ALL, default=("", None))
    if batch_listing is None or remote_record is None or shows_mark(batch_listing, remote_id, remote_record.mark):
        return None
    sent_at = humanize.when(remote_record.created_at or provider_time)
    return Block(
        Reason.NOT_READ,
        f"the list of {name} did not show {remote_id}, sent at {sent_at}, within an hour, and does not show it now: "
        "nobody is called there until it does",
        "run dialctl apply again; ask the provider why its list lags",
    )
