"""A provider whose answers a test writes, over httpx's own mock transport; and submissions to send to it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import httpx
import polars as pl

from declarative.model.mark import Mark
from declarative.model.remote import Remote
from declarative.model.resource import Json, ProviderSpec, Route
from declarative.providers import catalog
from declarative.providers.base import Channel, ConnectOptions, Provider, Submission
from declarative.providers.http.outcomes import Answer

KEY = "sk_car_ThisKeyMustNeverBeSeen42"
ACCOUNT = "AC00000000000000000000000000000001"
MARK = Mark("aaaaa", "bbbbbb", "ccccccc", 1, 1, 1, "ddddd")
SETTINGS: dict[str, Json] = {"agent_id": "agent_1", "from_number_id": "ap_1", "from_number": "+12025550100"}

Handler = Callable[[httpx.Request], httpx.Response]


@dataclass
class Exchange:
    """A connected provider, what was sent to it, and how long it paused between repeats."""

    provider: Provider
    sent: list[httpx.Request] = field(default_factory=list)
    pauses: list[float] = field(default_factory=list)

    def channel(self, route: Route) -> Channel:
        return self.provider.channels[route]


def pages_of(channel: Channel, agent_ids: Sequence[str]) -> list[list[Remote]]:
    """Every page of every list of the channel."""
    return [page for history in channel.list_pages(agent_ids) for page in history]


def environment(**other: str) -> dict[str, str]:
    return {
        "CARTESIA_API_KEY": KEY,
        "CALLINGBOX_API_KEY": KEY,
        "ELEVENLABS_API_KEY": KEY,
        "TELNYX_API_KEY": KEY,
        "VAPI_API_KEY": KEY,
        "RETELL_API_KEY": KEY,
        "TWILIO_ACCOUNT_SID": ACCOUNT,
        "TWILIO_AUTH_TOKEN": KEY,
        **other,
    }


def open_exchange(handler: Handler, type_name: str = "cartesia", version: str | None = None) -> Exchange:
    sent: list[httpx.Request] = []
    pauses: list[float] = []

    def answer(request: httpx.Request) -> httpx.Response:
        sent.append(request)
        return handler(request)

    provider = catalog.connect(
        ProviderSpec("main", type_name, version),
        ConnectOptions(environment=environment(), transport=httpx.MockTransport(answer), sleep=pauses.append),
    )
    return Exchange(provider, sent, pauses)


def answering(*answers: httpx.Response | Exception) -> Handler:
    """The answers one after the other; the last one for ever."""
    left = list(answers)

    def handler(_: httpx.Request) -> httpx.Response:
        answer = left.pop(0) if len(left) > 1 else left[0]
        if isinstance(answer, Exception):
            raise answer
        # A response object can be read once only.
        return httpx.Response(answer.status_code, headers=answer.headers, content=answer.content)

    return handler


def answer_of(response: httpx.Response) -> Answer:
    return Answer.from_body(response.status_code, response.headers, response.content)


def submission(
    people: Sequence[tuple[str, str | None]] = (("+14155550101", None),),
    settings: dict[str, Json] | None = None,
    scheduled_at: datetime | None = None,
    mark: Mark = MARK,
) -> Submission:
    return Submission(
        mark=mark,
        label="March outreach",
        settings=SETTINGS if settings is None else settings,
        recipients=pl.DataFrame(people, schema={"number": pl.String, "payload": pl.String}, orient="row"),
        scheduled_at=scheduled_at,
    )


def batch(**fields: Json) -> dict[str, Json]:
    """A batch as Cartesia answers it."""
    return {
        "id": "acb_1",
        "name": f"March outreach {MARK}",
        "agent_id": "agent_1",
        "from_number_id": "ap_1",
        "region": "US",
        "target_concurrency_limit": 10,
        "status": "pending",
        "total_calls_scheduled": 1,
        "total_calls_dispatched": 0,
        "total_calls_finished": 0,
        "retry_count": 0,
        "created_at": "2026-06-14T12:00:00Z",
        "last_updated_at": "2026-06-14T12:00:00Z",
        **fields,
    }


def member(remote: Remote | None) -> dict[str, str | None]:
    """The one member of a remote thing."""
    assert remote is not None
    assert remote.members is not None
    [row] = remote.members.iter_rows(named=True)
    return row


def batch_page(ids: list[str], **fields: Json) -> httpx.Response:
    """A page of batches as Cartesia answers it."""
    return httpx.Response(200, json={"data": [batch(id=batch_id) for batch_id in ids], **fields})


def listed_batch_ids(exchange: Exchange) -> list[str]:
    """The ids of all batches that the provider lists, in its order."""
    return [remote.id for page in pages_of(exchange.channel(Route.BATCH), []) for remote in page]


UNKNOWN_BATCH: dict[str, Json] = {
    "error_code": None,
    "title": "Not found",
    "message": "batch not found",
    "request_id": "r",
}
"""An error in Cartesia's own form."""
