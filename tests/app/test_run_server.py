"""Health, metrics and the report over HTTP."""

from __future__ import annotations

import io
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack

import httpx
import orjson
import pytest

from declarative.app.report import ProjectReport
from declarative.app.run import ProjectRunner
from declarative.app.run_log import RunLog
from declarative.app.run_metrics import RunMetrics
from declarative.app.run_round import RunProject
from declarative.app.run_server import Pages, RunServer
from declarative.engine.signals import StopSignal
from declarative.errors import UsageError
from declarative.report import html, run_page
from tests.app.running import PROJECT, make_project, run_round
from tests.project_fixture import ProjectFixture

PAGES = Pages(render_report=html.render_report, render_index=run_page.render_index)


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def serve(stack: ExitStack, *projects: RunProject, pages: Pages = PAGES) -> httpx.Client:
    metrics = RunMetrics()
    runner = ProjectRunner(projects, RunLog(as_json=True), StopSignal(), metrics.count_round)
    server = RunServer("127.0.0.1", 0, runner, metrics, pages)
    stack.callback(server.close)
    server.start()
    return stack.enter_context(httpx.Client(base_url=f"http://127.0.0.1:{server.port}", trust_env=False))


def test_a_project_alone_is_the_first_page(project: ProjectFixture, stack: ExitStack) -> None:
    project.write(project_yaml=PROJECT)
    running = make_project(project)
    client = serve(stack, running)
    assert client.get("/readyz").status_code == 503
    assert client.get("/").status_code == 503
    run_round(running)
    assert client.get("/readyz").status_code == 200
    page = client.get("/")
    assert page.status_code == 200
    assert "spring" in page.text
    assert "CET" in page.text or "CEST" in page.text, "times are in the zone of the project"
    assert "5550101" not in page.text
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert client.get("/projects/spring").text == page.text
    assert client.get("/projects/autumn").status_code == 404


def test_several_projects_are_listed(project: ProjectFixture, stack: ExitStack) -> None:
    project.write(project_yaml=PROJECT)
    running, other = make_project(project), make_project(project, name="<b>other</b>")
    client = serve(stack, running, other)
    run_round(running)
    page = client.get("/").text
    assert '<a href="/projects/spring">spring</a>' in page
    assert "<b>" not in page


def test_a_replica_that_waits_shows_the_report_too(project: ProjectFixture, stack: ExitStack) -> None:
    project.write(project_yaml=PROJECT)
    first, second = make_project(project, takes_turns=True), make_project(project, takes_turns=True)
    client = serve(stack, second, make_project(project, name="other"))
    run_round(first)
    run_round(second)
    assert '<a href="/projects/spring">' in client.get("/").text
    page = client.get("/projects/spring")
    assert page.status_code == 200
    assert "CET" in page.text or "CEST" in page.text
    (project.root / ".dialctl" / "sandbox" / "dialctl.lock").write_text("{")
    page = client.get("/projects/spring")
    assert page.status_code == 200, "read a moment ago"


def test_a_report_that_cannot_be_read_is_no_traceback(project: ProjectFixture, stack: ExitStack) -> None:
    project.write(project_yaml=PROJECT)
    first, second = make_project(project, takes_turns=True), make_project(project, takes_turns=True)
    client = serve(stack, second)
    run_round(first)
    run_round(second)
    (project.root / ".dialctl" / "sandbox" / "dialctl.lock").write_text("{")
    page = client.get("/")
    assert page.status_code == 503
    assert page.text.startswith("nothing can be read of this project: ")


class WrittenStream(io.StringIO):
    """Tells when a line was written to it."""

    def __init__(self) -> None:
        super().__init__()
        self.has_line = threading.Event()

    def write(self, text: str) -> int:
        size = super().write(text)
        if text.endswith("\n"):
            self.has_line.set()
        return size


def test_a_page_that_fails_is_told_in_the_log_as_json(project: ProjectFixture, stack: ExitStack) -> None:
    def fail(report: ProjectReport) -> str:
        raise ZeroDivisionError("division by +14155550101")

    project.write(project_yaml=PROJECT)
    running, stream = make_project(project), WrittenStream()
    client = serve(stack, running, pages=Pages(render_report=fail, render_index=run_page.render_index))
    run_round(running)
    with RunLog(as_json=True, stream=stream).capture():
        assert client.get("/").status_code == 500
        assert stream.has_line.wait(30), "the server writes it after its answer"
    (entry,) = [orjson.loads(line) for line in stream.getvalue().splitlines()]
    assert (entry["level"], entry["event"]) == ("error", "library")
    assert entry["message"].startswith("Exception in ASGI application: ZeroDivisionError: division by ")
    assert "5550101" not in entry["message"]


def test_health_is_that_of_the_threads(project: ProjectFixture, stack: ExitStack) -> None:
    client = serve(stack, make_project(project))
    assert client.get("/healthz").status_code == 503, "no thread runs"
    assert "# HELP dialctl_people " in client.get("/metrics").text


def test_a_name_that_is_not_of_this_machine_is_refused(project: ProjectFixture, stack: ExitStack) -> None:
    client = serve(stack, make_project(project))
    for path in ("/", "/metrics", "/healthz"):
        assert client.get(path, headers={"Host": "evil.example.com"}).status_code == 403
        assert client.post(path).status_code == 405


def test_an_address_in_use_is_named(project: ProjectFixture) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        runner = ProjectRunner([], RunLog(as_json=True), StopSignal())
        with pytest.raises(UsageError, match=rf"cannot listen on 127\.0\.0\.1:{port}") as error:
            RunServer("127.0.0.1", port, runner, RunMetrics(), PAGES)
    assert "--metrics" in error.value.hint
