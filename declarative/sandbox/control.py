"""The routes under `/_sandbox/`, no part of either provider: clock, record of dials, requests, faults, limits."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from declarative.errors import UsageError
from declarative.sandbox import SANDBOX_KEY, faults
from declarative.sandbox.dial_log import record
from declarative.sandbox.handle import settle_all
from declarative.sandbox.request import stamp
from declarative.sandbox.world import Moment, World, organisation, organisation_name

_LIMITS: dict[str, type[int]] = {"agent_call_limit": int, "balance_cents": int, "usage_limited": bool}
_MOST = 10**12
"""What the database can still count with, in thousandths of a cent too."""
_Act = Callable[[World, Request], Awaitable[object]]


def control_routes(world: World) -> list[BaseRoute]:
    acts: tuple[tuple[str, str, _Act], ...] = (
        ("GET", "dials", _dials),
        ("GET", "clock", _clock),
        ("GET", "requests", _requests),
        ("GET", "faults", _faults),
        ("PUT", "faults", _put_faults),
        ("POST", "advance", _advance),
        ("POST", "reset", _reset),
        ("POST", "organisation", _organisation),
    )
    return [Route(f"/_sandbox/{name}", _endpoint(world, act), methods=[method]) for method, name, act in acts]


def _endpoint(world: World, act: _Act) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        try:
            status, told = 200, await act(world, request)
        except (ValueError, UsageError) as problem:
            status, told = 400, {"error": str(problem)}
        return Response(orjson.dumps(told), status_code=status, media_type="application/json")

    return endpoint


async def _sent(request: Request) -> Any:
    return orjson.loads(await request.body() or b"{}")


async def _dials(world: World, request: Request) -> object:
    with world.moment() as moment:
        settle_all(moment)
        return {"dials": record(moment, request.query_params.get("number"))}


async def _clock(world: World, request: Request) -> object:
    now = world.now()
    return {"now": stamp(now), "epoch": now}


async def _requests(world: World, request: Request) -> object:
    with world.moment() as moment:
        rows = moment.db.execute("SELECT method, path, operation, status, at FROM request ORDER BY seq")
        return {"requests": [{**dict(row), "at": stamp(row["at"])} for row in rows]}


async def _faults(world: World, request: Request) -> object:
    with world.moment() as moment:
        return _shown_faults(moment)


def _shown_faults(moment: Moment) -> dict[str, Any]:
    rules, seen = faults.installed(moment)
    return {"faults": rules, "seen": seen}


async def _put_faults(world: World, request: Request) -> object:
    rules = faults.checked(await _sent(request))
    with world.moment() as moment:
        faults.install(moment, rules)
        return _shown_faults(moment)


async def _advance(world: World, request: Request) -> object:
    sent = await _sent(request)
    seconds = sent.get("seconds") if isinstance(sent, dict) else None
    if not isinstance(seconds, int | float) or isinstance(seconds, bool):
        raise ValueError('expected {"seconds": N}')
    now = world.advance(seconds)
    return {"now": stamp(now), "epoch": now}


async def _reset(world: World, request: Request) -> object:
    world.reset()
    return {}


async def _organisation(world: World, request: Request) -> object:
    """Change the limits of an account; `key` null is that of the sandbox's own key."""
    sent = await _sent(request)
    key = (sent.pop("key", None) or SANDBOX_KEY) if isinstance(sent, dict) else None
    if not isinstance(key, str):
        raise ValueError('expected {"key": TEXT} and limits')
    for name, value in sent.items():
        if name not in _LIMITS or not _allowed(name, value):
            raise ValueError(f"{name}: expected one of {', '.join(_LIMITS)}, as a number or a boolean")
    with world.moment() as moment:
        settle_all(moment)
        kept = organisation(moment, key)
        for name, value in sent.items():
            moment.db.execute(f"UPDATE organisation SET {name} = ? WHERE id = ?", (int(value), kept.id))
        changed = organisation(moment, key)
        return {"organisation": organisation_name(key)} | {name: getattr(changed, name) for name in _LIMITS}


def _allowed(name: str, value: Any) -> bool:
    return type(value) is _LIMITS[name] and 0 <= int(value) <= _MOST
