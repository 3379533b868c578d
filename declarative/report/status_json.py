"""What `status --json` prints: the document of `schemas/status.v1.schema.json`. The report shows the same figures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from declarative.app.costs import SpentCost, add_costs
from declarative.app.people_counts import PeopleCounts, add_counts
from declarative.app.status import AddressStatus
from declarative.model.lock import Intent
from declarative.planning.facts import Block
from declarative.planning.plan import FORMAT_VERSION
from declarative.report.json_output import format_timestamp, money_entry


def status_document(project: str, statuses: Sequence[AddressStatus]) -> dict[str, Any]:
    """Build the document. `project` is the project's name."""
    return {
        "format_version": FORMAT_VERSION,
        "project": project,
        "at": format_timestamp(max((status.seen_at for status in statuses if status.seen_at), default=None)),
        "resources": [_status_entry(status) for status in statuses],
        "total": {
            **count_entry(add_counts(status.counts for status in statuses)),
            **_cost_entries(add_costs(status.cost for status in statuses if status.cost)),
        },
    }


def count_entry(counts: PeopleCounts) -> dict[str, Any]:
    """List the counts by the names of PeopleCounts, with the percent that is done."""
    return {**asdict(counts), "percent": counts.percent}


def _status_entry(status: AddressStatus) -> dict[str, Any]:
    return {
        "address": status.address,
        "state": str(status.state.state),
        "until": format_timestamp(status.state.until),
        "expected_end": format_timestamp(status.state.expected_end),
        **count_entry(status.counts),
        "people": status.people,
        **_cost_entries([status.cost] if status.cost else []),
        "standing": dict(status.standing),
        "outcomes": dict(status.outcomes),
        "remote_ids": list(status.remote_ids),
        "unsure": [_intent_entry(intent) for intent in status.unsure],
        "candidates": [
            {"id": call.id, "created_at": format_timestamp(call.created_at), "status": call.status}
            for call in status.candidates
        ],
        "unseen": status.unseen,
        "unnamed": status.unnamed,
        "not_taken_off": status.not_taken_off,
        "warnings": list(status.warnings),
        "block": _block_entry(status.block) if status.block else None,
    }


def _cost_entries(costs: Sequence[SpentCost]) -> dict[str, Any]:
    """List what calls have cost; nothing without a price."""
    entries = [{**money_entry(cost.money), "calls_without_length": cost.untimed} for cost in costs]
    return {"costs": entries} if entries else {}


def _block_entry(block: Block) -> dict[str, Any]:
    return {"reason": str(block.reason), "detail": block.detail, "hint": block.hint}


def _intent_entry(intent: Intent) -> dict[str, Any]:
    return {
        "mark": intent.mark,
        "people": intent.count,
        "sent_at": format_timestamp(intent.sent_at),
        "person": intent.person,
        "answer": intent.answer or None,
    }
