"""Campaigns that look renamed, merged or split: somebody would be called under one address who was called under another
that goes in the same plan. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import polars as pl

from declarative import humanize
from declarative.model import frames
from declarative.model.resource import Kind
from declarative.planning.decide import Reason
from declarative.planning.facts import Block, Facts, Observation


@dataclass(frozen=True)
class _Departure:
    """People who are no longer wanted under an address. `heir` is who takes over its memory and does not list them;
    without one the manifest is gone."""

    address: str
    facts: Facts
    successor: str = ""

    @property
    def unsure_count(self) -> int:
        """How many were in requests whose answer was lost: the lock tells of nobody whether they were among them. Even
        a probable absence counts, since no new address keeps watch for what was sent under another."""
        return sum(intent.count for intent in self.facts.resource_record.intents.values() if intent.is_batch)

    def count_shared(self, newcomers: pl.DataFrame) -> int:
        """How many of them are among these."""
        if self.facts.resource is not None:
            newcomers = newcomers.join(self.facts.resource.recipients.frame, on="number", how="anti")
        return len(_select_submitted(self.facts, newcomers))


@dataclass(frozen=True)
class _Overlap:
    """How many people of a resource were submitted under what leaves; none where any of them may have been, in a
    request whose answer was lost."""

    observation: Observation
    departure: _Departure
    people: int


def block_renames(observations: Sequence[Observation]) -> list[Observation]:
    """A Batch that would call people anew is held back, and what they leave stays as well, or the next run would see no
    overlap any more. Outlooks that are `only_seen` have no further use."""
    leaving = [departure for observation in observations for departure in _find_departures(observation)]
    overlaps = [overlap for observation in observations if leaving for overlap in _find_overlaps(observation, leaving)]
    separate_hint = _separate_apply_hint(observations, overlaps) if overlaps else ""
    blocks = {
        overlap.observation.facts.address: _block_newcomer(overlap.observation, overlaps, separate_hint)
        for overlap in overlaps
    }
    for overlap in (overlap for overlap in overlaps if overlap.people or overlap.departure.successor):
        phrase = "people who were" if overlap.people else "people who may have been"
        detail = f"{overlap.observation.facts.address} would call {phrase} submitted as {overlap.departure.address}"
        block = Block(Reason.LOOKS_RENAMED, detail, blocks[overlap.observation.facts.address].hint)
        blocks.setdefault(overlap.departure.successor or overlap.departure.address, block)
    planned = [observation for observation in observations if not observation.read_only]
    return [
        replace(observation, block=observation.block or blocks.get(observation.facts.address))
        for observation in planned
    ]


def _find_overlaps(observation: Observation, leaving: Sequence[_Departure]) -> list[_Overlap]:
    newcomers = _newcomers(observation)
    other_departures = [departure for departure in leaving if departure.facts is not observation.facts]
    overlaps = [_Overlap(observation, departure, departure.count_shared(newcomers)) for departure in other_departures]
    return [overlap for overlap in overlaps if overlap.people or (overlap.departure.unsure_count and len(newcomers))]


def _find_departures(observation: Observation) -> list[_Departure]:
    facts = observation.facts
    resource_record = facts.resource_record
    if facts.is_tombstone or not (
        facts.remotes or resource_record.placed or resource_record.unseen or resource_record.intents
    ):
        return []
    if facts.resource is None:
        return [_Departure(facts.address, facts)]
    return (
        [_Departure(" and ".join(observation.renamed_from), facts, facts.address)] if observation.renamed_from else []
    )


def _newcomers(observation: Observation) -> pl.DataFrame:
    """Whom a Batch wants and has never submitted."""
    facts, resource = observation.facts, observation.facts.resource
    if (
        resource is None
        or resource.kind is not Kind.BATCH
        or resource.paused
        or observation.unchanged
        or observation.block
    ):
        return frames.empty_frame()
    frame = resource.recipients.frame
    return frame.join(_select_submitted(facts, frame), on="number", how="anti")


def _select_submitted(facts: Facts, frame: pl.DataFrame) -> pl.DataFrame:
    """Those of them who are in something that was submitted for the case."""
    members = [remote.members.select("number") for remote in facts.remotes.values() if remote.members is not None]
    submitted = frame.join(pl.concat(members), on="number", how="semi") if members else frame.clear()
    persons = {remote_record.person for remote_record in facts.resource_record.remotes.values() if remote_record.person}
    persons |= {intent.person for intent in facts.resource_record.intents.values() if intent.person}
    persons |= {*facts.resource_record.placed, *facts.resource_record.unseen}
    if not persons:
        return submitted
    remembered = frames.with_person_digest(frame, facts.key, facts.lineage).filter(
        pl.col("person").is_in(sorted(persons))
    )
    return pl.concat([submitted, remembered.select(frame.columns)]).unique("number")


def _block_newcomer(observation: Observation, overlaps: Sequence[_Overlap], separate_hint: str) -> Block:
    resource = observation.facts.resource
    details, hints = [], []
    departed = [
        overlap for overlap in overlaps if overlap.observation is observation and not overlap.departure.successor
    ]
    if departed:
        former = [*(resource.previously if resource else ()), *(overlap.departure.address for overlap in departed)]
        details += [_describe_departure(overlap) for overlap in departed]
        hints.append(f"if it is the same campaign: metadata.previously: [{', '.join(former)}]")
    for overlap in [
        overlap for overlap in overlaps if overlap.observation is observation and overlap.departure.successor
    ]:
        departure, phrase = (
            overlap.departure,
            f"{overlap.people:,} of its people were" if overlap.people else "its people may have been",
        )
        details.append(
            f"{phrase} submitted as {departure.address}, which {departure.successor} takes over without them"
        )
        hints.append(f"to call nobody twice, list them in {departure.successor}")
    if any(overlap.people for overlap in overlaps):
        hints.append(f"if not, {separate_hint}")
    unsure_addresses = [overlap.departure.address for overlap in departed if not overlap.people]
    hints += [
        f"if not, and it surely never arrived: dialctl resolve {address} --not-placed" for address in unsure_addresses
    ]
    return Block(Reason.LOOKS_RENAMED, "; ".join(details), "; ".join(hints))


def _describe_departure(overlap: _Overlap) -> str:
    if overlap.people:
        return f"{overlap.people:,} of its people are those of {overlap.departure.address}, which leaves in this plan"
    phrase = humanize.people(overlap.departure.unsure_count)
    return f"{overlap.departure.address} leaves in this plan, and whom its lost request of {phrase} was to call is not known"


def _separate_apply_hint(observations: Sequence[Observation], overlaps: Sequence[_Overlap]) -> str:
    """Whoever leaves can do so only where none of these meets them. Without what is new a project may hold nothing, and
    is no project."""
    new = {
        overlap.observation.facts.address: overlap.observation.facts.resource_record.generation for overlap in overlaps
    }
    remaining = [
        observation for observation in observations if observation.read_only or observation.facts.resource is not None
    ]
    if not any(new.values()) and {observation.facts.address for observation in remaining} <= {*new}:
        return "run dialctl destroy once"
    names = [f"the people new in {address}" if generation else address for address, generation in new.items()]
    return f"apply once without {' and '.join(names)}"
