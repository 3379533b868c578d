"""What a request carries beside its path: a body in its media type, the values of a query, the headers of a key."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

import httpx
import orjson

Params = Mapping[str, str | Sequence[str]]
"""The query of a read; a name with several values is repeated."""


@dataclass(frozen=True)
class Body:
    """What a request carries."""

    content: bytes
    """Its bytes."""
    content_type: str = "application/json"
    """Its media type."""

    @classmethod
    def from_json(cls, value: object) -> Body:
        return cls(orjson.dumps(value))

    @classmethod
    def from_form(cls, fields: Mapping[str, str]) -> Body:
        """The body of an HTML form."""
        return cls(urlencode(fields).encode(), "application/x-www-form-urlencoded")


def bearer(key: str) -> Mapping[str, str]:
    """The header by which most APIs take a key."""
    return {"Authorization": f"Bearer {key}"}


def basic(user: str, password: str) -> Mapping[str, str]:
    """The header of HTTP Basic authentication."""
    return {"Authorization": f"Basic {b64encode(f'{user}:{password}'.encode()).decode()}"}


def as_body(body: bytes | Body | None) -> Body | None:
    """Return a body whose media type is not written as JSON."""
    return Body(body) if isinstance(body, bytes) else body


def build_request(
    httpx_client: httpx.Client,
    method: str,
    url: str,
    params: Params | None,
    body: Body | None,
    headers: Mapping[str, str] | None,
) -> httpx.Request:
    """Return the request, not sent yet. A body brings its media type."""
    content_type = {} if body is None else {"Content-Type": body.content_type}
    content = None if body is None else body.content
    return httpx_client.build_request(
        method, url, params=params, content=content, headers={**content_type, **(headers or {})}
    )
