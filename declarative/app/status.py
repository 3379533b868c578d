"""`dialctl status`: what each address is doing, and where its people stand. Changes nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

import polars as pl

from declarative.app.address_state import AddressState, State, find_state
from declarative.app.costs import SpentCost
from declarative.app.ended_calls import HoursCounts, count_known_hours
from declarative.app.people_counts import PeopleCounts, count_people
from declarative.app.results import read_costs
from declarative.app.selected_observations import is_unknown, observe_selected, standing_word
from declarative.app.session import Session
from declarative.model.lock import Intent
from declarative.model.remote import EARLIEST_TIME, Phase, Remote
from declarative.model.selection import Selection
from declarative.planning import notices, standing
from declarative.planning.decide import Timing
from declarative.planning.facts import Block, Observation
from declarative.planning.plan import count_values
from declarative.planning.released import list_unread
from declarative.planning.stuck import describe_stuck, endless_notices, hint_stuck, stuck_people


@dataclass(frozen=True, kw_only=True)
class AddressStatus:
    """Where the people of one address stand."""

    address: str
    """The resource."""
    people: int
    """How many people it has or had."""
    state: AddressState = field(default_factory=lambda: AddressState(State.OVER))
    """What it is doing now."""
    counts: PeopleCounts = field(default_factory=PeopleCounts)
    """Its people, as far as they are known."""
    standing: Mapping[str, int] = field(default_factory=dict)
    """People by the words of `standing_word`."""
    outcomes: Mapping[str, int] = field(default_factory=dict)
    """People whose call is over, by its outcome in the provider's own word."""
    remote_ids: tuple[str, ...] = ()
    """Its batches and calls at the provider."""
    unsure: tuple[Intent, ...] = ()
    """Requests that may or may not have arrived."""
    is_wanted: bool = True
    """Whether anybody is to be called here. Whoever is unsure and not wanted any more needs no decision."""
    candidates: tuple[Remote, ...] = ()
    """Calls without a mark that one of those requests may have created. A person has to compare them."""
    unseen: int = 0
    """People who are not found, and whom nothing proves uncalled."""
    unnamed: int = 0
    """People in batches that were declared placed while their manifest was gone: any who are wanted may be among
    them."""
    not_taken_off: int = 0
    """People who must not be called, and who may still be."""
    warnings: tuple[str, ...] = ()
    """Sentences about people who may still be called, and about doubts that an apply in time can still remove."""
    block: Block | None = None
    """Why the whole address is blocked; None if it is not."""
    seen_at: datetime | None = None
    """The provider's time of this reading. None where nothing was read."""
    has_manifest: bool = True
    """Whether a manifest still wants it."""
    cost: SpentCost | None = None
    """What its calls have cost. None: its provider has no price, or nothing is known of its people."""

    @property
    def in_flight(self) -> int:
        """People who are being called now."""
        return self.counts.in_flight

    @property
    def is_over(self) -> bool:
        """Whether nobody at it is to be called any more."""
        return self.state.state is State.OVER

    @property
    def needs_person(self) -> bool:
        """Whether somebody has to decide something."""
        return bool(self.block or self.unsure or self.unseen or self.not_taken_off)


def read_status(session: Session, selection: Selection) -> list[AddressStatus]:
    """The status of the selected addresses. Raises UsageError for an address that is not known."""
    observations = observe_selected(session, selection)
    costs, hours_counts = read_costs(session, observations), count_known_hours(session, observations)
    statuses = [with_hours(summarize(observation), hours_counts) for observation in observations]
    return [replace(status, cost=costs.get(status.address)) for status in statuses]


def with_hours(status: AddressStatus, hours_counts: HoursCounts) -> AddressStatus:
    """Add how many calls began outside calling hours."""
    timed, outside = hours_counts.get(status.address, (0, 0))
    return replace(status, counts=replace(status.counts, timed=timed, outside_hours=outside))


def summarize(observation: Observation) -> AddressStatus:
    """Count the people of one address, and find what it is doing."""
    facts = observation.facts
    if is_unknown(observation):
        count = facts.resource.recipients.count if facts.resource else facts.resource_record.count
        return AddressStatus(
            address=facts.address,
            people=count,
            state=AddressState(State.BLOCKED),
            block=observation.block,
            has_manifest=facts.resource is not None,
        )
    people = standing.decide_all(facts).with_columns(standing_word(observation).alias("word"))
    dialed = people.filter(word="dialed")
    counts = count_people(people, facts.resource.recipients.excluded_counts if facts.resource else {})
    if observation.block is not None:
        counts = replace(counts, due=0, later={})  # whoever was due waits for the way out of the block
    stuck = stuck_people(facts)
    stuck_warnings = [f"{describe_stuck(facts, stuck)}; {hint_stuck(facts, stuck)}"] if len(stuck) else []
    unread_lists = list_unread(facts.resource) if facts.resource else []
    return AddressStatus(
        address=facts.address,
        people=len(people) or facts.resource_record.count,  # a tombstone whose provider is gone has no rows
        state=find_state(observation, people, counts),
        counts=counts,
        standing=count_values(people.get_column("word")),
        outcomes=count_values(dialed.filter(pl.col("phase") != Phase.IN_FLIGHT).get_column("outcome")),
        remote_ids=tuple(facts.remotes),
        unsure=tuple(facts.open_intents()),
        is_wanted=facts.is_desired and facts.timing is not Timing.EXPIRED,
        candidates=observation.candidates,
        unseen=len(facts.resource_record.unseen),
        unnamed=sum(remote_record.count for remote_record in facts.unnamed_batches().values()),
        not_taken_off=len(stuck),
        warnings=(*unread_lists, *stuck_warnings, *notices.doubt_notices(facts), *endless_notices(facts)),
        block=observation.block,
        seen_at=facts.now if facts.now > EARLIEST_TIME else None,
        has_manifest=facts.resource is not None,
    )
