"""The one application behind `--sandbox` and `dialctl sandbox serve`: every API and the control routes over ASGI.

It sends replies and knows connections. `handle` decides what a reply is.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Iterator, Sequence
from functools import cache, cached_property
from typing import Any, Protocol

import orjson
from starlette.applications import Starlette
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Match, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from declarative.sandbox.control import control_routes
from declarative.sandbox.handle import PROVIDERS, Reply, perform
from declarative.sandbox.request import ApiRequest, Operation, date_header
from declarative.sandbox.world import World

_MEGABYTE = b" " * 1_000_000
_HEADERS = ("authorization", "x-api-key", "cartesia-version", "xi-api-key", "idempotency-key")


class HostConnection(Protocol):
    """What a host that can close a connection puts into `scope["state"]["connection"]`."""

    def hang_up(self) -> None:
        """Send what was written, then close the connection."""

    def pause(self, seconds: float) -> Awaitable[None]:
        """Wait in real time, before the answer or within its body."""
        ...

    def is_open(self) -> bool:
        """Whether somebody still reads the answer."""
        ...


def create_app(world: World) -> Starlette:
    """All providers on one port, at their own paths and under their names, as `/cartesia`."""
    app = Starlette(
        routes=[*control_routes(world), *_provider_routes()],
        middleware=[Middleware(_DateHeader, world=world)],
        exception_handlers={HTTPException: _handle_no_route},
    )
    app.state.world = world
    return app


@cache
def _provider_routes() -> Sequence[BaseRoute]:
    """The same for every world, which an endpoint finds in the application."""
    return [*_list_provider_routes()]


def _list_provider_routes() -> Iterator[BaseRoute]:
    for provider, api in PROVIDERS.items():
        for operation in api.operations:
            endpoint = _Endpoint(provider, operation)
            yield _LateRoute(f"/{provider}{operation.path}", endpoint, operation.method)
            if not operation.path.startswith("/v1/agents"):
                yield _LateRoute(api.prefix + operation.path, endpoint, operation.method)
    yield from _agent_routes()


def _agent_routes() -> Iterator[BaseRoute]:
    """Both APIs have `/v1/agents`. A request with a `Cartesia-Version` is for Cartesia."""
    for operation in PROVIDERS["cartesia"].operations:
        if not operation.path.startswith("/v1/agents"):
            continue
        path = operation.path.replace("{agent_id}", "{id}")
        (callingbox_operation,) = (
            candidate for candidate in PROVIDERS["callingbox"].operations if candidate.path == path
        )
        endpoint = _SharedEndpoint(_Endpoint("cartesia", operation), _Endpoint("callingbox", callingbox_operation))
        yield _LateRoute(operation.path, endpoint, operation.method)


class _LateRoute(BaseRoute):
    """A route whose pattern is compiled once a path begins as it does. All together take a tenth of a short command."""

    def __init__(self, path: str, endpoint: ASGIApp, method: str) -> None:
        self._path, self._endpoint, self._method = path, endpoint, method
        self._beginning = path.partition("{")[0]

    @cached_property
    def _route(self) -> Route:
        return Route(self._path, self._endpoint, methods=[self._method])

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        return self._route.matches(scope) if scope["path"].startswith(self._beginning) else (Match.NONE, {})

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._route.handle(scope, receive, send)


class _SharedEndpoint:
    def __init__(self, cartesia: ASGIApp, callingbox: ASGIApp) -> None:
        self._cartesia, self._callingbox = cartesia, callingbox

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if "cartesia-version" in Request(scope).headers:
            await self._cartesia(scope, receive, send)
        else:
            scope["path_params"] = dict(zip(("id",), scope["path_params"].values(), strict=False))
            await self._callingbox(scope, receive, send)


class _Endpoint:
    def __init__(self, provider: str, operation: Operation) -> None:
        self._provider, self._operation = provider, operation

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        http_request = Request(scope, receive)
        request = ApiRequest(
            provider=self._provider,
            operation=self._operation.name,
            method=http_request.method,
            path=http_request.url.path,
            path_values=http_request.path_params,
            query=dict(http_request.query_params),
            headers={name: http_request.headers[name] for name in _HEADERS if name in http_request.headers},
            body=await http_request.body(),
        )
        await _send_reply(perform(scope["app"].state.world, request), scope, receive, send)


async def _send_reply(reply: Reply, scope: Scope, receive: Receive, send: Send) -> None:
    connection = scope.get("state", {}).get("connection") or _PlainConnection()
    if reply.delay:
        await connection.pause(reply.delay)
    if reply.response is None:
        await _close(connection, receive)
        return
    body, headers = reply.response.encode()
    pad_mb = reply.pad_mb if body else 0
    length = len(body) + pad_mb * len(_MEGABYTE)
    headers = {"date": date_header(reply.world_time)} | headers | {"content-length": str(length)}
    raw_headers = [(name.encode(), value.encode()) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": reply.response.status, "headers": raw_headers})
    if reply.truncate is not None and reply.truncate < len(body):
        await send({"type": "http.response.body", "body": body[: reply.truncate], "more_body": True})
        await _close(connection, receive)
        return
    if reply.trickle:
        await _trickle(body, reply.trickle, connection, send)
        body = b""
    for part in [body, *[_MEGABYTE] * pad_mb]:
        await send({"type": "http.response.body", "body": part, "more_body": True})
    await send({"type": "http.response.body", "body": b""})


async def _trickle(body: bytes, seconds: float, connection: HostConnection, send: Send) -> None:
    """Send a body byte by byte, until nobody reads any more."""
    for index in range(len(body)):
        if not connection.is_open():
            return
        await send({"type": "http.response.body", "body": body[index : index + 1], "more_body": True})
        await connection.pause(seconds)


async def _close(connection: HostConnection, receive: Receive) -> None:
    connection.hang_up()
    while (await receive())["type"] != "http.disconnect":
        continue


class _PlainConnection:
    """For a host that cannot close a connection: a lost answer is an exception in the application."""

    def hang_up(self) -> None:
        raise ConnectionAbortedError("the sandbox closes this connection without an answer")

    async def pause(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    def is_open(self) -> bool:
        return True


class _DateHeader:
    """Middleware that dates every answer with the sandbox's own time."""

    def __init__(self, app: ASGIApp, world: World) -> None:
        self._app, self._world = app, world

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_date(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).setdefault("date", date_header(self._world.now()))
            await send(message)

        await self._app(scope, receive, send_with_date)


async def _handle_no_route(request: Request, problem: Exception) -> Response:
    status = problem.status_code if isinstance(problem, HTTPException) else 500
    body: dict[str, Any] = {"title": "Not found", "message": "no such route", "error": "no such route"}
    return Response(orjson.dumps(body), status_code=status, media_type="application/json")
