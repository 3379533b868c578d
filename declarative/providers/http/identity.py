"""An answer is believed only where it is about the thing that was asked for: a known one by its id, a new one by our
mark. The same for every channel that creates what can be cancelled."""

from __future__ import annotations

from collections.abc import Callable

from declarative.model.mark import Mark
from declarative.model.remote import Remote
from declarative.model.resource import Json
from declarative.providers.base import Ambiguous, Done, MarkMissing, Outcome
from declarative.providers.http.client import HttpClient
from declarative.providers.http.clock import Clock
from declarative.providers.http.outcomes import Answer
from declarative.providers.http.parse import dict_or_empty


def read_by_id(
    client: HttpClient, path: str, thing_id: str, noun: str, *, query: str = "", id_field: str = "id"
) -> dict[str, Json] | None:
    """Read one thing; None where the provider says that it does not know the id. `noun` says what it is: `batch`.
    Raises ProviderError, also for an answer about something else."""
    answer = client.get_or_none(f"{path}{query}")
    if answer is None:
        return None
    thing = dict_or_empty(answer)
    if thing.get(id_field) != thing_id:
        raise client.failure(path, f"answered with something else than this {noun}")
    return thing


def classify_creation(answer: Answer, remote: Remote, submitted_mark: Mark, clock: Clock | None, noun: str) -> Outcome:
    """Return Done only for an answer with an id to cancel by and our own mark. `remote` is what it shows; `clock` takes
    the time of its creation (None: the answer repeats an earlier one)."""
    if not remote.id:
        article = "an" if noun[0] in "aeiou" else "a"
        return Ambiguous(f"answered {answer.status} without the id of {article} {noun}")
    # Protocol 4: what bears no mark of ours could never be found again, so the engine cancels it at once. What bears
    # another mark is another thing, which must not be cancelled for that.
    if remote.mark is not None and remote.mark != submitted_mark:
        return Ambiguous(f"answered {answer.status} with another {noun} than was sent")
    if clock is not None:
        clock.record_creation(answer.headers, remote.created_at)
    return Done(remote) if remote.mark is not None else MarkMissing(remote)


def classify_update(
    answer: Answer, thing_id: str, parse: Callable[[dict[str, Json]], Remote], noun: str, *, id_field: str = "id"
) -> Outcome:
    """Return Done, with the thing as it is now, only where the answer to a retry or a cancel is about this thing."""
    thing = dict_or_empty(answer.data)
    if thing.get(id_field) != thing_id:
        return Ambiguous(f"answered {answer.status} without the {noun} that was asked for")
    return Done(parse(thing))
