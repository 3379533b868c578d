"""Plans, reports, drift and errors as one JSON object each. Published schemas describe plan and report."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

import orjson

from declarative.app.apply_report import ApplyReport
from declarative.app.drift import Drift
from declarative.engine.results import RequestStatus, ResourceResult
from declarative.errors import DialctlError, Exit
from declarative.humanize import people
from declarative.model.price import Money
from declarative.planning.decide import Verb
from declarative.planning.plan import FORMAT_VERSION, Action, Plan
from declarative.planning.terms import Forecast
from declarative.privacy import clean
from declarative.report.terms_phrases import sum_costs


def encode(value: object) -> str:
    """Encode as indented JSON. Times become RFC 3339 in UTC.

    `##[` is escaped, because a GitHub runner that reads it in a log obeys it.
    """
    text = orjson.dumps(value, option=orjson.OPT_INDENT_2 | orjson.OPT_UTC_Z | orjson.OPT_NON_STR_KEYS).decode()
    return text.replace("##[", r"##\u005b")


def plan_document(plan: Plan, *, caused_addresses: Collection[str] | None = None) -> dict[str, Any]:
    """Build the document of `schemas/plan.v1.schema.json`.

    `caused_addresses` are the addresses that a branch touches. With None, no action says whether it was caused.
    """
    counts = {str(verb): len(plan.actions_with_verb(verb)) for verb in Verb}
    return {
        "format_version": FORMAT_VERSION,
        "project": plan.project,
        "checksum": plan.checksum,
        "created_at": format_timestamp(plan.created_at),
        "next_at": format_timestamp(plan.next_at),
        "commit": plan.commit or None,
        "offline": plan.offline,
        "summary": {
            **counts,
            "people_to_call": plan.people_to_call,
            "people_moved": plan.people_moved,
            **({"costs": [money_entry(money) for money in costs]} if (costs := sum_costs(plan)) else {}),
        },
        "actions": [{**_action_entry(action), **_cause_entry(action, caused_addresses)} for action in plan.actions],
        "warnings": [asdict(warning) for warning in plan.warnings],
        "refusals": list(plan.refusals),
        "held": dict(plan.held_counts),
        "lists": [
            {"file": one.name, "numbers": one.size, "sha256": one.sha256 or None, "failure": one.failure or None}
            for one in plan.lists
        ],
    }


def _action_entry(action: Action) -> dict[str, Any]:
    return {
        "address": action.address,
        "verb": str(action.verb),
        "reason": str(action.reason),
        "provider": action.provider,
        "people": action.people,
        "remote_ids": list(action.remote_ids),
        "changes": [{"path": change.path, "before": change.before, "after": change.after} for change in action.changes],
        "reasons": dict(action.reasons),
        "outcomes": dict(action.outcomes),
        "detail": action.detail,
        "way_out": action.hint,
        "starts_at": format_timestamp(action.starts_at),
        "next_at": format_timestamp(action.next_at),
        "forecast": _forecast_entry(action.forecast) if action.forecast else None,
        **({"alone": alone} if (alone := action.counts.get("alone")) else {}),
    }


def _forecast_entry(forecast: Forecast) -> dict[str, Any]:
    cost = {"cost": money_entry(forecast.cost)} if forecast.cost else {}
    return {"seconds": forecast.seconds, "ends_at": format_timestamp(forecast.ends_at), **cost}


def money_entry(money: Money) -> dict[str, str]:
    """Encode an amount: text, since a number in JSON is read as a float."""
    return {"amount": money.text, "currency": money.currency}


def _cause_entry(action: Action, caused_addresses: Collection[str] | None) -> dict[str, bool]:
    return {} if caused_addresses is None else {"caused": action.address in caused_addresses}


def report_document(report: ApplyReport) -> dict[str, Any]:
    """Build the document of `schemas/report.v1.schema.json`: every action of the plan with its outcome.

    Actions of a saved plan that are no longer needed come last.
    """
    return {
        "format_version": FORMAT_VERSION,
        "project": report.plan.project,
        "checksum": report.plan.checksum,
        "exit_code": report.exit_code,
        "interrupted": report.exit_code in (Exit.INTERRUPTED, Exit.TERMINATED),
        "failure": _error_entry(report.failure) if report.failure else None,
        "unfollowed": _error_entry(report.follow_error) if report.follow_error else None,
        "actions": [
            {**_action_entry(action), **_outcome_entry(action, report.results.get(action.address), report)}
            for action in report.plan.actions
        ]
        + [{**_action_entry(action), **_SKIPPED} for action in report.plan.skipped],
        "findings": [
            {"address": finding.address, "message": finding.message, "unsure": finding.unsure}
            for finding in report.all_findings
        ],
        "unsure": list(report.open_addresses),
    }


_SKIPPED: dict[str, Any] = {"outcome": "skipped", "people_done": 0, "new_remote_ids": [], "problems": []}


def _outcome_entry(action: Action, result: ResourceResult | None, report: ApplyReport) -> dict[str, Any]:
    """Say what became of one action.

    The outcome is done, failed, unsure, blocked, skipped (no longer needed) or not_tried.
    """
    problems = (
        [{"result": str(receipt.status), "message": receipt.message} for receipt in result.problems] if result else []
    )
    people_done = result.submitted.get(action.verb, 0) if result else 0
    if _is_cut_short(action, report, people_done):
        message = f"{people(action.people - people_done)} not submitted: {report.interrupted}"
        problems.append({"result": str(RequestStatus.FAILED), "message": message})
    return {
        "outcome": _outcome_word(action, result, report, people_done),
        "people_done": result.cancelled if result and action.verb is Verb.CANCEL else people_done,
        "new_remote_ids": list(result.remote_ids) if result and action.verb.dials else [],
        "problems": problems if action.verb.sends else [],
    }


def _outcome_word(action: Action, result: ResourceResult | None, report: ApplyReport, people_done: int) -> str:
    if action.verb is Verb.BLOCK:
        return "blocked"
    if action.verb in (Verb.KEEP, Verb.WAIT):
        return "done"
    if result is None:
        return "not_tried"
    if not action.verb.sends:
        return "done"  # adopting and forgetting come first at an address, and its turn came
    if action.address in report.open_addresses:
        return "unsure"
    if result.problems or _is_cut_short(action, report, people_done):
        return "failed"
    if action.verb.dials and not people_done:
        return "skipped" if report.interrupted is None else "not_tried"
    return "done"


def _is_cut_short(action: Action, report: ApplyReport, people_done: int) -> bool:
    return report.interrupted is not None and action.verb.dials and 0 < people_done < action.people


def drift_document(drifts: Sequence[Drift]) -> dict[str, Any]:
    """Build what `drift --json` prints."""
    return {"format_version": FORMAT_VERSION, "drift": [asdict(drift) for drift in drifts]}


def error_document(error: DialctlError) -> dict[str, Any]:
    """Build what `--json` prints when a command fails."""
    return {
        "error": {
            **_error_entry(error),
            "problems": [{**asdict(problem), "text": str(problem)} for problem in error.problems],
        }
    }


def _error_entry(error: DialctlError) -> dict[str, str]:
    return {"code": error.code, "message": clean(error.message), "hint": clean(error.hint)}


def format_timestamp(moment: datetime | None) -> str | None:
    """Format as RFC 3339 in UTC, in whole seconds."""
    return moment.replace(microsecond=0).isoformat().replace("+00:00", "Z") if moment else None
