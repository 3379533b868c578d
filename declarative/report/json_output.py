"""Plans, reports, statuses and errors as one JSON object each, described by the published schemas."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

import orjson

from declarative.app.apply import ApplyReport
from declarative.app.drift import Drift
from declarative.app.status import Status
from declarative.engine.results import RequestStatus, ResourceResult
from declarative.errors import DialctlError, Exit
from declarative.humanize import people
from declarative.planning.decide import Verb
from declarative.planning.plan import FORMAT_VERSION, Action, Plan


def encode(value: object) -> str:
    return orjson.dumps(value, option=orjson.OPT_INDENT_2 | orjson.OPT_UTC_Z | orjson.OPT_NON_STR_KEYS).decode()


def plan(plan: Plan, *, caused: Collection[str] | None = None) -> dict[str, Any]:
    """`schemas/plan.v1.schema.json`. `caused` are the addresses that a branch touches, where that was asked."""
    counts = {str(verb): len(plan.of(verb)) for verb in Verb}
    return {
        "format_version": FORMAT_VERSION,
        "project": plan.project,
        "checksum": plan.checksum,
        "created_at": _stamp(plan.created_at),
        "next_at": _stamp(plan.next_at),
        "offline": plan.offline,
        "summary": {**counts, "people_to_ring": plan.people_to_ring, "people_moved": plan.people_moved},
        "actions": [{**_action(action), **_caused(action, caused)} for action in plan.actions],
        "warnings": [asdict(warning) for warning in plan.warnings],
        "refusals": list(plan.refusals),
        "held": dict(plan.held),
    }


def _action(action: Action) -> dict[str, Any]:
    return {
        "address": action.address,
        "verb": str(action.verb),
        "reason": str(action.reason),
        "provider": action.provider,
        "people": action.people,
        "remote_ids": list(action.remote_ids),
        "changes": [asdict(change) for change in action.changes],
        "reasons": dict(action.reasons),
        "outcomes": dict(action.outcomes),
        "detail": action.detail,
        "way_out": action.way_out,
        "starts_at": _stamp(action.starts_at),
        "next_at": _stamp(action.next_at),
    }


def _caused(action: Action, caused: Collection[str] | None) -> dict[str, bool]:
    return {} if caused is None else {"caused": action.address in caused}


def report(report: ApplyReport) -> dict[str, Any]:
    """`schemas/report.v1.schema.json`: every action of the plan with its outcome, those of a saved plan that nothing
    calls for any more at the end."""
    return {
        "format_version": FORMAT_VERSION,
        "project": report.plan.project,
        "checksum": report.plan.checksum,
        "exit_code": report.exit_code,
        "interrupted": report.exit_code in (Exit.INTERRUPTED, Exit.TERMINATED),
        "unfollowed": _said(report.unfollowed) if report.unfollowed else None,
        "actions": [
            {**_action(action), **_outcome(action, report.tallies.get(action.address), report)}
            for action in report.plan.actions
        ]
        + [{**_action(action), **_SKIPPED} for action in report.plan.skipped],
        "findings": [
            {"address": finding.address, "message": finding.message, "unsure": finding.unsure}
            for finding in report.all_findings
        ],
        "unsure": list(report.still_open),
    }


_SKIPPED: dict[str, Any] = {"outcome": "skipped", "people_done": 0, "new_remote_ids": [], "problems": []}


def _outcome(action: Action, tally: ResourceResult | None, report: ApplyReport) -> dict[str, Any]:
    """What became of one action: done, failed, unsure, blocked, skipped (nothing was called for any more), or
    not_tried."""
    problems = (
        [{"result": str(receipt.result), "message": receipt.message} for receipt in tally.problems] if tally else []
    )
    done = tally.submitted.get(action.verb, 0) if tally else 0
    if _is_cut_short(action, report, done):
        left = f"{people(action.people - done)} not submitted: {report.interrupted}"
        problems.append({"result": str(RequestStatus.FAILED), "message": left})
    return {
        "outcome": _word(action, tally, report, done),
        "people_done": tally.cancelled if tally and action.verb is Verb.CANCEL else done,
        "new_remote_ids": list(tally.remote_ids) if tally and action.verb.dials else [],
        "problems": problems if action.verb.sends else [],
    }


def _word(action: Action, tally: ResourceResult | None, report: ApplyReport, done: int) -> str:
    if action.verb is Verb.BLOCK:
        return "blocked"
    if action.verb in (Verb.KEEP, Verb.WAIT):
        return "done"
    if tally is None:
        return "not_tried"
    if not action.verb.sends:
        return "done"  # the first thing that is done at an address whose turn came, or all of it
    if action.address in report.still_open:
        return "unsure"
    if tally.problems or _is_cut_short(action, report, done):
        return "failed"
    if action.verb.dials and not done:
        return "skipped" if report.interrupted is None else "not_tried"
    return "done"


def _is_cut_short(action: Action, report: ApplyReport, done: int) -> bool:
    return report.interrupted is not None and action.verb.dials and 0 < done < action.people


def statuses(statuses: Sequence[Status]) -> dict[str, Any]:
    return {
        "format_version": FORMAT_VERSION,
        "resources": [
            {
                "address": one.address,
                "people": one.people,
                "standing": dict(one.standing),
                "outcomes": dict(one.outcomes),
                "in_flight": one.in_flight,
                "remote_ids": list(one.remote_ids),
                "unsure": [
                    {"mark": i.mark, "people": i.count, "sent_at": _stamp(i.sent_at), "person": i.person}
                    for i in one.unsure
                ],
                "candidates": [
                    {"id": call.id, "created_at": _stamp(call.created_at), "status": call.status}
                    for call in one.candidates
                ],
                "unseen": one.unseen,
                "warnings": list(one.warnings),
                "block": asdict(one.block) if one.block else None,
            }
            for one in statuses
        ],
    }


def drift(found: Sequence[Drift]) -> dict[str, Any]:
    return {"format_version": FORMAT_VERSION, "drift": [asdict(one) for one in found]}


def error(error: DialctlError) -> dict[str, Any]:
    """What `--json` prints when a command fails."""
    return {
        "error": {
            **_said(error),
            "problems": [{**asdict(problem), "text": str(problem)} for problem in error.problems],
        }
    }


def _said(error: DialctlError) -> dict[str, str]:
    return {"code": error.code, "message": error.message, "hint": error.hint}


def _stamp(when: datetime | None) -> str | None:
    return when.replace(microsecond=0).isoformat().replace("+00:00", "Z") if when else None
