"""Which answers are in Vapi's own error form: only these prove that nothing happened."""

from __future__ import annotations

import httpx
import pytest

from declarative.model.resource import Json
from declarative.providers.vapi.errors import parse_error
from tests.providers.scripted_provider import answer_of


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"message": "no such assistant", "error": "Not Found", "statusCode": 404}, "no such assistant"),
        ({"message": ["name is too long", "number is bad"], "statusCode": 404}, "name is too long; number is bad"),
        ({"message": "no such assistant"}, "no such assistant"),
        ({"message": "denied", "statusCode": 502}, None),
        ({"message": "denied", "path": "/v2"}, None),
        ({"message": []}, None),
        ({"error": "Not Found"}, None),
        ({}, None),
        (["message"], None),
    ],
)
def test_the_two_forms_of_an_error(body: Json, message: str | None) -> None:
    assert parse_error(answer_of(httpx.Response(404, json=body))) == message
