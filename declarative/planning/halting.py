"""Automatic halt: a campaign whose calls go wrong stops by itself, until a person resumes it. Pure."""

from __future__ import annotations

from dataclasses import asdict

import polars as pl

from declarative import humanize
from declarative.model.digest import json_digest
from declarative.model.halts import EmergencyHalt
from declarative.model.lock import Ended, Halt
from declarative.model.policy import HaltWhen
from declarative.model.remote import Phase
from declarative.planning import standing
from declarative.planning.decide import Reason, Standing, Verb
from declarative.planning.facts import Block, Facts
from declarative.planning.finished import has_failed

_WOULD_CALL = (
    pl.col("queued")
    | pl.col("verb").is_in([Verb.CREATE, Verb.REPLACE, Verb.RETRY, Verb.WAIT])
    | (pl.col("reason") == Reason.HALTED)
)
"""Whether a person waits to be called, at the provider or here."""


def find_halt(facts: Facts) -> Halt | None:
    """Return why the campaign halted by itself: what the lock remembers, or what its calls show now; None where it did
    not, or where nobody would be called anyway."""
    rule = facts.resource.halt_when if facts.resource else None
    if rule is None or not facts.is_desired:
        return None
    people, finished = standing.decide_open(facts)
    if people.filter(_WOULD_CALL).is_empty():
        return None
    digest = json_digest(asdict(rule))
    halted = facts.resource_record.halted
    if halted is not None and halted.rule == digest:
        return halted
    ended = _count_ended(facts, people, finished) - (facts.resource_record.resumed or Ended())
    figures = _describe(rule, ended)
    return Halt(rule=digest, figures=figures) if figures else None


def halt_block(facts: Facts) -> Block | None:
    """Return the block of a halted campaign. A person's halt comes before its own, since a resume ends both; that of
    one machine comes last, since it takes nobody off."""
    emergency = facts.emergency
    if emergency is not None and emergency.takes_off:
        return _emergency_block(facts)
    halt = find_halt(facts)
    if halt is None:
        return _emergency_block(facts)
    hint = f"once the reason is mended: dialctl resolve {facts.address} --resume; or another halt_when, or "
    return Block(Reason.HALTED, halt.figures, f"{hint}state: cancelled", halt)


def _emergency_block(facts: Facts) -> Block | None:
    """Return the block of a halt that a person ordered; None where there is none, or nobody would be called anyway."""
    if facts.emergency is None or not facts.is_desired:
        return None
    return None if standing.decide_open(facts)[0].filter(_WOULD_CALL).is_empty() else emergency_block(facts.emergency)


def emergency_block(emergency: EmergencyHalt) -> Block:
    """Return the block of a halt that a person ordered."""
    stays = "" if emergency.takes_off else "; whoever waits at the provider stays there"
    other_way = "; or state: cancelled, which needs no decision" if emergency.takes_off else ""
    hint = f"once it may go on: {emergency.way_out}{other_way}"
    return Block(Reason.HALTED, f"{emergency}{stays}", hint)


def find_ended(facts: Facts) -> Ended:
    """Count the people whose calls are over, by what came of them."""
    return _count_ended(facts, *standing.decide_open(facts))


def _count_ended(facts: Facts, people: pl.DataFrame, finished: Ended) -> Ended:
    """Count the people whose calls are over. `finished` are those who are not among `people`."""
    is_over = pl.col("standing").is_in([int(Standing.DIALED), int(Standing.REFUSED)])
    over = people.filter(is_over & ~pl.col("queued") & ~pl.col("going_on"))
    failed = over.filter(_is_failure(facts))
    return Ended(
        people=finished.people + len(over),
        reached=finished.reached + int(over.get_column("reached").sum()),
        failed=finished.failed + len(failed),
    )


def _is_failure(facts: Facts) -> pl.Expr:
    """Whether a person's latest call failed, by `phase`, `outcome` and `reached`."""
    return (has_failed(facts) | (pl.col("phase") == Phase.REFUSED)) & ~pl.col("reached")


def _describe(rule: HaltWhen, ended: Ended) -> str:
    """What of the rule is met, with the figures; empty where nothing is."""
    if ended.people < rule.of_at_least:
        return ""
    findings = []
    if rule.failed_above is not None and ended.failed * 100 > rule.failed_above * ended.people:
        findings.append(_describe_share("failed", ended.failed, ended.people, f"more than {rule.failed_above:g} %"))
    if rule.reached_below is not None and ended.reached * 100 < rule.reached_below * ended.people:
        limit = f"fewer than {rule.reached_below:g} %"
        findings.append(_describe_share("were reached", ended.reached, ended.people, limit))
    return " and ".join(findings)


def _describe_share(what: str, count: int, people: int, limit: str) -> str:
    share = f"{100 * count / people:.1f}".removesuffix(".0")
    return f"{count:,} of {humanize.people(people)} {what} ({share} %), and halt_when says {limit}"
