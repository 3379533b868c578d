"""A request meets the world: faults, the key, late effects, the operation, the log; out comes what to send back.

One transaction a request. It knows no transport: what it hands out is a value that any host can carry out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from declarative.sandbox import faults
from declarative.sandbox.admission import settle
from declarative.sandbox.callingbox import calls as callingbox
from declarative.sandbox.cartesia import batches as cartesia
from declarative.sandbox.faults import FaultEffects, Status
from declarative.sandbox.request import ApiError, ApiResponse, Asked, Knobs, Operation, RequestContext
from declarative.sandbox.world import Moment, World, organisation, organisations

LOGGED = 10_000


class Provider(NamedTuple):
    """What tells one API from the other: its routes, where its key is, how it says no."""

    operations: Sequence[Operation]
    api_key: Callable[[Asked], str]
    error: Callable[[Asked, ApiError], ApiResponse]


PROVIDERS = {
    "cartesia": Provider(cartesia.OPERATIONS, cartesia.api_key, cartesia.error),
    "callingbox": Provider(callingbox.OPERATIONS, callingbox.api_key, callingbox.error),
}
_OPERATIONS: dict[tuple[str, str], Operation] = {
    (provider, one.name): one for provider, face in PROVIDERS.items() for one in face.operations
}


@dataclass(frozen=True, slots=True)
class Reply:
    """What a host does: wait `delay` real seconds, then send; `answer` None closes the connection without a word.

    `truncate` closes it after so many bytes of the body. `at` is the world's time, for the Date header.
    """

    at: float
    answer: ApiResponse | None
    truncate: int | None = None
    delay: float = 0.0


def perform(world: World, asked: Asked) -> Reply:
    """Do what is asked, as far as the fault rules let it."""
    with world.moment() as moment:
        catch_up(moment)
        wrong = faults.trouble(moment, asked)
        answer = _troubled(moment, asked, wrong)
        sent = None if wrong.lost == "answer" else answer
        _log(moment, asked, None if sent is None else sent.status)
    return Reply(moment.now, sent, wrong.truncate, wrong.delay)


def catch_up(moment: Moment) -> None:
    """Requests whose effect was to land late land when their time has come, checked as of then."""
    rows = moment.db.execute("SELECT seq, due, asked FROM late WHERE due <= ? ORDER BY due, seq", (moment.now,))
    for seq, due, packed in rows.fetchall():
        moment.db.execute("DELETE FROM late WHERE seq = ?", (seq,))
        _answer(moment.at(due), Asked.unpack(packed), Knobs())


def settle_all(moment: Moment) -> None:
    """Everything that should have happened by now has happened."""
    catch_up(moment)
    for org in organisations(moment):
        settle(moment, org)


def _troubled(moment: Moment, asked: Asked, wrong: FaultEffects) -> ApiResponse | None:
    if wrong.lost == "request":
        return None
    if wrong.late is not None:
        moment.db.execute("INSERT INTO late (due, asked) VALUES (?, ?)", (moment.now + wrong.late, asked.packed()))
        return None
    if wrong.status is not None and not wrong.status.effect:
        return _told(asked, wrong.status)
    answer = _answer(moment, asked, wrong.knobs)
    return _told(asked, wrong.status) if wrong.status is not None else _changed(answer, wrong)


def _told(asked: Asked, status: Status) -> ApiResponse:
    headers = dict(status.headers or {})
    if status.body is not None:
        return ApiResponse(status.code, status.body, headers)
    refusal = ApiError(status.code, f"the sandbox was told to answer {status.code}")
    return replace(PROVIDERS[asked.provider].error(asked, refusal), headers=headers)


def _answer(moment: Moment, asked: Asked, knobs: Knobs) -> ApiResponse:
    provider = PROVIDERS[asked.provider]
    operation = _OPERATIONS[asked.provider, asked.operation]
    try:
        # The health probe needs no key.
        key = "" if operation.path == "/" else provider.api_key(asked)
        org = organisation(moment, key)
        settle(moment, org)
        return operation.handle(RequestContext(asked, moment, org, knobs))
    except ApiError as refusal:
        return provider.error(asked, refusal)


def _changed(answer: ApiResponse, wrong: FaultEffects) -> ApiResponse:
    if answer.status >= 300 or isinstance(answer.body, str):
        return answer
    body = answer.body
    if isinstance(body, list):
        body = body[: wrong.cap]
    elif wrong.drop_members and "recipients" in body:
        body = body | {"recipients": body["recipients"][: -wrong.drop_members]}
    if wrong.edit_items is not None:
        body = _items_edited(body, wrong.edit_items)
    if wrong.as_data and isinstance(body, list):
        body = {"data": body}
    if wrong.edit is not None:
        body = _merged(body, wrong.edit)
    return replace(answer, body=body)


def _items_edited(body: Any, patch: Any) -> Any:
    if isinstance(body, list):
        return [_merged(one, patch) for one in body]
    lists = {name: body[name] for name in ("data", "recipients", "calls") if name in body}
    return body | {name: [_merged(one, patch) for one in value] for name, value in lists.items()}


def _merged(target: Any, patch: Any) -> Any:
    """JSON merge patch (RFC 7396)."""
    if not isinstance(patch, Mapping):
        return patch
    made = dict(target) if isinstance(target, Mapping) else {}
    for name, value in patch.items():
        if value is None:
            made.pop(name, None)
        else:
            made[name] = _merged(made.get(name), value)
    return made


def _log(moment: Moment, asked: Asked, status: int | None) -> None:
    row = moment.db.execute(
        "INSERT INTO request (method, path, operation, status, at) VALUES (?, ?, ?, ?, ?) RETURNING seq",
        (asked.method, asked.path, asked.operation, status, moment.now),
    ).fetchone()
    moment.db.execute("DELETE FROM request WHERE seq <= ?", (row[0] - LOGGED,))
