"""What a served sandbox refuses before an API sees it: foreign hosts, a browser's cross-site requests, huge bodies.

A page on the web can make a browser send requests to this machine, by address or by a name that it points here.
"""

from __future__ import annotations

from ipaddress import ip_address
from typing import NamedTuple
from urllib.parse import urlsplit

import orjson
from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LARGEST_BODY = 32 * 1024 * 1024
"""Most bytes of a request's body."""
_OWN_SITE = ("none", "same-origin")


class Refusal(NamedTuple):
    """Why a request goes no further."""

    status: int
    """HTTP status."""
    message: str
    """For the developer who reads the answer."""


_TOO_LARGE = Refusal(413, f"the body is larger than {LARGEST_BODY // 1024**2} MB")


class RefusingApp:
    """An application behind the refusals."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        refusal = check_request(Headers(scope=scope))
        body = await _read_body(receive) if refusal is None else None
        if body is None:
            await _response(refusal or _TOO_LARGE)(scope, receive, send)
            return
        await self._app(scope, _Replay(body, receive), send)


def check_request(headers: Headers) -> Refusal | None:
    """Return why a request is refused by its headers alone; None if it is not."""
    host = headers.get("host", "")
    if not is_loopback_host(host):
        return Refusal(421, f"the sandbox answers only to localhost, 127.0.0.1 and [::1], not to {host[:100]!r}")
    is_foreign_page = headers.get("origin", f"http://{host}") != f"http://{host}"
    if is_foreign_page or headers.get("sec-fetch-site", "none") not in _OWN_SITE:
        return Refusal(403, "the sandbox refuses requests that a page of another site makes a browser send")
    length = headers.get("content-length", "0")
    return _TOO_LARGE if length.isascii() and length.isdigit() and int(length[:20]) > LARGEST_BODY else None


def is_loopback_host(host: str) -> bool:
    """Whether a Host header (with or without a port) names this machine. No name is looked up."""
    try:
        name = urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return False
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return False


def _response(refusal: Refusal) -> Response:
    body = {"title": "Refused", "message": refusal.message, "error": refusal.message}
    # The rest of the body is not read, so the connection cannot be used again.
    headers = {"connection": "close"}
    return Response(orjson.dumps(body), refusal.status, headers, media_type="application/json")


async def _read_body(receive: Receive) -> bytes | None:
    """Read a body; None as soon as it is too large."""
    parts: list[bytes] = []
    length = 0
    while True:
        message = await receive()
        parts.append(message.get("body", b""))
        length += len(parts[-1])
        if length > LARGEST_BODY:
            return None
        if not message.get("more_body", False):
            return b"".join(parts)


class _Replay:
    """Gives the application the body that was read, then whatever comes."""

    def __init__(self, body: bytes, receive: Receive) -> None:
        self._body: bytes | None = body
        self._receive = receive

    async def __call__(self) -> Message:
        if self._body is None:
            return await self._receive()
        body, self._body = self._body, None
        return {"type": "http.request", "body": body, "more_body": False}
