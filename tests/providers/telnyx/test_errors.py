"""Which answers are in Telnyx' own error forms: only these prove that nothing happened."""

from __future__ import annotations

import httpx
import pytest

from declarative.model.resource import Json
from declarative.providers.telnyx.errors import parse_error
from tests.providers.scripted_provider import answer_of


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"errors": [{"code": "10001", "title": "Not found", "detail": "no such assistant"}]}, "no such assistant"),
        ({"errors": [{"code": "10001", "title": "Not found"}]}, "Not found"),
        ({"errors": []}, None),
        ({"errors": "no", "status": 404}, None),
        ({"detail": [{"loc": ["body"], "msg": "bad number", "type": "x"}]}, "bad number"),
        ({"detail": "bad number"}, "bad number"),
        ({"detail": "denied", "title": "Forbidden", "status": 403}, None),
        ({}, None),
        (["errors"], None),
    ],
)
def test_the_two_forms_of_an_error(body: Json, message: str | None) -> None:
    assert parse_error(answer_of(httpx.Response(404, json=body))) == message
