"""A transport that changes what the sandbox answers on its way: lies that its faults do not tell."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import httpx

Edit = Callable[[str, str, Any], Any]
"""Method, path with query, and answer to the answer given in its place. A number is an HTTP status."""


class EditedAnswers(httpx.BaseTransport):
    """Passes requests on, and edits the JSON of answers while an `edit` is set."""

    def __init__(self, inner: httpx.BaseTransport) -> None:
        self._inner = inner
        self.edit: Edit | None = None

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        response = self._inner.handle_request(request)
        if self.edit is None:
            return response
        response.read()
        answer = self.edit(request.method, request.url.raw_path.decode(), response.json() if response.content else None)
        if isinstance(answer, int):
            body = {"title": "not known", "message": "not known", "error_code": None, "request_id": "r1"}
            return httpx.Response(answer, headers=self._headers(response), content=json.dumps(body).encode())
        content = json.dumps(answer).encode()
        return httpx.Response(response.status_code, headers=self._headers(response), content=content)

    def _headers(self, response: httpx.Response) -> dict[str, str]:
        return {"Date": response.headers["Date"], "Content-Type": "application/json"}

    def close(self) -> None:
        self._inner.close()
