"""Which answers are in Cartesia's own error form: only these prove that nothing happened."""

from __future__ import annotations

import httpx
import pytest

from declarative.model.resource import Json
from declarative.providers.cartesia.errors import call_error_message, parse_plain_error, parse_structured_error
from tests.providers.scripted_provider import answer_of


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"title": "Not found", "message": "no agent", "error_code": None, "request_id": "r"}, "Not found: no agent"),
        ({"error_code": None, "message": "no agent"}, "no agent"),
        ({"title": "Not found", "message": "no agent"}, "Not found: no agent"),
        ({"error": {"title": "Not found", "message": "no agent"}}, "Not found: no agent"),
        ({"message": "no agent"}, None),
        ({"title": "Not found"}, None),
        ({"title": "Not found", "message": ""}, None),
        ({"error": "no agent"}, None),
        ([], None),
    ],
)
def test_the_structured_form(body: Json, message: str | None) -> None:
    assert parse_structured_error(answer_of(httpx.Response(404, json=body))) == message


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("Not found: no agent", "Not found: no agent"),
        ('{"title": "Not found", "message": "no agent"}', "Not found: no agent"),
        ("not found: no agent", None),
        ("Not found", None),
        ("Not found: no\nagent", None),
        ("<html>Not found: no agent</html>", None),
    ],
)
def test_the_plain_form_of_the_old_version(text: str, message: str | None) -> None:
    assert parse_plain_error(answer_of(httpx.Response(404, text=text))) == message


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (None, None),
        ({}, None),
        ("invalid number", "invalid number"),
        ({"message": "invalid number", "title": "Error"}, "invalid number"),
        ({"title": "Error"}, "Error"),
        ({"detail": ["anything"]}, '{"detail":["anything"]}'),
    ],
)
def test_the_error_of_a_single_call(error: Json, message: str | None) -> None:
    assert call_error_message(error) == message
