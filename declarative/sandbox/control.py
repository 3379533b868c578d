"""The routes under `/_sandbox/`, which belong to neither provider: clock, dials, requests, faults, limits."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from declarative.errors import UsageError
from declarative.sandbox import SANDBOX_KEY, faults
from declarative.sandbox.dial_log import list_dials
from declarative.sandbox.handle import catch_up
from declarative.sandbox.request import format_rfc3339
from declarative.sandbox.world import Moment, World, open_organisation, organisation_name

_LIMITS: dict[str, type[int]] = {"agent_call_limit": int, "balance_cents": int, "usage_limited": bool}
_MAX_LIMIT = 10**12
"""Largest limit. The database can count with it, in thousandths of a cent too."""
_Handler = Callable[[World, Request], Awaitable[object]]


def control_routes(world: World) -> list[BaseRoute]:
    handlers: tuple[tuple[str, str, _Handler], ...] = (
        ("GET", "dials", _get_dials),
        ("GET", "clock", _get_clock),
        ("GET", "requests", _get_requests),
        ("GET", "faults", _get_faults),
        ("PUT", "faults", _put_faults),
        ("POST", "advance", _advance),
        ("POST", "reset", _reset),
        ("POST", "organisation", _set_limits),
    )
    return [
        Route(f"/_sandbox/{name}", _endpoint(world, handler), methods=[method]) for method, name, handler in handlers
    ]


def _endpoint(world: World, handler: _Handler) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        try:
            status, body = 200, await handler(world, request)
        except (ValueError, UsageError) as problem:
            status, body = 400, {"error": str(problem)}
        return Response(orjson.dumps(body), status_code=status, media_type="application/json")

    return endpoint


async def _read_json(request: Request) -> Any:
    return orjson.loads(await request.body() or b"{}")


async def _get_dials(world: World, request: Request) -> object:
    with world.moment() as moment:
        catch_up(moment)
        return {"dials": list_dials(moment, request.query_params.get("number"))}


async def _get_clock(world: World, request: Request) -> object:
    clock_time = world.now()
    return {"now": format_rfc3339(clock_time), "epoch": clock_time}


async def _get_requests(world: World, request: Request) -> object:
    with world.moment() as moment:
        rows = moment.db.execute("SELECT method, path, operation, status, at FROM request ORDER BY seq")
        return {"requests": [{**dict(row), "at": format_rfc3339(row["at"])} for row in rows]}


async def _get_faults(world: World, request: Request) -> object:
    with world.moment() as moment:
        return _faults_json(moment)


def _faults_json(moment: Moment) -> dict[str, Any]:
    rules, counts = faults.read_rules(moment)
    return {"faults": rules, "seen": counts}


async def _put_faults(world: World, request: Request) -> object:
    rules = faults.validate_rules(await _read_json(request))
    with world.moment() as moment:
        faults.install_rules(moment, rules)
        return _faults_json(moment)


async def _advance(world: World, request: Request) -> object:
    body = await _read_json(request)
    seconds = body.get("seconds") if isinstance(body, dict) else None
    if not isinstance(seconds, int | float) or isinstance(seconds, bool):
        raise ValueError('expected {"seconds": N}')
    clock_time = world.advance(seconds)
    return {"now": format_rfc3339(clock_time), "epoch": clock_time}


async def _reset(world: World, request: Request) -> object:
    world.reset()
    return {}


async def _set_limits(world: World, request: Request) -> object:
    """Change the limits of an account. `key` null means the account of the sandbox's own key."""
    body = await _read_json(request)
    key = (body.pop("key", None) or SANDBOX_KEY) if isinstance(body, dict) else None
    if not isinstance(key, str):
        raise ValueError('expected {"key": TEXT} and limits')
    for name, value in body.items():
        if name not in _LIMITS or not _is_allowed(name, value):
            raise ValueError(f"{name}: expected one of {', '.join(_LIMITS)}, as a number or a boolean")
    with world.moment() as moment:
        catch_up(moment)
        org = open_organisation(moment, key)
        for name, value in body.items():
            moment.db.execute(f"UPDATE organisation SET {name} = ? WHERE id = ?", (int(value), org.id))
        updated_org = open_organisation(moment, key)
        return {"organisation": organisation_name(key)} | {name: getattr(updated_org, name) for name in _LIMITS}


def _is_allowed(name: str, value: Any) -> bool:
    return type(value) is _LIMITS[name] and 0 <= int(value) <= _MAX_LIMIT
