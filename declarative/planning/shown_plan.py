"""What a saved plan shows again: its actions, warnings and refusals, without numbers and without values that
a variable brought in."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from declarative.model.policy import DoNotCallList
from declarative.model.price import Money
from declarative.planning.decide import Reason, Verb
from declarative.planning.plan import Action, Notice, Plan, Task
from declarative.planning.terms import Forecast, Terms
from declarative.privacy import mask_written

_AMOUNT = re.compile(r"[0-9]{1,30}(\.[0-9]{1,30})?")
_TIMES = ("starts_at", "next_at")
_YEARS = range(1900, 9000)


@dataclass(frozen=True, kw_only=True)
class ShownPlan(Plan):
    """A plan that was read from a file. It has no tasks: it can be shown, and nothing can be done by it."""

    saved_checksum: str = ""
    """The checksum that the plan had when it was made."""

    @property
    def checksum(self) -> str:
        """The digest of everything that applying it would do."""
        return self.saved_checksum


def summarize(plan: Plan) -> dict[str, Any]:
    """Return what a plan showed, as JSON values. Settings are left out: a variable may have given them."""
    return {
        "checksum": plan.checksum,
        "created_at": plan.created_at.isoformat(),
        "commit": plan.commit,
        "actions": [_summarize_action(action, plan.tasks.get(action.address)) for action in plan.actions],
        "warnings": [[warning.address, mask_written(warning.message)] for warning in plan.warnings],
        "refusals": [mask_written(refusal) for refusal in plan.refusals],
        "held": dict(plan.held_counts),
        "lists": [{**asdict(one), "failure": mask_written(one.failure)} for one in plan.lists],
    }


def restore(project: str, summary: Mapping[str, Any]) -> ShownPlan:
    """Return the plan that `summarize` summed up."""
    return ShownPlan(
        project=project,
        saved_checksum=summary["checksum"],
        created_at=datetime.fromisoformat(summary["created_at"]),
        commit=summary["commit"],
        actions=restore_actions(summary),
        warnings=tuple(Notice(address, message) for address, message in summary["warnings"]),
        refusals=tuple(summary["refusals"]),
        held_counts=summary["held"],
        lists=tuple(DoNotCallList(**row) for row in summary["lists"]),
    )


def check_summary(summary: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the summary. Raises ValueError, KeyError or TypeError for one that `summarize` never makes."""
    restored = restore("", summary)
    texts = [summary["checksum"], *restored.refusals, *(warning.message for warning in restored.warnings)]
    texts += [restored.commit, *(warning.address or "" for warning in restored.warnings)]
    counts: list[object] = [*restored.held_counts.values(), *(one.size for one in restored.lists)]
    texts += [text for one in restored.lists for text in (one.name, one.sha256, one.failure)]
    times: list[datetime | None] = [restored.created_at]
    for action in restored.actions:
        _check_words(action)
        times += [action.starts_at, action.next_at]
        texts += [action.address, action.provider, action.detail, action.hint, *action.remote_ids]
        counts += [action.people, *action.reasons.values(), *action.counts.values(), *action.outcomes.values()]
        if terms := action.terms:
            texts += [terms.agent_id, terms.agent_name, terms.caller_id, terms.caller, terms.hours]
            texts += [terms.rollout, terms.frequency, terms.halts_when]
            counts += [terms.retries, terms.retry_after]
            times.append(terms.expires_at)
        if forecast := action.forecast:
            texts += [forecast.limit, *([forecast.cost.currency] if forecast.cost else [])]
            counts.append(forecast.seconds or 0)
            times.append(forecast.ends_at)
    if not all(time is None or (time.tzinfo and time.year in _YEARS) for time in times):
        raise ValueError("a time that cannot be shown in every zone")
    if not all(isinstance(text, str) for text in texts) or not all(type(count) is int for count in counts):
        raise ValueError("a text or count of another type")
    return summary


def _check_words(action: Action) -> None:
    for word in action.reasons:
        Reason(word)
    if "attempt" in action.counts and "attempts" not in action.counts:
        raise ValueError("an attempt of an unknown number")


def restore_actions(summary: Mapping[str, Any]) -> tuple[Action, ...]:
    """Return the actions alone."""
    return tuple(_restore_action(row) for row in summary.get("actions", ()))


def _summarize_action(action: Action, task: Task | None) -> dict[str, Any]:
    row = asdict(action)
    del row["changes"]
    times = {name: _to_text(row[name]) for name in _TIMES}
    texts = {name: mask_written(row[name]) for name in ("detail", "hint")}
    row |= {"remote_ids": list(action.remote_ids), **_summarize_prospects(action, task)}
    return {**row, **times, **texts, "verb": str(action.verb), "reason": str(action.reason)}


def _summarize_prospects(action: Action, task: Task | None) -> dict[str, Any]:
    """Terms and forecast as JSON values. An id that a variable brought in is left out; names of the account are not."""
    terms, forecast = action.terms, action.forecast
    if terms and task and task.resource:
        fields, variable_settings = task.resource.fields, task.resource.variable_settings
        if variable_settings & {*fields.agent}:
            terms = replace(terms, agent_id="")
        if variable_settings & {*fields.caller_id, *fields.caller}:
            terms = replace(terms, caller_id="")
    return {
        "terms": {**asdict(terms), "expires_at": _to_text(terms.expires_at)} if terms else None,
        "forecast": _summarize_forecast(forecast) if forecast else None,
    }


def _summarize_forecast(forecast: Forecast) -> dict[str, Any]:
    cost = forecast.cost
    return {
        "seconds": forecast.seconds,
        "ends_at": _to_text(forecast.ends_at),
        "limit": forecast.limit,
        "cost": {"amount": f"{cost.amount:f}", "currency": cost.currency} if cost else None,
    }


def _restore_forecast(row: Mapping[str, Any]) -> Forecast:
    cost = _restore_money(**row["cost"]) if row["cost"] else None
    return Forecast(**{**row, "ends_at": _restore_time(row, "ends_at"), "cost": cost})


def _restore_money(amount: str, currency: str) -> Money:
    if not _AMOUNT.fullmatch(amount):
        raise ValueError("not an amount")
    return Money(Decimal(amount), currency)


def _to_text(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None


def _restore_action(row: Mapping[str, Any]) -> Action:
    times = {name: _restore_time(row, name) for name in _TIMES}
    words = {"verb": Verb(row["verb"]), "reason": Reason(row["reason"]), "remote_ids": tuple(row["remote_ids"])}
    terms, forecast = row["terms"], row["forecast"]
    prospects = {
        "terms": Terms(**{**terms, "expires_at": _restore_time(terms, "expires_at")}) if terms else None,
        "forecast": _restore_forecast(forecast) if forecast else None,
    }
    return Action(**{**row, **times, **words, **prospects})


def _restore_time(row: Mapping[str, Any], name: str) -> datetime | None:
    return datetime.fromisoformat(row[name]) if row.get(name) else None
