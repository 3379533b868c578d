"""Campaigns that look renamed, merged or split: somebody would be rung under one address who was rung under another
that goes in the same plan. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import polars as pl

from declarative import humanize as counting
from declarative.model import frames as people
from declarative.model.resource import Kind
from declarative.planning.decide import Reason
from declarative.planning.facts import Block, Facts, Observation


@dataclass(frozen=True)
class _Leaving:
    """People who are no longer wanted under an address. `heir` is who takes over its memory and does not list them;
    without one the manifest is gone."""

    address: str
    case: Facts
    heir: str = ""

    @property
    def untold(self) -> int:
        """How many were in requests whose answer was lost: the lock tells of nobody whether they were among them. Even
        a probable absence counts, since no new address keeps watch for what was sent under another."""
        return sum(intent.count for intent in self.case.record.intents.values() if intent.is_batch)

    def shared(self, newcomers: pl.DataFrame) -> int:
        """How many of them are among these."""
        if self.case.resource is not None:
            newcomers = newcomers.join(self.case.resource.people.frame, on="number", how="anti")
        return len(_known(self.case, newcomers))


@dataclass(frozen=True)
class _Met:
    """How many people of a resource were submitted under what leaves; none where any of them may have been, in a
    request whose answer was lost."""

    new: Observation
    left: _Leaving
    people: int


def block_renames(outlooks: Sequence[Observation]) -> list[Observation]:
    """A Batch that would ring people anew is held back, and what they leave stays as well, or the next run would see no
    overlap any more. Outlooks that are `only_seen` have no further use."""
    leaving = [one for outlook in outlooks for one in _leaving(outlook)]
    meetings = [met for outlook in outlooks if leaving for met in _met(outlook, leaving)]
    aside = _aside(outlooks, meetings) if meetings else ""
    blocks = {met.new.case.address: _of_new(met.new, meetings, aside) for met in meetings}
    for met in (one for one in meetings if one.people or one.left.heir):
        who = "people who were" if met.people else "people who may have been"
        detail = f"{met.new.case.address} would ring {who} submitted as {met.left.address}"
        block = Block(Reason.LOOKS_RENAMED, detail, blocks[met.new.case.address].way_out)
        blocks.setdefault(met.left.heir or met.left.address, block)
    kept = [outlook for outlook in outlooks if not outlook.read_only]
    return [replace(o, block=o.block or blocks.get(o.case.address)) for o in kept]


def _met(outlook: Observation, leaving: Sequence[_Leaving]) -> list[_Met]:
    newcomers = _newcomers(outlook)
    others = [one for one in leaving if one.case is not outlook.case]
    met = [_Met(outlook, one, one.shared(newcomers)) for one in others]
    return [one for one in met if one.people or (one.left.untold and len(newcomers))]


def _leaving(outlook: Observation) -> list[_Leaving]:
    case = outlook.case
    record = case.record
    if case.buried or not (case.remotes or record.placed or record.unseen or record.intents):
        return []
    if case.resource is None:
        return [_Leaving(case.address, case)]
    return [_Leaving(" and ".join(outlook.renamed), case, case.address)] if outlook.renamed else []


def _newcomers(outlook: Observation) -> pl.DataFrame:
    """Whom a Batch wants and has never submitted."""
    case, resource = outlook.case, outlook.case.resource
    if resource is None or resource.kind is not Kind.BATCH or resource.paused or outlook.quiet or outlook.block:
        return people.empty()
    frame = resource.people.frame
    return frame.join(_known(case, frame), on="number", how="anti")


def _known(case: Facts, frame: pl.DataFrame) -> pl.DataFrame:
    """Those of them who are in something that was submitted for the case."""
    members = [remote.members.select("number") for remote in case.remotes.values() if remote.members is not None]
    seen = frame.join(pl.concat(members), on="number", how="semi") if members else frame.clear()
    persons = {known.person for known in case.record.remotes.values() if known.person}
    persons |= {intent.person for intent in case.record.intents.values() if intent.person}
    persons |= {*case.record.placed, *case.record.unseen}
    if not persons:
        return seen
    remembered = people.with_person_digest(frame, case.key, case.lineage).filter(
        pl.col("person").is_in(sorted(persons))
    )
    return pl.concat([seen, remembered.select(frame.columns)]).unique("number")


def _of_new(new: Observation, meetings: Sequence[_Met], aside: str) -> Block:
    resource = new.case.resource
    said, ways = [], []
    gone = [met for met in meetings if met.new is new and not met.left.heir]
    if gone:
        former = [*(resource.previously if resource else ()), *(met.left.address for met in gone)]
        said += [_of_gone(met) for met in gone]
        ways.append(f"if it is the same campaign: metadata.previously: [{', '.join(former)}]")
    for met in [met for met in meetings if met.new is new and met.left.heir]:
        left, who = met.left, f"{met.people:,} of its people were" if met.people else "its people may have been"
        said.append(f"{who} submitted as {left.address}, which {left.heir} takes over without them")
        ways.append(f"to ring nobody twice, list them in {left.heir}")
    if any(met.people for met in meetings):
        ways.append(f"if not, {aside}")
    lost = [met.left.address for met in gone if not met.people]
    ways += [f"if not, and it surely never arrived: dialctl resolve {address} --not-placed" for address in lost]
    return Block(Reason.LOOKS_RENAMED, "; ".join(said), "; ".join(ways))


def _of_gone(met: _Met) -> str:
    if met.people:
        return f"{met.people:,} of its people are those of {met.left.address}, which leaves in this plan"
    who = counting.people(met.left.untold)
    return f"{met.left.address} leaves in this plan, and whom its lost request of {who} was to ring is not known"


def _aside(outlooks: Sequence[Observation], meetings: Sequence[_Met]) -> str:
    """Whoever leaves can do so only where none of these meets them. Without what is new a project may hold nothing, and
    is no project."""
    new = {met.new.case.address: met.new.case.record.generation for met in meetings}
    left = [outlook for outlook in outlooks if outlook.read_only or outlook.case.resource is not None]
    if not any(new.values()) and {outlook.case.address for outlook in left} <= {*new}:
        return "run dialctl destroy once"
    named = [f"the people new in {address}" if known else address for address, known in new.items()]
    return f"apply once without {' and '.join(named)}"
