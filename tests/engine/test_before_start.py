"""A cancel that only its time proves: its answer must come before the start."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import httpx
import pytest

from declarative.engine.before_start import came_in_time
from declarative.model.remote import Remote
from declarative.model.resource import Route
from tests.providers.scripted_provider import answering, open_exchange

NOW = datetime(2026, 12, 1, 12, tzinfo=UTC)
EVENT = Remote(
    id="assistant-1:e1",
    route=Route.BATCH,
    name="",
    mark=None,
    status="pending",
    cancelled=False,
    total=1,
    dispatched=0,
    finished=0,
)


@pytest.mark.parametrize(("ahead", "expected"), [(60, True), (-60, False), (None, False)])
def test_an_answer_after_the_start_proves_nothing(ahead: float | None, expected: bool) -> None:
    dated = httpx.Response(200, json={"data": []}, headers={"Date": format_datetime(NOW, usegmt=True)})
    exchange = open_exchange(answering(dated), "telnyx")
    starts_at = None if ahead is None else NOW + timedelta(seconds=ahead)
    read_before = replace(EVENT, scheduled_at=starts_at)
    assert came_in_time(exchange.provider, exchange.channel(Route.BATCH), read_before) is expected


def test_where_members_prove_it_the_time_of_the_answer_is_of_no_matter() -> None:
    exchange = open_exchange(answering(httpx.Response(500)), "elevenlabs")
    assert came_in_time(exchange.provider, exchange.channel(Route.BATCH), replace(EVENT, scheduled_at=NOW))
    assert came_in_time(exchange.provider, exchange.channel(Route.BATCH), None)
