"""What differs between the settings last applied and those wanted, on the action of an address that shows it. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import polars as pl

from declarative.planning import diff
from declarative.planning.decide import Verb
from declarative.planning.diff import Change
from declarative.planning.facts import Facts
from declarative.planning.plan import Action
from declarative.planning.totals import AddressDecisions
from declarative.privacy import mask

_SHOWN_ON = (Verb.REPLACE, Verb.CREATE, Verb.RETRY, Verb.WAIT)
"""Verbs that call now or later, the one that moves people first."""


def list_changes(decided: AddressDecisions, verb: Verb) -> tuple[Change, ...]:
    """Return what changed for people who are called under this verb, now or once their time has come."""
    facts, resource = decided.facts, decided.facts.resource
    if resource is None or verb not in _SHOWN_ON:
        return ()
    if verb is Verb.REPLACE and not facts.resource_record.settings:
        return ()  # found by their marks alone: it is not known what differs
    changes = diff.diff_settings(
        facts.resource_record.settings, resource.settings, resource.fields, resource.variable_settings
    )
    if not facts.is_single_call or verb is not Verb.REPLACE:
        return changes
    return (*changes, *_number_changes(facts, decided.people.filter(verb=verb)))


def show_changes_once(actions: Sequence[Action]) -> list[Action]:
    """Leave the changes of an address on one of its actions."""
    shown_on = min((_SHOWN_ON.index(action.verb) for action in actions if action.changes), default=0)
    return [
        action if action.verb is _SHOWN_ON[shown_on] or not action.changes else replace(action, changes=())
        for action in actions
    ]


def _number_changes(facts: Facts, group: pl.DataFrame) -> Iterator[Change]:
    """Yield the numbers under which a call still waits, where the manifest has another number."""
    number = group.item(0, "number")
    for remote_id in group.get_column("queued_in").explode().drop_nulls().sort():
        members = facts.remotes[remote_id].members
        assert members is not None  # a person is known to be queued only in what was read
        for waiting_number in members.get_column("number"):
            if waiting_number != number:
                yield Change("spec.to_number", mask(waiting_number), mask(number))
