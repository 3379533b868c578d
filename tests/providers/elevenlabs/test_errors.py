"""Which answers are in ElevenLabs' own error form: only these prove that nothing happened."""

from __future__ import annotations

import httpx
import pytest

from declarative.model.resource import Json
from declarative.providers.elevenlabs.errors import parse_error
from tests.providers.scripted_provider import answer_of


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"detail": "no such agent"}, "no such agent"),
        ({"detail": {"status": "x", "message": "no such agent"}}, "no such agent"),
        ({"detail": [{"loc": ["body"], "msg": "too long", "type": "x"}, {"msg": "bad"}]}, "too long; bad"),
        ({"detail": "x", "request_id": "r"}, "x"),
        ({"detail": "denied", "status": 403, "title": "Forbidden"}, None),
        ({"detail": []}, None),
        ({"detail": {}}, None),
        ({}, None),
        (["detail"], None),
    ],
)
def test_the_three_forms_of_an_error(body: Json, message: str | None) -> None:
    assert parse_error(answer_of(httpx.Response(404, json=body))) == message
