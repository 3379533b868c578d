"""The terms of new people and how long their calls take, as sentences. Text from elsewhere comes out clean."""

from __future__ import annotations

from datetime import timedelta
from math import ceil

from declarative import humanize
from declarative.model.price import Money, add_money
from declarative.planning.plan import Action, Plan
from declarative.planning.terms import Forecast, Terms
from declarative.privacy import clean

_ID_LENGTH = 10
"""Characters of an id that are shown beside a name."""


def describe_terms(terms: Terms, plan: Plan) -> str:
    """Say by whom people are called, from which number, when, how often and until when.

    `agent Spring Offer (agent_Fo7p…) from +1415•••0100 · hours 09:00–20:00 own zone · 2 retries after 4h`
    """
    parts = [
        _describe_caller(terms),
        f"hours {terms.hours}" if terms.hours else "",
        _describe_retries(terms) if terms.retries else "",
        terms.frequency,
        f"steps {terms.rollout}" if terms.rollout else "",
        f"halts when {terms.halts_when}" if terms.halts_when else "",
        f"expires {humanize.when(terms.expires_at, plan.created_at)}" if terms.expires_at else "",
    ]
    return " · ".join(filter(None, parts))


def _describe_caller(terms: Terms) -> str:
    agent_id, agent_name = clean(terms.agent_id), clean(terms.agent_name)
    agent = f"{agent_name} ({_shorten_id(agent_id)})" if agent_name and agent_id else agent_name or agent_id
    number = terms.caller or clean(terms.caller_id)
    return " ".join(filter(None, [f"agent {agent}" if agent else "", f"from {number}" if number else ""]))


def _shorten_id(text: str) -> str:
    return text if len(text) <= _ID_LENGTH else f"{text[:_ID_LENGTH]}…"


def _describe_retries(terms: Terms) -> str:
    after = f" after {humanize.duration(timedelta(seconds=terms.retry_after))}" if terms.retry_after >= 60 else ""
    return f"{humanize.plural(terms.retries, 'retry', 'retries')}{after}"


def describe_forecast(action: Action, plan: Plan) -> str:
    """Say how long the calls of an action take, and what they cost: `about 1 minute at 1 call a second: through by
    16:01 UTC, about 8 USD`. Empty where neither is worth saying."""
    forecast = action.forecast
    if forecast is None:
        return ""
    cost = f"about {forecast.cost.roughly}" if forecast.cost else ""
    return ", ".join(filter(None, [_describe_time(forecast, plan) if action.people > 1 else "", cost]))


def sum_costs(plan: Plan) -> list[Money]:
    """Add up what the calls of a plan cost, one amount for each currency; empty without a price."""
    return add_money(action.forecast.cost for action in plan.actions if action.forecast and action.forecast.cost)


def _describe_time(forecast: Forecast, plan: Plan) -> str:
    if forecast.seconds is None or forecast.ends_at is None:
        return ""
    hours, minutes = divmod(max(ceil(forecast.seconds / 60), 1), 60)
    parts = [humanize.plural(hours, "hour", "hours")] if hours else []
    parts += [humanize.plural(minutes, "minute", "minutes")] if minutes else []
    ends_at = forecast.ends_at + timedelta(seconds=59)  # the minute in which it is over, or the next
    is_today = ends_at.date() == plan.created_at.date()
    end = f"{ends_at:%H:%M} UTC" if is_today else humanize.when(ends_at, plan.created_at)
    return f"about {' '.join(parts)} at {forecast.limit}: through by {end}"
