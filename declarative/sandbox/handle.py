"""Handles one request: late effects, fault rules, the key, the operation, the log. Returns what to send back.

Each request is one transaction. It knows no transport: a Reply is a value that any host can send.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import NamedTuple

from declarative.sandbox import faults
from declarative.sandbox.admission import admit_waiting
from declarative.sandbox.answer_edits import edit_answer, edit_request
from declarative.sandbox.callingbox import calls as callingbox
from declarative.sandbox.cartesia import batches as cartesia
from declarative.sandbox.elevenlabs import api as elevenlabs
from declarative.sandbox.elevenlabs import requests as elevenlabs_requests
from declarative.sandbox.faults import FaultEffects, StatusOverride
from declarative.sandbox.request import ApiError, ApiRequest, ApiResponse, Knobs, Operation, RequestContext
from declarative.sandbox.retell import api as retell
from declarative.sandbox.retell import requests as retell_requests
from declarative.sandbox.telnyx import api as telnyx
from declarative.sandbox.twilio import api as twilio
from declarative.sandbox.twilio import requests as twilio_requests
from declarative.sandbox.vapi import api as vapi
from declarative.sandbox.vapi import requests as vapi_requests
from declarative.sandbox.world import Moment, World, list_organisations, open_organisation

LOGGED = 10_000
"""Requests kept in the log, the newest ones."""


class ProviderApi(NamedTuple):
    """What differs between the APIs: routes, where the key is, the form of errors."""

    operations: Sequence[Operation]
    """Its routes."""
    api_key: Callable[[ApiRequest], str]
    """Returns the key of a request; raises ApiError 401."""
    error_response: Callable[[ApiRequest, ApiError], ApiResponse]
    """Renders an ApiError in the provider's own form."""
    prefix: str = ""
    """What the vendor's base URL puts before every route."""


PROVIDERS = {
    "cartesia": ProviderApi(cartesia.OPERATIONS, cartesia.api_key, cartesia.error_response),
    "callingbox": ProviderApi(callingbox.OPERATIONS, callingbox.api_key, callingbox.error_response),
    "elevenlabs": ProviderApi(elevenlabs.OPERATIONS, elevenlabs_requests.api_key, elevenlabs_requests.error_response),
    "telnyx": ProviderApi(telnyx.OPERATIONS, telnyx.api_key, telnyx.error_response, telnyx.PREFIX),
    "vapi": ProviderApi(vapi.OPERATIONS, vapi_requests.api_key, vapi_requests.error_response),
    "retell": ProviderApi(retell.OPERATIONS, retell_requests.api_key, retell_requests.error_response),
    "twilio": ProviderApi(twilio.OPERATIONS, twilio_requests.api_key, twilio_requests.error_response),
}
_OPERATIONS: dict[tuple[str, str], Operation] = {
    (provider, operation.name): operation for provider, api in PROVIDERS.items() for operation in api.operations
}


@dataclass(frozen=True, slots=True)
class Reply:
    """What a host does with a connection: wait, send, perhaps close it early."""

    world_time: float
    """The sandbox's time for the Date header, in seconds since the epoch."""
    response: ApiResponse | None
    """What to send; None closes the connection without an answer."""
    truncate: int | None = None
    """Bytes of the body after which to close the connection; None sends all."""
    delay: float = 0.0
    """Real seconds to wait before sending."""
    trickle: float = 0.0
    """Real seconds to wait after each byte of the body."""
    pad_mb: int = 0
    """Megabytes of blanks to send after the body."""


def perform(world: World, request: ApiRequest) -> Reply:
    """Carry the request out, as far as the fault rules allow, and log it."""
    with world.moment() as moment:
        apply_late_requests(moment)
        effects = faults.match_rules(moment, request)
        response = _respond_with_faults(moment, edit_request(request, effects), effects)
        delivered = None if effects.lost == "answer" else response
        _log_request(moment, request, None if delivered is None else delivered.status)
    date = moment.now + effects.date_shift
    return Reply(date, delivered, effects.truncate, effects.delay, effects.trickle, effects.pad_mb)


