"""Campaigns that look renamed, merged or split: a person would be called under one address who was called under another
that leaves in the same plan. Pure."""

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
    """People who are no longer wanted under an address."""

    address: str
    """The address under which they were submitted; several joined by " and "."""
    facts: Facts
    """What is known of that address, or of its successor."""
    successor: str = ""
    """The address that takes over the record and does not list them; empty where the manifest is gone."""

    @property
    def unsure_count(self) -> int:
        """Count the people in batches whose answer was lost. The lock does not tell who they were.

        Protocol 5: until one is disproved it may hold them, and no list of another address proves anything of it.
        """
        lost_count = sum(intent.count for intent in self.facts.resource_record.intents.values() if intent.is_batch)
        return lost_count + sum(remote_record.count for remote_record in self.facts.unnamed_batches().values())

    def count_shared(self, newcomers: pl.DataFrame) -> int:
        """Count how many of these newcomers were submitted under it."""
        if self.facts.resource is not None:
            newcomers = newcomers.join(self.facts.resource.recipients.rows, on="number", how="anti")
        return len(_select_submitted(self.facts, newcomers))


@dataclass(frozen=True)
class _Overlap:
    """A resource whose newcomers were, or may have been, submitted under an address that leaves."""

    observation: Observation
    """The resource that would call them."""
    departure: _Departure
    """The address that leaves."""
    people: int
    """How many surely were; 0 where any of them may have been, in a request whose answer was lost."""


def block_renames(observations: Sequence[Observation]) -> list[Observation]:
    """Block each Batch that would call people again, and the address that they leave.

    The address that they leave stays, or the next run would see no overlap. `read_only` observations are dropped: they
    serve this comparison alone.
    """
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
        replace(observation, block=blocks[observation.facts.address])
        if observation.block is None and observation.facts.address in blocks
        else observation
        for observation in planned
    ]


def _find_overlaps(observation: Observation, leaving: Sequence[_Departure]) -> list[_Overlap]:
    newcomers = _newcomers(observation)
    other_departures = [departure for departure in leaving if departure.facts is not observation.facts]
    overlaps = [_Overlap(observation, departure, departure.count_shared(newcomers)) for departure in other_departures]
    return [overlap for overlap in overlaps if overlap.people or (overlap.departure.unsure_count and len(newcomers))]


def _find_departures(observation: Observation) -> list[_Departure]:
    """Return the departure at an address, if it has one: its manifest is gone, or it took over an earlier address."""
    facts = observation.facts
    resource_record = facts.resource_record
    recorded = resource_record.placed or resource_record.unseen or resource_record.intents or facts.unnamed_batches()
    if facts.is_tombstone or not (facts.remotes or recorded):
        return []
    if facts.resource is None:
        return [_Departure(facts.address, facts)]
    return (
        [_Departure(" and ".join(observation.renamed_from), facts, facts.address)] if observation.renamed_from else []
    )


def _newcomers(observation: Observation) -> pl.DataFrame:
    """Return the people that a Batch wants and has never submitted."""
    facts, resource = observation.facts, observation.facts.resource
    if (
        resource is None
        or resource.kind is not Kind.BATCH
        or resource.paused
        or observation.unchanged
        or observation.block
    ):
        return frames.empty_frame()
    frame = resource.recipients.rows.select("number")
    return frame.join(_select_submitted(facts, frame), on="number", how="anti")


def _select_submitted(facts: Facts, frame: pl.DataFrame) -> pl.DataFrame:
    """Keep the people who are in something that was submitted for this address."""
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
        departed_addresses = (overlap.departure.address for overlap in departed)
        former = dict.fromkeys([*(resource.previously if resource else ()), *departed_addresses])
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
    if any(overlap.people or overlap.departure.facts.unnamed_batches() for overlap in overlaps):
        hints.append(f"if not, {separate_hint}")
    unsure_addresses = [
        overlap.departure.address
        for overlap in departed
        if not overlap.people and overlap.departure.facts.open_intents()
    ]
    hints += [
        f"if not, and you know that it never arrived: dialctl resolve {address} --not-placed"
        for address in unsure_addresses
    ]
    return Block(Reason.LOOKS_RENAMED, "; ".join(details), "; ".join(hints))


def _describe_departure(overlap: _Overlap) -> str:
    if overlap.people:
        return f"{overlap.people:,} of its people are those of {overlap.departure.address}, which leaves in this plan"
    phrase = humanize.people(overlap.departure.unsure_count)
    return f"{overlap.departure.address} leaves in this plan, and who was in its lost request of {phrase} is not known"


def _separate_apply_hint(observations: Sequence[Observation], overlaps: Sequence[_Overlap]) -> str:
    """Say how the departure can be applied alone, without these newcomers.

    A project that holds only what is new would be empty without it, which is no project: then destroy does it.
    """
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
