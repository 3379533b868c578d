"""A transport that keeps what a provider under test sends."""

from __future__ import annotations

from dataclasses import dataclass, field

import httpx


@dataclass
class RecordingTransport(httpx.BaseTransport):
    """Passes every request on to the world's own transport."""

    inner: httpx.BaseTransport
    """The world's."""
    requests: list[bytes] = field(default_factory=list)
    """Addresses and bodies of the requests so far, oldest first; those without a body are left out."""

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if body := request.read():
            self.requests.append(str(request.url).encode() + body)
        return self.inner.handle_request(request)
