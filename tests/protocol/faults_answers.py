"""What can go wrong with one request that dials, as the sandbox's fault rules, each with its truth. Data only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tests.protocol.faults_requests import Truth

_PAGE = "<html><head><title>Bad gateway</title></head></html>"


@dataclass(frozen=True)
class Fault:
    name: str
    do: str | dict[str, Any]
    truth: Truth


def status(code: int, *, effect: bool, body: str | None = None, **headers: str) -> dict[str, Any]:
    told: dict[str, Any] = {"code": code, "effect": effect, "headers": headers}
    return {"status": told if body is None else {**told, "body": body}}


def gateway(code: int, *, effect: bool, hours: int) -> dict[str, Any]:
    """A page of a proxy whose clock is that wrong."""
    return {"status": {"code": code, "effect": effect, "gateway": True}, "date_shift": hours * 3600}


def _both(code: int, body: str | None = None) -> tuple[Fault, Fault]:
    """An answer that says nothing of whether it happened, with and without the effect."""
    name = f"{code}{' page' if body else ''}"
    headers = {"Location": "/elsewhere"} if code == 302 else {}
    return (
        Fault(f"{name} with effect", status(code, effect=True, body=body, **headers), Truth.UNHEARD),
        Fault(f"{name} without", status(code, effect=False, body=body, **headers), Truth.LOST),
    )


FAULTS = (
    Fault("request lost", "lost_request", Truth.LOST),
    Fault("answer lost", "lost_answer", Truth.UNHEARD),
    Fault("answer cut", {"truncate": 20}, Truth.UNHEARD),
    Fault("late", {"late": 30}, Truth.LATE),
    Fault("later than the guard", {"late": 200}, Truth.LATER),
    Fault("later than settle", {"late": 400}, Truth.LATEST),
    *(fault for code in (500, 502, 503, 504, 408, 409, 302) for fault in _both(code)),
    *(fault for code in (200, 400, 429, 502) for fault in _both(code, _PAGE)),
    Fault("504 of a gateway two hours behind, with effect", gateway(504, effect=True, hours=-2), Truth.UNHEARD),
    Fault("504 of a gateway two hours ahead, without", gateway(504, effect=False, hours=2), Truth.LOST),
    *(Fault(f"{code}", status(code, effect=False), Truth.REFUSED) for code in (400, 403, 404, 422)),
    Fault("401", status(401, effect=False), Truth.NO_KEY),
    Fault("402", status(402, effect=False), Truth.NO_FUNDS),
    Fault("429", status(429, effect=False), Truth.BUSY),
    Fault("429 in 30 s", status(429, effect=False, **{"Retry-After": "30"}), Truth.BUSY),
    Fault("429 in 5 min", status(429, effect=False, **{"Retry-After": "300"}), Truth.BUSY),
)