def apply_late_requests(moment: Moment) -> None:
    """Carry out delayed requests that are due, each as if it arrived at its due time."""
    rows = moment.db.execute("SELECT seq, due, asked FROM late WHERE due <= ? ORDER BY due, seq", (moment.now,))
    for seq, due, blob in rows.fetchall():
        moment.db.execute("DELETE FROM late WHERE seq = ?", (seq,))
        _respond(moment.with_time(due), ApiRequest.unpack(blob), Knobs())


def catch_up(moment: Moment) -> None:
    """Bring the world up to now: late requests, then admissions of every organisation."""
    apply_late_requests(moment)
    for org in list_organisations(moment):
        admit_waiting(moment, org)


def _respond_with_faults(moment: Moment, request: ApiRequest, effects: FaultEffects) -> ApiResponse | None:
    if effects.lost == "request":
        return None
    if effects.late is not None:
        _postpone(moment, request, effects.late)
        return None
    if effects.copy is not None:
        _postpone(moment, request, effects.copy)
    if effects.status is not None and not effects.status.effect:
        return _status_response(request, effects.status)
    if effects.effect_after is None:
        response = _respond(moment, request, effects.knobs)
    else:
        response = _respond_before_effect(moment, request, effects)
    return _status_response(request, effects.status) if effects.status is not None else edit_answer(response, effects)


def _postpone(moment: Moment, request: ApiRequest, seconds: float) -> None:
    moment.db.execute("INSERT INTO late (due, asked) VALUES (?, ?)", (moment.now + seconds, request.pack()))


def _respond_before_effect(moment: Moment, request: ApiRequest, effects: FaultEffects) -> ApiResponse:
    """Answer as if the request were carried out now. It is carried out later, or never."""
    moment.db.execute("SAVEPOINT answer")
    response = _respond(moment, request, effects.knobs)
    moment.db.execute("ROLLBACK TO answer")
    moment.db.execute("RELEASE answer")
    if effects.effect_after is not None and effects.effect_after != "never" and response.status < 300:
        _postpone(moment, request, effects.effect_after)
    return response


def _status_response(request: ApiRequest, override: StatusOverride) -> ApiResponse:
    headers = dict(override.headers or {})
    if override.body is not None:
        return ApiResponse(override.code, override.body, headers)
    if override.gateway:
        return ApiResponse(override.code, _gateway_page(override.code), {"Content-Type": "text/html"} | headers)
    api_error = ApiError(override.code, f"the sandbox was told to answer {override.code}")
    return replace(PROVIDERS[request.provider].error_response(request, api_error), headers=headers)


def _gateway_page(code: int) -> str:
    reason = HTTPStatus(code).phrase if code in list(HTTPStatus) else "Unknown"
    title = f"{code} {reason}"
    return f"<html><head><title>{title}</title></head><body><h1>{title}</h1><hr>gateway</body></html>\n"


def _respond(moment: Moment, request: ApiRequest, knobs: Knobs) -> ApiResponse:
    api = PROVIDERS[request.provider]
    operation = _OPERATIONS[request.provider, request.operation]
    try:
        # The health probe needs no key.
        key = "" if operation.path == "/" else api.api_key(request)
        org = open_organisation(moment, key)
        admit_waiting(moment, org)
        return operation.handle(RequestContext(request, moment, org, knobs))
    except ApiError as api_error:
        return api.error_response(request, api_error)


def _log_request(moment: Moment, request: ApiRequest, status: int | None) -> None:
    row = moment.db.execute(
        "INSERT INTO request (method, path, operation, status, at) VALUES (?, ?, ?, ?, ?) RETURNING seq",
        (request.method, request.path, request.operation, status, moment.now),
    ).fetchone()
    moment.db.execute("DELETE FROM request WHERE seq <= ?", (row[0] - LOGGED,))
