"""Which answers are Retell's own errors."""

from __future__ import annotations

import httpx
import pytest

from declarative.model.resource import Json
from declarative.providers.http.outcomes import Answer
from declarative.providers.retell.errors import parse_error


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"status": "error", "message": "no such agent"}, "no such agent"),
        ({"error_message": "Trial has ended"}, "Trial has ended"),
        ({"message": "Forbidden"}, None),
        ({"status": 403, "message": "Forbidden"}, None),
        ({"status": "error", "message": "x", "path": "/v2"}, None),
        ({"error_message": "x", "status": 502}, None),
        ({"status": "error"}, None),
        ({"error_message": ""}, None),
        ([{"error_message": "x"}], None),
        ("error", None),
        (None, None),
    ],
)
def test_only_its_own_forms_count(body: Json, message: str | None) -> None:
    assert parse_error(Answer(400, httpx.Headers(), b"", body)) == message
