"""Requests to CallingBox that must succeed."""

from __future__ import annotations

from typing import Any

import httpx

from declarative.sandbox.outcomes import REACHED, draw

from .request_bodies import ADA, box_body, fictional_numbers


def place_call(box: httpx.Client, number: str = ADA, **changes: Any) -> dict[str, Any]:
    response = box.post("/v1/calls", json=box_body(number, **changes))
    assert response.status_code == 201, response.text
    call: dict[str, Any] = response.json()
    return call


def read_call(box: httpx.Client, call: dict[str, Any]) -> dict[str, Any]:
    current: dict[str, Any] = box.get(f"/v1/calls/{call['id']}").json()
    return current


def reached_number() -> str:
    """A number that answers the first time."""
    return next(number for number in fictional_numbers(100) if draw(0, number, 1).outcome in REACHED)
