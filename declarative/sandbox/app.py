"""The one application behind `--sandbox` and `dialctl sandbox serve`: both APIs and the control routes over ASGI.

It carries out replies and knows what a connection is; what a reply is, `perform` knows.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Iterator
from typing import Any, Protocol

import orjson
from starlette.applications import Starlette
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from declarative.sandbox.control import control_routes
from declarative.sandbox.handle import PROVIDERS, Reply, perform
from declarative.sandbox.request import Asked, Operation, http_date
from declarative.sandbox.world import World

_HEADERS = ("authorization", "x-api-key", "cartesia-version")


class Connection(Protocol):
    """What a host that can really hang up puts into `scope["state"]["connection"]`."""

    def hang_up(self) -> None: ...

    def pause(self, seconds: float) -> Awaitable[None]: ...


def create_app(world: World) -> Starlette:
    """Both providers on one port, at their own paths and under `/cartesia` and `/callingbox`."""
    return Starlette(
        routes=[*control_routes(world), *_provider_routes(world)],
        middleware=[Middleware(_Dated, world=world)],
        exception_handlers={HTTPException: _no_such_route},
    )


def _provider_routes(world: World) -> Iterator[BaseRoute]:
    for provider, face in PROVIDERS.items():
        for one in face.operations:
            here = _Endpoint(world, provider, one)
            yield Route(f"/{provider}{one.path}", here, methods=[one.method])
            if not one.path.startswith("/v1/agents"):
                yield Route(one.path, here, methods=[one.method])
    yield from _shared_routes(world)


def _shared_routes(world: World) -> Iterator[BaseRoute]:
    """`/v1/agents` is in both APIs: a request with a `Cartesia-Version` is Cartesia's."""
    for one in PROVIDERS["cartesia"].operations:
        if not one.path.startswith("/v1/agents"):
            continue
        path = one.path.replace("{agent_id}", "{id}")
        (other,) = (box for box in PROVIDERS["callingbox"].operations if box.path == path)
        pair = _Either(_Endpoint(world, "cartesia", one), _Endpoint(world, "callingbox", other))
        yield Route(one.path, pair, methods=[one.method])


class _Either:
    def __init__(self, cartesia: ASGIApp, callingbox: ASGIApp) -> None:
        self._cartesia, self._callingbox = cartesia, callingbox

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if "cartesia-version" in Request(scope).headers:
            await self._cartesia(scope, receive, send)
        else:
            scope["path_params"] = dict(zip(("id",), scope["path_params"].values(), strict=False))
            await self._callingbox(scope, receive, send)


class _Endpoint:
    def __init__(self, world: World, provider: str, operation: Operation) -> None:
        self._world, self._provider, self._operation = world, provider, operation

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        asked = Asked(
            provider=self._provider,
            operation=self._operation.name,
            method=request.method,
            path=request.url.path,
            path_values=request.path_params,
            query=dict(request.query_params),
            headers={name: request.headers[name] for name in _HEADERS if name in request.headers},
            body=await request.body(),
        )
        await _carry_out(perform(self._world, asked), scope, receive, send)


async def _carry_out(reply: Reply, scope: Scope, receive: Receive, send: Send) -> None:
    connection = scope.get("state", {}).get("connection") or _Unhooked()
    if reply.delay:
        await connection.pause(reply.delay)
    if reply.answer is None:
        await _close(connection, receive)
        return
    body, headers = reply.answer.encoded()
    headers = {"date": http_date(reply.at)} | headers | {"content-length": str(len(body))}
    raw = [(name.encode(), value.encode()) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": reply.answer.status, "headers": raw})
    if reply.truncate is not None and reply.truncate < len(body):
        await send({"type": "http.response.body", "body": body[: reply.truncate], "more_body": True})
        await _close(connection, receive)
        return
    await send({"type": "http.response.body", "body": body})


async def _close(connection: Connection, receive: Receive) -> None:
    connection.hang_up()
    while (await receive())["type"] != "http.disconnect":
        continue


class _Unhooked:
    """Under a host that cannot hang up, a lost answer is an exception in the application."""

    def hang_up(self) -> None:
        raise ConnectionAbortedError("the sandbox closes this connection without an answer")

    async def pause(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class _Dated:
    """Every answer carries the sandbox's own time."""

    def __init__(self, app: ASGIApp, world: World) -> None:
        self._app, self._world = app, world

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def dated(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).setdefault("date", http_date(self._world.now()))
            await send(message)

        await self._app(scope, receive, dated)


async def _no_such_route(request: Request, problem: Exception) -> Response:
    status = problem.status_code if isinstance(problem, HTTPException) else 500
    told: dict[str, Any] = {"title": "Not found", "message": "no such route", "error": "no such route"}
    return Response(orjson.dumps(told), status_code=status, media_type="application/json")
