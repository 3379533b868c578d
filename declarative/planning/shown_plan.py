"""What a saved plan shows again: its actions, warnings and refusals, without numbers and without values of settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from declarative.planning.decide import Reason, Verb
from declarative.planning.plan import Action, Notice, Plan
from declarative.privacy import mask_all

_TIMES = ("starts_at", "next_at")


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
        "actions": [_summarize_action(action) for action in plan.actions],
        "warnings": [[warning.address, mask_all(warning.message)] for warning in plan.warnings],
        "refusals": [mask_all(refusal) for refusal in plan.refusals],
        "held": dict(plan.held_counts),
    }


def restore(project: str, summary: Mapping[str, Any]) -> ShownPlan:
    """Return the plan that `summarize` summed up."""
    return ShownPlan(
        project=project,
        saved_checksum=summary["checksum"],
        created_at=datetime.fromisoformat(summary["created_at"]),
        actions=restore_actions(summary),
        warnings=tuple(Notice(address, message) for address, message in summary["warnings"]),
        refusals=tuple(summary["refusals"]),
        held_counts=summary["held"],
    )


def check_summary(summary: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the summary. Raises ValueError, KeyError or TypeError for one that `summarize` never makes."""
    restored = restore("", summary)
    texts = [summary["checksum"], *restored.refusals, *(warning.message for warning in restored.warnings)]
    texts += [warning.address or "" for warning in restored.warnings]
    counts: list[object] = [*restored.held_counts.values()]
    for action in restored.actions:
        texts += [action.address, action.provider, action.detail, action.hint, *action.remote_ids]
        counts += [action.people, *action.reasons.values(), *action.counts.values(), *action.outcomes.values()]
    if not all(isinstance(text, str) for text in texts) or not all(type(count) is int for count in counts):
        raise ValueError("a text or count of another type")
    return summary


def restore_actions(summary: Mapping[str, Any]) -> tuple[Action, ...]:
    """Return the actions alone."""
    return tuple(_restore_action(row) for row in summary.get("actions", ()))


def _summarize_action(action: Action) -> dict[str, Any]:
    row = asdict(action)
    del row["changes"]
    times = {name: moment.isoformat() if (moment := row[name]) else None for name in _TIMES}
    texts = {name: mask_all(row[name]) for name in ("detail", "hint")}
    row |= {"remote_ids": list(action.remote_ids)}
    return {**row, **times, **texts, "verb": str(action.verb), "reason": str(action.reason)}


def _restore_action(row: Mapping[str, Any]) -> Action:
    times = {name: datetime.fromisoformat(row[name]) if row.get(name) else None for name in _TIMES}
    words = {"verb": Verb(row["verb"]), "reason": Reason(row["reason"]), "remote_ids": tuple(row["remote_ids"])}
    return Action(**{**row, **times, **words})
