"""What every channel of single calls has in common: a placed call is never rung again nor taken back. Knows
no provider."""

from __future__ import annotations

from collections.abc import Iterable

from declarative.providers.base import Outcome, Rejected

CALL_ONLY = "a single call can neither be rung again nor taken back"


class SingleCalls:
    """The two verbs that single calls lack; both answer without sending anything."""

    def retry(self, remote_id: str) -> Outcome:
        return Rejected(0, CALL_ONLY)

    def cancel(self, remote_id: str) -> Outcome:
        return Rejected(0, CALL_ONLY)


def distinct(agent_ids: Iterable[str]) -> list[str]:
    """Each agent once, in order; an empty id names none."""
    return [agent for agent in dict.fromkeys(agent_ids) if agent]
