"""Lies of the provider in a random history: answers that are not true, as the sandbox's fault rules.

`DIALCTL_LIES` names those to tell, by their numbers in `LIES`: DIALCTL_LIES=3,7 pytest ... Without it, all are told.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

_FOR_EVER = 0


@dataclass(frozen=True)
class Lie:
    """One kind of lie."""

    name: str
    """What the provider does, for reports."""
    operation: str
    """The operation whose answers lie."""
    do: tuple[dict[str, Any], ...]
    """Effects of a fault rule, one of which is drawn."""
    times: tuple[int, ...] = (1, 6, _FOR_EVER)
    """How many requests the lie lasts, one of which is drawn."""
    bends_time: bool = False
    """Whether the client cannot know the time. Then only who is called is judged, not when."""


def _gateway(code: int, *, effect: bool) -> dict[str, Any]:
    return {"status": {"code": code, "effect": effect, "gateway": True}, "date_shift": -7200}


_PAGES = tuple(_gateway(code, effect=effect) for code in (403, 413, 429, 502, 504) for effect in (True, False))

LIES = (
    Lie("a list always lags", "listCallBatches", ({"lag": 20}, {"lag": 400}), (_FOR_EVER,)),
    Lie("a list cuts names or shows none", "listCallBatches", ({"cut_names": 0}, {"cut_names": 12})),
    Lie("a list leaves an entry out for good", "listCallBatches", ({"hide": 1}, {"hide": 2}), (_FOR_EVER,)),
    Lie("a page repeats", "listCallBatches", ({"repeat_page": True},)),
    Lie("dates are ahead or behind", "*", ({"date_shift": 3600}, {"date_shift": -3600}), bends_time=True),
    Lie("created_at is off", "*", ({"created_shift": 300}, {"created_shift": -300}), bends_time=True),
    Lie("a gateway answers a create", "createCallBatch", _PAGES, (1, 2)),
    Lie("a gateway answers a call", "createOutboundCalls", _PAGES, (1, 2)),
    Lie("a gateway answers a retry", "retryCallBatch", _PAGES, (1, 2)),
    Lie("a gateway answers a cancel", "cancelCallBatch", _PAGES, (1, 2)),
    Lie("a gateway answers a list", "listCallBatches", _PAGES, (1, 2)),
    Lie("a cancel does nothing", "cancelCallBatch", ({"effect_after": "never"},), (1, 2)),
    Lie("a cancel takes effect later", "cancelCallBatch", ({"effect_after": 20}, {"effect_after": 300}), (1, 2)),
    Lie("a create takes only some", "createCallBatch", ({"leave_out": 1},), (1, 2)),
    Lie("a member is left out for good", "*", ({"hide_members": 1},)),
    Lie("numbers come in another form", "getCallBatch", ({"number_forms": {"+1415": "+1 415"}},)),
    Lie("a person has an unknown status", "getCallBatch", ({"edit_items": {"status": "snoozed"}},)),
    Lie("a batch has an unknown status", "listCallBatches", ({"edit_items": {"status": "snoozed"}},)),
    Lie("a batch read has an unknown status", "getCallBatch", ({"edit": {"status": "snoozed"}},)),
)


def told_lies() -> tuple[Lie, ...]:
    """The lies that histories tell. Raises ValueError for a number that there is not."""
    chosen = os.environ.get("DIALCTL_LIES", "")
    return tuple(LIES[int(number)] for number in chosen.split(",")) if chosen else LIES


def make_rule(lie: Lie, do: dict[str, Any], after: int, times: int) -> dict[str, Any]:
    """Return the fault rule by which the sandbox tells a lie: after so many requests, so many times (0 for ever)."""
    return {"match": {"operation": lie.operation, "after": after, "times": times}, "do": do}


def _rules(lie: Lie) -> st.SearchStrategy[dict[str, Any]]:
    return st.builds(make_rule, st.just(lie), st.sampled_from(lie.do), st.integers(0, 1), st.sampled_from(lie.times))


lies = st.sampled_from(told_lies()).flatmap(_rules)
"""One rule of one of the lies that are told."""
_BENDING = frozenset(effect for lie in LIES if lie.bends_time for do in lie.do for effect in do)


def bends_time(rule: Any) -> bool:
    """Whether a rule keeps the client from knowing the time."""
    return isinstance(rule["do"], dict) and not _BENDING.isdisjoint(rule["do"])
