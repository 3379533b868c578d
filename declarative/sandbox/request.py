"""One request and its answer as values, and what a handler is given. It knows no transport and no provider."""

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
    """The provider says no: an HTTP status and words, rendered in the provider's own error form."""

    def __init__(self, status: int, message: str, *, title: str = "") -> None:
        super().__init__(message)
        self.status, self.message, self.title = status, message, title


@dataclass(frozen=True, slots=True)
class ApiRequest:
    """A request: `path_values` by name from the route, header names in lower case."""

    provider: str
    operation: str
    method: str
    path: str
    path_values: Mapping[str, str]
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes

    def pack(self) -> bytes:
        fields = {name: getattr(self, name) for name in self.__slots__ if name != "body"}
        return orjson.dumps(fields | {"body": self.body.decode("latin-1")})

    @classmethod
    def unpack(cls, packed: bytes) -> ApiRequest:
        fields = orjson.loads(packed)
        return cls(**{**fields, "body": fields["body"].encode("latin-1")})


@dataclass(frozen=True, slots=True)
class ApiResponse:
    """Status and body: text as it is, anything else as JSON."""

    status: int
    body: Any
    headers: Mapping[str, str] = field(default_factory=dict)

    def encode(self) -> tuple[bytes, dict[str, str]]:
        """The bytes to send and all headers, their names in lower case."""
        headers = {name.lower(): value for name, value in self.headers.items()}
        if self.status in _STATUSES_WITHOUT_BODY:
            return b"", headers
        if isinstance(self.body, str):
            return self.body.encode(), {"content-type": "text/plain; charset=utf-8", **headers}
        return orjson.dumps(self.body), {"content-type": "application/json", **headers}


@dataclass(frozen=True, slots=True)
class Knobs:
    """What a fault rule changes about how a request is handled (not about its answer)."""

    lag: float = 0.0
    refusal: int = 402


@dataclass(frozen=True, slots=True)
class RequestContext:
    """Everything a handler needs: the request, the world now, the organisation that asks."""

    request: ApiRequest
    moment: Moment
    org: Organisation
    knobs: Knobs

    @property
    def now(self) -> float:
        return self.moment.now

    @property
    def visible(self) -> float:
        """Lists show what was recorded by then."""
        return self.moment.now - self.knobs.lag

    def parse_body(self) -> dict[str, Any]:
        """The JSON object sent; anything else is refused with 400."""
        try:
            body = orjson.loads(self.request.body)
        except orjson.JSONDecodeError:
            raise ApiError(400, "the body is not valid JSON") from None
        if not isinstance(body, dict):
            raise ApiError(400, "the body must be a JSON object")
        _check_nesting(body)
        return body

    def record_use(self, kind: str, identifier: str) -> None:
        """Remember an agent or a number, so that lists show it."""
        self.moment.db.execute(
            "INSERT OR IGNORE INTO seen VALUES (?, ?, ?, ?)", (self.org.id, kind, identifier, self.now)
        )

    def list_used(self, kind: str) -> list[tuple[str, float]]:
        """Ids and the moments when they were first named, newest first."""
        rows = self.moment.db.execute(
            "SELECT id, at FROM seen WHERE org = ? AND kind = ? ORDER BY at DESC, id DESC",
            (self.org.id, kind),
        )
        return [(row[0], row[1]) for row in rows]


def _check_nesting(body: dict[str, Any]) -> None:
    """Deeper nesting is read than is written, and what is stored comes back a few levels further in."""
    try:
        orjson.dumps([[[[body]]]])
    except orjson.JSONEncodeError:
        raise ApiError(400, "the body is nested too deeply") from None


class Operation(NamedTuple):
    """One route of one provider; `name` is the operationId of its OpenAPI file."""

    name: str
    method: str
    path: str
    handle: Callable[[RequestContext], ApiResponse]


def format_moment(moment: float) -> str:
    """RFC 3339 in UTC with milliseconds."""
    return (
        datetime.fromtimestamp(int(moment * 1000) / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    )


def rfc3339_or_none(instant: float | None) -> str | None:
    return None if instant is None else format_moment(instant)


def date_header(instant: float) -> str:
    """The `Date` header of an instant."""
    return formatdate(instant, usegmt=True)
