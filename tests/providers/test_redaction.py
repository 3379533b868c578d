"""The key and phone numbers are in no message, log, trace or repr."""

from __future__ import annotations

import logging
import traceback

import httpx
import pytest

from declarative import privacy
from declarative.errors import ProviderError
from tests.providers.scripted_provider import (
    KEY,
    Handler,
    answering,
    batch,
    open_exchange,
    pages_of,
    submission,
)

ECHO = f"the key {KEY} is unknown"


LEAKS: list[Handler] = [
    answering(httpx.Response(401, json={"error_code": None, "title": ECHO, "message": ECHO, "error": ECHO})),
    answering(httpx.Response(400, json={"error": ECHO})),
    answering(httpx.Response(400, json={"error_code": None, "title": ECHO, "message": ECHO})),
    answering(httpx.Response(500, text=ECHO)),
    answering(httpx.Response(200, text=ECHO)),
    answering(httpx.Response(302, headers={"Location": f"https://evil.example/{KEY}"})),
    answering(httpx.ConnectError(ECHO)),
    answering(httpx.LocalProtocolError(ECHO)),
    answering(httpx.ReadTimeout(ECHO)),
    answering(httpx.Response(201, json=batch(id="", name=ECHO))),
    answering(httpx.Response(200, json={"calls": [{"error": {"message": ECHO}}]})),
]


@pytest.mark.parametrize("handler", LEAKS)
@pytest.mark.parametrize("type_name", ["cartesia", "callingbox"])
def test_the_key_is_in_no_message_trace_log_or_repr(
    handler: Handler, type_name: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    exchange = open_exchange(handler, type_name)
    said = [repr(exchange.provider), str(vars(exchange.provider))]
    for channel in exchange.provider.channels.values():
        said += [repr(channel), repr(channel.submit(submission())), repr(channel.retry("acb_1"))]
        said.append(repr(channel.cancel("acb_1")))
        try:
            said.append(repr(pages_of(channel, ["agent_1"])))
        except ProviderError as problem:
            said += [str(problem), repr(problem), problem.hint, *traceback.format_exception(problem)]
    assert KEY not in "\n".join([*said, caplog.text])


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("to +14155550101 failed", "to +1415•••0101 failed"),
        ("to +1 (415) 555-0101 failed", "to +1415•••0101 failed"),
        ("to 415-555-0101 failed", "to 415•••0101 failed"),
        ("to 14155550101 failed", "to 1415•••0101 failed"),
        ("code 1234567", "code 1234567"),
        ("scheduled_at 2026-03-01T16:00:00Z is past", "scheduled_at 2026-03-01T16:00:00Z is past"),
        ("balance is $1.88, hold $3.00", "balance is $1.88, hold $3.00"),
        ("a\x1b]0;title\x07b\r\nc", "a ]0;title b c"),
        ("sk_live_abc-DEF and sk_car_x", "••• and •••"),
        ("x" * 400, "x" * 299 + "…"),
    ],
)
def test_foreign_text_is_made_fit_to_print(text: str, clean: str) -> None:
    assert privacy.redact(text) == clean
