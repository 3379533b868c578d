"""Rules of one resource that no schema can say. Each reads values that the schema found sound, and gives
Problems."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

from declarative.errors import Problem
from declarative.manifest import durations as times
from declarative.manifest.document import Document
from declarative.manifest.messages import did_you_mean, join_names, quote
from declarative.manifest.project import Origin
from declarative.manifest.schema import Shape
from declarative.model.capabilities import Capabilities
from declarative.model.policy import PRE_DIAL, Retry
from declarative.model.resource import Route

Values = Mapping[str, Origin]


def missing_field_problems(
    document: Document, shape: Shape, written_fields: Mapping[str, object], values: Values, provider: str
) -> Iterator[Problem]:
    """Fields that neither the resource nor any default gives. One that is written wrongly is not missing."""
    for name in shape.required:
        if name not in values and name not in written_fields:
            other_place = f"or under spec.providers.{provider}.defaults in the Project"
            hint = "who is to be called" if name == "to_number" else f"set it here, {other_place}"
            yield document.problem(("spec",), f'missing field "{name}"', hint)


def parse_moment(values: Values, name: str, problems: list[Problem]) -> datetime | None:
    origin = values.get(name)
    if origin is None:
        return None
    try:
        return times.parse_moment(origin.value)
    except ValueError as error:
        problems.append(origin.problem(f"{quote(origin.value)} is no date and time: {error}"))
        return None


def expiry_problems(values: Values, scheduled_at: datetime | None, expires_at: datetime | None) -> Iterator[Problem]:
    if scheduled_at and expires_at and expires_at <= scheduled_at:
        message = f"expires_at is not after scheduled_at ({times.format_moment(scheduled_at)})"
        yield values["expires_at"].problem(message, "nobody could ever be called")


def read_retry(values: Values, capabilities: Capabilities, provider: str, problems: list[Problem]) -> Retry | None:
    origin = values.get("retry")
    if origin is None:
        return None
    outcomes, retry_outcomes = [*sorted(capabilities.outcomes), PRE_DIAL], origin.value.get("on", ())
    for index, outcome in enumerate(retry_outcomes):
        if outcome is not None and outcome not in outcomes:
            message = f"{quote(outcome)} is no outcome of {provider}"
            problems.append(
                origin.problem(message, did_you_mean(outcome, outcomes) or _list_known(outcomes), inner=("on", index))
            )
    try:
        after = times.parse_duration(origin.value.get("after", "0s"))
    except ValueError as error:
        problems.append(origin.problem(f"{quote(origin.value['after'])} is {error}", inner=("after",)))
        after = timedelta()
    return Retry(origin.value.get("max_retries", 0), frozenset(retry_outcomes), after)


def route_problems(values: Values, route: Route, provider: str) -> Iterator[Problem]:
    """Fields that only make sense on the other route."""
    if route is Route.CALL and "also" in values:
        yield values["also"].problem(f"also names remote batches, and {provider} has none for this resource")
    if route is Route.BATCH and "pace" in values:
        message = f"pace is for single calls; {provider} works off a batch by itself"
        yield values["pace"].problem(message, "target_concurrency_limit bounds the calls at once")


def _list_known(words: list[str]) -> str:
    return f"known are: {join_names(words)}"
