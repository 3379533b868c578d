"""Rules of one resource that a schema cannot express. Each reads values that the schema has accepted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

from declarative.errors import Problem
from declarative.manifest.document import DocumentSection, Origin
from declarative.manifest.durations import format_moment, parse_duration, parse_moment
from declarative.manifest.messages import name_unseen, quote, suggest
from declarative.manifest.problems import ProblemCollector
from declarative.manifest.schema import Shape
from declarative.model.capabilities import Capabilities
from declarative.model.policy import PRE_DIAL, HaltWhen, Retry, Rollout, Step
from declarative.model.resource import Route
from declarative.model.settings_fields import SettingsFields

Values = Mapping[str, Origin]
"""The fields of a resource by name, its own and the defaults."""


def report_missing_fields(
    section: DocumentSection, shape: Shape, written_fields: Mapping[str, object], values: Values, provider: str
) -> None:
    """Report required fields that neither the resource nor a default gives. A field that is written wrongly is not
    missing. The section is the spec."""
    for name in shape.required:
        if name not in values and name not in written_fields:
            defaults_place = f"or under spec.providers.{provider}.defaults in the Project"
            hint = "the phone number to call" if name == "to_number" else f"set it here, {defaults_place}"
            section.report(f'missing field "{name}"', hint)


def agent_problems(section: DocumentSection, fields: SettingsFields, values: Values) -> Iterator[Problem]:
    """Find a resource with none or several of the fields that name who speaks, or say what happens, where its type has
    several."""
    names, meaning = (fields.script, "what happens in the call") if fields.script else (fields.agent, "who speaks")
    written = [name for name in names if name in values]
    if len(names) > 1 and not written:
        section.report(f'missing field "{names[0]}"', f"or {' or '.join(names[1:])}: {meaning}")
    for name in written[1:]:
        yield values[name].problem(f"{name} and {written[0]} both say {meaning}", "leave out one of them")


def unseen_character_problems(values: Values) -> Iterator[Problem]:
    """Find ids that hold a character which looks like another one or like nothing: no provider knows such an id."""
    for name, origin in values.items():
        if name.endswith("_id") or name in ("provider", "also"):
            for text in origin.value if isinstance(origin.value, list) else [origin.value]:
                if isinstance(text, str) and (unseen := name_unseen(text)):
                    yield origin.problem(f"{quote(text)} holds {unseen}", "type it anew, without copying")


def read_moment(values: Values, name: str, problems: ProblemCollector) -> datetime | None:
    """The moment of a field; None when it is not given or there is no such moment."""
    origin = values.get(name)
    if origin is None:
        return None
    try:
        return parse_moment(origin.value)
    except ValueError as error:
        problems.add(origin.problem(f"{quote(origin.value)} is not a date and time: {error}"))
        return None


def expiry_problems(values: Values, scheduled_at: datetime | None, expires_at: datetime | None) -> Iterator[Problem]:
    if scheduled_at and expires_at and expires_at <= scheduled_at:
        message = f"expires_at is not after scheduled_at ({format_moment(scheduled_at)})"
        yield values["expires_at"].problem(message, "no one could ever be called")


def read_retry(values: Values, capabilities: Capabilities, provider: str, problems: ProblemCollector) -> Retry | None:
    """The retry rule; None when there is none. Outcomes must be words that the provider uses."""
    origin = values.get("retry")
    if origin is None:
        return None
    outcomes, retry_outcomes = [*sorted(capabilities.outcomes), PRE_DIAL], origin.value.get("on", ())
    for index, outcome in enumerate(retry_outcomes):
        if outcome is not None and outcome not in outcomes:
            message = f"{quote(outcome)} is not an outcome of {provider}"
            problems.add(origin.problem(message, suggest(outcome, outcomes), inner=("on", index)))
    try:
        after = parse_duration(origin.value.get("after", "0s"))
    except ValueError as error:
        problems.add(origin.problem(f"{quote(origin.value['after'])} is {error}", inner=("after",)))
        after = timedelta()
    return Retry(origin.value.get("max_retries", 0), frozenset(retry_outcomes), after)


def read_expected_call(values: Values, default: timedelta, problems: ProblemCollector) -> timedelta:
    """How long a call is taken to last; `default` where it is not written, or wrong, which is reported."""
    origin = values.get("expected_call")
    if origin is None:
        return default
    try:
        if length := parse_duration(origin.value):
            return length
        problems.add(origin.problem("a call takes some time", "such as 3m"))
    except ValueError as error:
        problems.add(origin.problem(f"{quote(origin.value)} is {error}"))
    return default


def read_rollout(values: Values, problems: ProblemCollector) -> Rollout | None:
    """The steps of a campaign; None when there are none. Each must admit more people than the one before."""
    origin = values.get("rollout")
    if origin is None:
        return None
    try:
        pause = parse_duration(origin.value.get("pause", "0s"))
    except ValueError as error:
        problems.add(origin.problem(f"{quote(origin.value['pause'])} is {error}", inner=("pause",)))
        pause = timedelta()
    rollout = Rollout(tuple(_read_step(step) for step in origin.value.get("steps", ()) if step is not None), pause)
    index = rollout.find_disorder()
    if index is not None:
        message = f"step {rollout.steps[index]} admits nobody more than a step before it"
        hint = "each step includes those before it, such as [50, 500]"
        problems.add(origin.problem(message, hint, inner=("steps", index)))
    return rollout


def _read_step(step: int | str) -> Step:
    return Step(float(step.rstrip(" %")), is_share=True) if isinstance(step, str) else Step(step)


def read_halt_when(values: Values) -> HaltWhen | None:
    """When a campaign stops by itself; None when it does not."""
    origin = values.get("halt_when")
    if origin is None:
        return None
    shares = {name: float(text.strip("<>% ")) for name, text in origin.value.items() if isinstance(text, str)}
    at_least = origin.value.get("of_at_least") or HaltWhen.of_at_least
    return HaltWhen(shares.get("failed"), shares.get("reached"), at_least)


def route_problems(values: Values, route: Route, provider: str) -> Iterator[Problem]:
    """Find fields that only make sense on the other route."""
    if route is Route.CALL and "also" in values:
        yield values["also"].problem(f"also names remote batches, and {provider} has none for this resource")
    if route is Route.BATCH and "pace" in values:
        message = f"pace is for single calls; {provider} sets the pace of a batch by itself"
        yield values["pace"].problem(message, "target_concurrency_limit limits how many calls run at once")
