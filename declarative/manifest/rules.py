"""Rules of one resource that no schema can say. Each reads values that the schema found sound, and gives
Problems."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

from declarative.errors import Problem
from declarative.manifest import durations as times
from declarative.manifest.document import Document
from declarative.manifest.messages import did_you_mean, join_names, quoted
from declarative.manifest.project import Origin
from declarative.manifest.schema import Shape
from declarative.model.capabilities import Capabilities
from declarative.model.policy import PRE_DIAL, Retry
from declarative.model.resource import Route

Values = Mapping[str, Origin]


def missing(
    document: Document, shape: Shape, written: Mapping[str, object], values: Values, provider: str
) -> Iterator[Problem]:
    """Fields that neither the resource nor any default gives. One that is written wrongly is not missing."""
    for name in shape.required:
        if name not in values and name not in written:
            where = f"or under spec.providers.{provider}.defaults in the Project"
            hint = "who is to be rung" if name == "to_number" else f"set it here, {where}"
            yield document.problem(("spec",), f'missing field "{name}"', hint)


def moment(values: Values, name: str, problems: list[Problem]) -> datetime | None:
    origin = values.get(name)
    if origin is None:
        return None
    try:
        return times.moment(origin.value)
    except ValueError as error:
        problems.append(origin.problem(f"{quoted(origin.value)} is no date and time: {error}"))
        return None


def expiry(values: Values, scheduled: datetime | None, expires: datetime | None) -> Iterator[Problem]:
    if scheduled and expires and expires <= scheduled:
        message = f"expires_at is not after scheduled_at ({times.stamp(scheduled)})"
        yield values["expires_at"].problem(message, "nobody could ever be rung")


def retry(values: Values, abilities: Capabilities, provider: str, problems: list[Problem]) -> Retry | None:
    origin = values.get("retry")
    if origin is None:
        return None
    known, words = [*sorted(abilities.outcomes), PRE_DIAL], origin.value.get("on", ())
    for index, word in enumerate(words):
        if word is not None and word not in known:
            message = f"{quoted(word)} is no outcome of {provider}"
            problems.append(origin.problem(message, did_you_mean(word, known) or _known(known), inner=("on", index)))
    try:
        after = times.duration(origin.value.get("after", "0s"))
    except ValueError as error:
        problems.append(origin.problem(f"{quoted(origin.value['after'])} is {error}", inner=("after",)))
        after = timedelta()
    return Retry(origin.value.get("max_retries", 0), frozenset(words), after)


def route_fits(values: Values, route: Route, provider: str) -> Iterator[Problem]:
    """Fields that only make sense on the other route."""
    if route is Route.CALL and "also" in values:
        yield values["also"].problem(f"also names remote batches, and {provider} has none for this resource")
    if route is Route.BATCH and "pace" in values:
        message = f"pace is for single calls; {provider} works off a batch by itself"
        yield values["pace"].problem(message, "target_concurrency_limit bounds the calls at once")


def _known(words: list[str]) -> str:
    return f"known are: {join_names(words)}"
