"""What a reader approves beside the people: by whom they are called, from which number, when, how often, and how long
it takes. Values for people to read; they decide nothing. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil

from declarative import humanize
from declarative.model.calling_hours import EVERY_DAY, RECIPIENT, WEEKDAYS, CallingHours
from declarative.model.capabilities import Capabilities
from declarative.model.policy import Frequency, HaltWhen, Rollout
from declarative.model.price import Money, Price
from declarative.model.resource import Resource, Route
from declarative.privacy import mask


@dataclass(frozen=True, kw_only=True)
class Terms:
    """By whom the people of an action are called, from which number, when and how often."""

    agent_id: str = ""
    """The agent's id; empty where the resource names none, or a variable brought it into a saved plan."""
    agent_name: str = ""
    """The agent's name at the provider; empty where it was not looked up."""
    caller_id: str = ""
    """The id of the number that calls; empty as `agent_id` is."""
    caller: str = ""
    """The number that calls, masked; empty where it was not looked up."""
    hours: str = ""
    """The calling hours: `09:00-20:00 own zone`; empty for any hour."""
    retries: int = 0
    """How many more calls a person who was not reached gets, at most."""
    retry_after: int = 0
    """Seconds that pass before such a call."""
    rollout: str = ""
    """The steps of a rollout: `50, 10 %, everyone, 30m apart`; empty where all people are submitted at once."""
    frequency: str = ""
    """How often a number is called by the whole project: `at most 1 call a number in 24h`; empty without a limit."""
    halts_when: str = ""
    """When it stops by itself: `more than 20 % failed`; empty where it does not."""
    expires_at: datetime | None = None
    """No call is begun after it. None: never."""


@dataclass(frozen=True, kw_only=True)
class Forecast:
    """How long the calls of an action take, as far as pace and concurrency are known, and what they cost."""

    seconds: int | None = None
    """From the first call to the last one begun. None: nothing that is known limits them."""
    ends_at: datetime | None = None
    """When the last one begins, aware UTC; None as `seconds` is."""
    limit: str = ""
    """What sets the pace: `1 call a second`; empty as `seconds` is None."""
    cost: Money | None = None
    """What they cost if each lasts as long as is expected. None: the provider has no price."""


def make_terms(resource: Resource, names: Mapping[str, str]) -> Terms:
    """Return the terms of a resource. `names` has an agent's name, or a number, masked, by its id in settings."""
    fields, settings = resource.fields, resource.settings
    agent_id, caller_id = fields.agent_of(settings), fields.caller_id_of(settings)
    own_number = fields.caller_of(settings)
    retry, hours = resource.retry, resource.policy.calling_hours
    return Terms(
        agent_id=agent_id,
        agent_name=names.get(agent_id, ""),
        caller_id=caller_id,
        caller=mask(own_number) if own_number else names.get(caller_id, ""),
        hours=_describe_hours(hours) if hours else "",
        retries=retry.max_retries if retry else 0,
        retry_after=int(retry.after.total_seconds()) if retry else 0,
        rollout=_describe_rollout(resource.rollout) if resource.rollout else "",
        frequency=_describe_frequency(resource.policy.frequency) if resource.policy.frequency else "",
        halts_when=_describe_halt(resource.halt_when) if resource.halt_when else "",
        expires_at=resource.expires_at,
    )


def _describe_rollout(rollout: Rollout) -> str:
    steps = [str(step) for step in rollout.steps if str(step) != "100 %"]
    pause = humanize.duration(rollout.pause)
    return ", ".join([*steps, "everyone", *([f"{pause} apart"] if rollout.pause else [])])


def _describe_frequency(frequency: Frequency) -> str:
    calls = humanize.plural(frequency.max, "call", "calls")
    return f"at most {calls} a number in {humanize.duration(frequency.per)}"


def _describe_halt(rule: HaltWhen) -> str:
    parts = [f"more than {rule.failed_above:g} % failed"] if rule.failed_above is not None else []
    parts += [f"fewer than {rule.reached_below:g} % were reached"] if rule.reached_below is not None else []
    return f"{' or '.join(parts)}, of {rule.of_at_least:,} or more"


def _describe_hours(hours: CallingHours) -> str:
    """`Mon–Fri 09:00–12:00 and 13:00–18:00 own zone, except holidays of US and 1 date`"""
    texts: list[str] = []
    days_before: frozenset[int] = EVERY_DAY
    for window in hours.windows:
        days = "" if window.days == days_before else f"{_describe_days(window.days)} "
        days_before = window.days
        texts.append(f"{days}{window.start:%H:%M}–{window.end:%H:%M}")
    zone = "own zone" if hours.zone == RECIPIENT else hours.zone
    holidays = f"holidays of {', '.join(sorted(hours.holidays))}" if hours.holidays else ""
    dates = humanize.plural(len(hours.dates), "date", "dates") if hours.dates else ""
    exceptions = " and ".join(filter(None, [holidays, dates]))
    return f"{' and '.join(texts)} {zone}{f', except {exceptions}' if exceptions else ''}"


def _describe_days(days: frozenset[int]) -> str:
    """`Mon–Fri` for three days or more in a row, `Mon, Wed` for others."""
    names = [name.capitalize() for name in WEEKDAYS]
    places = sorted(days)
    if len(places) == len(names):
        return "all days"
    if len(places) > 2 and places[-1] - places[0] == len(places) - 1:
        return f"{names[places[0]]}–{names[places[-1]]}"
    return ", ".join(names[place] for place in places)


def make_forecast(
    resource: Resource, people: int, capabilities: Capabilities, starts_at: datetime, price: Price | None = None
) -> Forecast | None:
    """Return how long it takes to begin so many calls from `starts_at` on, and what they cost. None where nothing known
    limits them, and there is no price."""
    cost = price.cost(people, people * resource.expected_call) if price else None
    limits = [
        *_pace_limit(resource, people, capabilities),
        *_concurrency_limit(resource, people, capabilities),
    ]
    if not limits:
        return Forecast(cost=cost) if cost else None
    duration, limit = max(limits)
    return Forecast(seconds=ceil(duration.total_seconds()), ends_at=starts_at + duration, limit=limit, cost=cost)


def _pace_limit(resource: Resource, people: int, capabilities: Capabilities) -> list[tuple[timedelta, str]]:
    is_batch = resource.route is Route.BATCH
    pace = capabilities.per_second if is_batch else resource.pace.calls_per_second
    if not pace:
        return []
    return [(timedelta(seconds=(people - 1) / pace), f"{pace:g} {'call' if pace == 1 else 'calls'} a second")]


def _concurrency_limit(resource: Resource, people: int, capabilities: Capabilities) -> list[tuple[timedelta, str]]:
    if resource.route is Route.BATCH:
        shards = ceil(people / capabilities.max_people)
        limit = resource.fields.at_once_of(resource.settings)
    else:
        shards, limit = 1, resource.pace.max_in_flight
    if limit is None or limit < 1:
        return []
    at_once = shards * limit
    minutes = f"{resource.expected_call / timedelta(minutes=1):g} minutes"
    words = f"{at_once:,} calls at once, {minutes} each" if at_once > 1 else f"one call of {minutes} after the other"
    return [((ceil(people / at_once) - 1) * resource.expected_call, words)]
