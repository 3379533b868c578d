"""One request and its answer as values, and the context of a handler. It knows no transport and no provider."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import formatdate
from typing import Any, NamedTuple

import orjson

from declarative.sandbox.world import Moment, Organisation

_STATUSES_WITHOUT_BODY = (204, 304)


class ApiError(Exception):
    """The provider refuses. Rendered in the provider's own error form; an empty `title` gives that of the status."""

    def __init__(self, status: int, message: str, *, title: str = "") -> None:
        super().__init__(message)
        self.status, self.message, self.title = status, message, title


@dataclass(frozen=True, slots=True)
class ApiRequest:
    """One HTTP request to a provider."""

    provider: str
    """Name of the provider, as in `handle.PROVIDERS`."""
    operation: str
    """Name of the Operation that the route belongs to."""
    method: str
    """HTTP method in upper case."""
    path: str
    """Path as requested, without the query."""
    path_values: Mapping[str, str]
    """Values of the placeholders of the route, by name."""
    query: Mapping[str, str]
    """Query parameters; of a repeated one, the last."""
    headers: Mapping[str, str]
    """Those that the sandbox reads, names in lower case."""
    body: bytes
    """As received."""

    def pack(self) -> bytes:
        """Serialize the request, to be carried out later."""
        fields = {name: getattr(self, name) for name in self.__slots__ if name != "body"}
        return orjson.dumps(fields | {"body": self.body.decode("latin-1")})

    @classmethod
    def unpack(cls, packed: bytes) -> ApiRequest:
        fields = orjson.loads(packed)
        return cls(**{**fields, "body": fields["body"].encode("latin-1")})


@dataclass(frozen=True, slots=True)
class ApiResponse:
    """One HTTP answer of a provider."""

    status: int
    """HTTP status."""
    body: Any
    """Text is sent as it is, anything else as JSON."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """More headers; a content type here replaces the default one."""

    def encode(self) -> tuple[bytes, dict[str, str]]:
        """Return the bytes to send and all headers, their names in lower case."""
        headers = {name.lower(): value for name, value in self.headers.items()}
        if self.status in _STATUSES_WITHOUT_BODY:
            return b"", headers
        if isinstance(self.body, str):
            return self.body.encode(), {"content-type": "text/plain; charset=utf-8", **headers}
        return orjson.dumps(self.body), {"content-type": "application/json", **headers}


@dataclass(frozen=True, slots=True)
class Knobs:
    """What a fault rule changes about the handling of a request (not about its answer)."""

    lag: float = 0.0
    """Seconds by which lists are behind."""
    refusal: int = 402
    """Status of CallingBox's refusal for lack of funds; 201 makes it a call that fails."""
    hide: int = 0
    """Number (from 1, in order of creation) of the entry that lists never show; 0 hides none."""
    cap: int | None = None
    """Most calls that CallingBox's list shows, over all pages; None shows all."""
    in_pages: bool = True
    """Whether CallingBox's list comes in pages; else in one of its old shapes, whatever the query."""
    key_life: float | None = None
    """Seconds for which an idempotency key is remembered; 0 honours none, None is the provider's own life."""
    other_body: str = "refuse"
    """What a known key with another body gets: `refuse`, or the `first` answer."""
    past: str = "start"
    """What a start that has passed gets: `start` at once, or `refuse`."""
    retention: float | None = None
    """Seconds after which lists forget what was created; None keeps everything."""
    blind_search: bool = False
    """Whether a search by name finds nothing, whatever exists."""
    shuffle: bool = False
    """Whether a list without a stated order comes in another one at each request."""
    spare_dialed: bool = False
    """Whether the cancel of an ElevenLabs batch marks only those who wait; else everybody reads `cancelled`."""
    count_ringing: bool = False
    """Whether `attempt_count` of an ElevenLabs lead rises when the phone rings; else when the call is handed off."""
    past_end: str = "empty"
    """What a Vapi campaign gets whose end has passed: it is taken and ends `empty`, or `refuse`."""
    keeps_pending: bool = False
    """Whether contacts of a Vapi campaign who are not called any more still read pending; else skipped."""
    no_campaigns: bool = False
    """Whether campaigns are not switched on for the Vapi account."""
    unstarted: str = "absent"
    """Where Retell's list shows calls that have not started: `absent`, `first` or `last`."""
    queued_before: float = 0.0
    """Seconds that others wait in Twilio's queue before a call."""
    at_limit: str = "refuse"
    """What a call above Retell's limit gets: `refuse`, or `end`, a call that ends without calling a phone."""


