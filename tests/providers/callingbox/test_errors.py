"""Which answers are in CallingBox's own error form: only these prove that nothing happened."""

from __future__ import annotations

import httpx
import pytest

from declarative.model.resource import Json
from declarative.providers.callingbox.errors import parse_error
from tests.providers.scripted_provider import answer_of


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"error": "agent not found"}, "agent not found"),
        ({"error": "agent not found", "code": "not_found", "request_id": "r"}, "agent not found"),
        ({"error": "Not Found", "status": 404, "path": "/v1/calls"}, None),
        ({"error": {"message": "denied by policy"}}, None),
        ({"error": ""}, None),
        ({}, None),
        (["agent not found"], None),
    ],
)
def test_the_one_form_of_an_error(body: Json, message: str | None) -> None:
    assert parse_error(answer_of(httpx.Response(404, json=body))) == message
