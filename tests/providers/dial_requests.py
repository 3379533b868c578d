"""Every request that dials, as data: how it is sent, how answered well, how its provider words an error."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import httpx

from declarative.model.resource import Json, Route
from declarative.providers.base import Channel, Outcome

from .scripted_provider import MARK, answering, batch, open_exchange, submission


@dataclass(frozen=True)
class Request:
    """A request that dials, how its provider words an error, and what a good answer holds."""

    name: str
    type_name: str
    version: str | None
    route: Route
    send: Callable[[Channel], Outcome]
    good: Json
    structured: bool = True

    def error(self, status: int, message: str, **headers: str) -> httpx.Response:
        if self.type_name == "retell":
            return httpx.Response(status, json={"status": "error", "message": message}, headers=headers)
        if self.type_name == "twilio":
            code = {401: 20003, 404: 20404, 429: 20429}.get(status, 20001)
            body = {"code": code, "message": message, "more_info": "https://www.twilio.com/docs", "status": status}
            return httpx.Response(status, json=body, headers=headers)
        if self.type_name == "callingbox":
            return httpx.Response(status, json={"error": message}, headers=headers)
        if not self.structured:
            return httpx.Response(status, text=f"Bad Request: {message}", headers=headers)
        body = {"error_code": None, "title": "Invalid request", "message": message, "request_id": "r-1"}
        return httpx.Response(status, json=body, headers=headers)


def submit(channel: Channel) -> Outcome:
    return channel.submit(submission())


def retry(channel: Channel) -> Outcome:
    return channel.retry("acb_1")


ITEM: dict[str, Json] = {"number": "+14155550101", "agent_call_id": "ac_1"}
CREATE = Request("create batch", "cartesia", "2026-03-01", Route.BATCH, submit, batch())
RETRY = Request("retry batch", "cartesia", "2026-08-14", Route.BATCH, retry, batch(retry_count=1))
PLACE = Request("place call", "cartesia", "2026-03-01", Route.CALL, submit, {"calls": [ITEM]})
PLACE_NEW = Request("place call, variables", "cartesia", "2026-08-14", Route.CALL, submit, {"calls": [ITEM]})
LEGACY = Request("legacy call", "cartesia", "2025-04-16", Route.CALL, submit, {"call_id": "ac_1"}, False)
BOX = Request("callingbox", "callingbox", None, Route.CALL, submit, {"id": "c-1", "status": "queued"})
PHONE_CALL: dict[str, Json] = {
    "call_id": "call_1",
    "call_status": "registered",
    "to_number": "+14155550101",
    "metadata": {"dialctl": str(MARK)},
}
PHONE = Request("retell", "retell", None, Route.CALL, submit, PHONE_CALL)
QUEUED_CALL: dict[str, Json] = {
    "sid": "CA00000000000000000000000000000001",
    "to": "+14155550101",
    "from": "+12025550100",
    "status": "queued",
    "direction": "outbound-api",
    "date_created": "Sun, 14 Jun 2026 12:00:00 +0000",
    "start_time": None,
    "queue_time": "1000",
}
QUEUED = Request("twilio", "twilio", None, Route.CALL, submit, QUEUED_CALL)
REQUESTS = [CREATE, RETRY, PLACE, PLACE_NEW, LEGACY, BOX, PHONE, QUEUED]


def outcome(request: Request, answer: httpx.Response | Exception) -> Outcome:
    exchange = open_exchange(answering(answer), request.type_name, request.version)
    sorted_as = request.send(exchange.channel(request.route))
    assert len(exchange.sent) == 1, "a request that dials is sent exactly once"
    assert exchange.pauses == []
    return sorted_as