@dataclass(frozen=True, slots=True)
class RequestContext:
    """Everything that a handler needs."""

    request: ApiRequest
    """The request."""
    moment: Moment
    """The world at the time of the request, inside its transaction."""
    org: Organisation
    """The organisation whose key came with the request."""
    knobs: Knobs
    """What a fault rule changes about the handling."""

    @property
    def now(self) -> float:
        return self.moment.now

    @property
    def visible(self) -> float:
        """Lists show what was recorded by this time, in seconds since the epoch."""
        return self.moment.now - self.knobs.lag

    @property
    def oldest(self) -> float:
        """Lists show nothing that was created before it, in seconds since the epoch."""
        return 0.0 if self.knobs.retention is None else self.moment.now - self.knobs.retention

    def find_hidden_batch(self) -> int | None:
        """Return the row of the batch that lists never show; None without one."""
        query = "SELECT seq FROM batch WHERE org = ? AND provider = ?"
        return self._find_hidden(query, (self.org.id, self.request.provider))

    def find_hidden_call(self) -> int | None:
        """Return the row of the single call that lists never show; None without one."""
        query = "SELECT seq FROM call WHERE org = ? AND provider = ?"
        return self._find_hidden(query, (self.org.id, self.request.provider))

    def _find_hidden(self, query: str, values: tuple[object, ...]) -> int | None:
        if not self.knobs.hide:
            return None
        ordered = f"{query} ORDER BY seq LIMIT 1 OFFSET ?"
        row = self.moment.db.execute(ordered, (*values, self.knobs.hide - 1)).fetchone()
        return None if row is None else int(row[0])

    def parse_body(self) -> dict[str, Any]:
        """Return the JSON object sent. Raises ApiError 400 for anything else."""
        try:
            body = orjson.loads(self.request.body)
        except orjson.JSONDecodeError:
            raise ApiError(400, "the body is not valid JSON") from None
        if not isinstance(body, dict):
            raise ApiError(400, "the body must be a JSON object")
        _check_nesting(body)
        return body

    def record_use(self, kind: str, identifier: str) -> None:
        """Store the first use of an agent or a number, so that lists show it."""
        self.moment.db.execute(
            "INSERT OR IGNORE INTO seen VALUES (?, ?, ?, ?)", (self.org.id, kind, identifier, self.now)
        )

    def list_used(self, kind: str) -> list[tuple[str, float]]:
        """List ids and the times of their first use, newest first."""
        rows = self.moment.db.execute(
            "SELECT id, at FROM seen WHERE org = ? AND kind = ? ORDER BY at DESC, id DESC",
            (self.org.id, kind),
        )
        return [(row[0], row[1]) for row in rows]


def _check_nesting(body: dict[str, Any]) -> None:
    """Refuse what could be read but not written. Stored bodies come back a few levels deeper than they were sent."""
    try:
        orjson.dumps([[[[body]]]])
    except orjson.JSONEncodeError:
        raise ApiError(400, "the body is nested too deeply") from None


class Operation(NamedTuple):
    """One route of one provider."""

    name: str
    """The operationId in the provider's OpenAPI file."""
    method: str
    """HTTP method in upper case."""
    path: str
    """Route with `{placeholders}`, without the prefix of the provider."""
    handle: Callable[[RequestContext], ApiResponse]
    """Carries the request out; raises ApiError to refuse it."""


def format_rfc3339(moment: float) -> str:
    """Format seconds since the epoch as RFC 3339, in UTC with milliseconds."""
    return (
        datetime.fromtimestamp(int(moment * 1000) / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    )


def format_rfc3339_or_none(instant: float | None) -> str | None:
    return None if instant is None else format_rfc3339(instant)


def date_header(instant: float) -> str:
    """Format seconds since the epoch for the `Date` header."""
    return formatdate(instant, usegmt=True)
