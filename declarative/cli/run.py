"""`dialctl run`: the same as apply, by itself, again and again."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from declarative.cli import options
from declarative.cli.context import Context
from declarative.errors import UsageError
from declarative.humanize import plural

if TYPE_CHECKING:
    from declarative.app.run import ProjectRunner
    from declarative.app.run_log import RunLog
    from declarative.app.run_metrics import RunMetrics
    from declarative.app.run_round import RunProject
    from declarative.app.run_server import RunServer
    from declarative.engine.signals import StopSignal


class Listen(click.ParamType[tuple[str, int]]):
    """Converts HOST:PORT or PORT to a pair. Without a host it is this machine alone."""

    name = "HOST:PORT"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, int]:
        if isinstance(value, tuple):
            return value
        host, _, port = str(value).rpartition(":")
        if not port.isdigit() or int(port) > 65535:
            self.fail(f"{value!r} is not HOST:PORT, such as 127.0.0.1:9464 or 0.0.0.0:9464", param, ctx)
        return host.strip("[]") or "127.0.0.1", int(port)


@click.command()
@click.argument("paths", metavar="[PATH...]", nargs=-1, type=click.Path(path_type=Path))
@click.option(
    "--interval",
    type=options.Duration(),
    default="60s",
    show_default=True,
    help="How often a project is looked at where nothing happens.",
)
@click.option(
    "--metrics",
    type=Listen(),
    default="127.0.0.1:9464",
    show_default=True,
    help="Where /healthz, /readyz, /metrics and the report are served.",
)
@click.option("--once", is_flag=True, help="One round of each project, without a server; exit as the worst of them.")
@click.option(
    "--log", type=click.Choice(["text", "json"]), default="text", show_default=True, help="Log lines, or JSON objects."
)
@options.parallelism
@click.pass_obj
def run(
    context: Context,
    paths: tuple[Path, ...],
    interval: float,
    metrics: tuple[str, int],
    once: bool,
    log: str,
    parallelism: int,
) -> int:
    """Apply projects again and again, without asking.

    It needs the extra dialctl[run]. It works within the policies: each Project needs policy.max_dials, which counts
    over 24 hours. Manifests are read anew each round; while they are invalid, nobody new is called and nobody is taken
    off. Several replicas may run the same projects with a shared state: whoever holds a project's lease works on it.
    """
    from declarative.app.run import ProjectRunner
    from declarative.app.run_log import RunLog
    from declarative.app.run_round import RunProject, RunSettings
    from declarative.engine.signals import StopSignal

    if interval <= 0:
        raise UsageError("--interval must be longer than nothing")
    settings = RunSettings(
        interval=interval,
        sandbox=context.sandbox,
        variables=context.variables,
        variable_files=context.variable_files,
        directory=context.directory,
        parallelism=parallelism,
        takes_turns=not once,
    )
    projects = [RunProject(context.find_project(path), settings) for path in dict.fromkeys(paths or (Path(),))]
    stop = StopSignal()
    run_log = RunLog(as_json=log == "json")
    with run_log.capture():
        if once:
            stop.listen()
            return ProjectRunner(projects, run_log, stop, once=True).run()
        return _run_and_serve(projects, run_log, stop, metrics)


def _run_and_serve(projects: list[RunProject], run_log: RunLog, stop: StopSignal, address: tuple[str, int]) -> int:
    """Run until a signal comes, and answer over HTTP meanwhile."""
    _check_installed()
    from declarative.app.run import ProjectRunner
    from declarative.app.run_metrics import RunMetrics

    metrics = RunMetrics()
    runner = ProjectRunner(projects, run_log, stop, metrics.count_round)
    server = _make_server(address, runner, metrics)
    metrics.count_requests()
    stop.listen()
    server.start()
    count = plural(len(projects), "project", "projects")
    run_log.write("run", f"{count}; http://{address[0]}:{server.port}/", event="start")
    try:
        return runner.run()
    finally:
        server.close()


def _make_server(address: tuple[str, int], runner: ProjectRunner, metrics: RunMetrics) -> RunServer:
    from declarative.app.run_server import Pages, RunServer
    from declarative.report import html, run_page

    pages = Pages(render_report=html.render_report, render_index=run_page.render_index)
    return RunServer(*address, runner, metrics, pages)


def _check_installed() -> None:
    """Raise UsageError where the extra `dialctl[run]` is not installed."""
    from importlib.util import find_spec

    if any(find_spec(name) is None for name in ("prometheus_client", "jinja2", "pygal")):
        raise UsageError("dialctl run needs libraries that are not installed", hint="pip install 'dialctl[run]'")
