"""What `dialctl run` answers over HTTP: health, metrics, and the report of each project. It changes nothing."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route

from declarative import humanize
from declarative.app.report import ProjectReport
from declarative.app.run import ProjectRunner
from declarative.app.run_metrics import CONTENT_TYPE, RunMetrics
from declarative.errors import DialctlError, UsageError
from declarative.privacy import clean, is_loopback, mask_all

_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; img-src data:",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}
"""Of every page: it loads nothing, and a browser keeps nothing of it."""


@dataclass(frozen=True, kw_only=True)
class Pages:
    """How pages are written."""

    render_report: Callable[[ProjectReport], str]
    """One project, as `dialctl report` writes it."""
    render_index: Callable[[list[tuple[str, ProjectReport | None]]], str]
    """A list of projects, each with a link to its page."""


class RunServer:
    """Serves in a thread of its own from `start` to `close`.

    Raises UsageError where the address cannot be bound.
    """

    def __init__(self, host: str, port: int, runner: ProjectRunner, metrics: RunMetrics, pages: Pages) -> None:
        self._runner = runner
        self._metrics = metrics
        self._pages = pages
        self._only_loopback = is_loopback(host)
        try:
            self._listener = socket.create_server(
                (host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET
            )
        except OSError as error:
            raise UsageError(
                f"cannot listen on {host}:{port}: {error.strerror}",
                hint="choose another address with --metrics HOST:PORT",
            ) from None
        self.port: int = self._listener.getsockname()[1]
        routes = [
            Route("/healthz", self._answer_health),
            Route("/readyz", self._answer_ready),
            Route("/metrics", self._answer_metrics),
            Route("/", self._answer_index),
            Route("/projects/{name}", self._answer_project),
        ]
        config = uvicorn.Config(
            Starlette(routes=[Route(route.path, self._guard(route.endpoint)) for route in routes]),
            lifespan="off",
            ws="none",  # nothing here speaks it, and to look for it would import what others installed
            server_header=False,
            log_config=None,
            access_log=False,
            timeout_graceful_shutdown=2,
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, args=[[self._listener]], name="dialctl run server")

    def start(self) -> None:
        """Answer from now on."""
        self._thread.start()

    def close(self) -> None:
        """Answer no more."""
        self._server.should_exit = True
        if self._thread.is_alive():
            self._thread.join()
        self._listener.close()

    def _guard(self, answer: Callable[[Request], Response]) -> Callable[[Request], Response]:
        def answer_guarded(request: Request) -> Response:
            # A page in a browser may resolve its own name to this machine, and read what is served here alone.
            if self._only_loopback and not is_loopback(request.url.hostname or ""):
                return PlainTextResponse("this server answers to names of this machine only\n", 403)
            return answer(request)

        return answer_guarded

    def _answer_health(self, request: Request) -> Response:
        if self._runner.is_alive:
            return PlainTextResponse("alive\n")
        return PlainTextResponse("a project is not run any more\n", 503)

    def _answer_ready(self, request: Request) -> Response:
        if waiting := self._runner.waiting_names:
            return PlainTextResponse(f"not looked at yet: {', '.join(waiting)}\n", 503)
        return PlainTextResponse("every project was looked at\n")

    def _answer_metrics(self, request: Request) -> Response:
        return Response(self._metrics.render(), media_type=CONTENT_TYPE)

    def _answer_index(self, request: Request) -> Response:
        projects = self._runner.projects
        if len(projects) == 1:
            return self._render_project(projects[0].name)
        listed = sorted((project.name, project.report) for project in projects)
        return HTMLResponse(self._pages.render_index(listed), headers=_HEADERS)

    def _answer_project(self, request: Request) -> Response:
        return self._render_project(str(request.path_params["name"]))

    def _render_project(self, name: str) -> Response:
        project = next((project for project in self._runner.projects if project.name == name), None)
        if project is None:
            return PlainTextResponse("there is no such project\n", 404)
        try:
            report = project.read_report()
        except DialctlError as error:
            return PlainTextResponse(f"nothing can be read of this project: {mask_all(clean(error.message))}\n", 503)
        if report is None:
            return PlainTextResponse("nothing was read of this project yet\n", 503)
        humanize.set_display_zone(project.display_zone)
        return HTMLResponse(self._pages.render_report(report), headers=_HEADERS)
