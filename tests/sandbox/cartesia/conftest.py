"""Batches to list."""

from __future__ import annotations

import httpx
import pytest

from ..request_bodies import BATCHES, batch_body


@pytest.fixture
def batch_ids(cartesia: httpx.Client) -> list[str]:
    """Ids of seven batches, newest first."""
    answers = [cartesia.post(BATCHES, json=batch_body(name=f"b{index}")) for index in range(7)]
    return [answer.json()["id"] for answer in answers][::-1]
