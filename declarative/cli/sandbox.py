"""`dialctl sandbox ...`: serve the simulator, move its clock, reset it, list who was called. Independent of the other
commands."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from declarative.cli import options
from declarative.errors import DialctlError, UsageError
from declarative.sandbox import SANDBOX_KEY
from declarative.sandbox.outcomes import OUTCOMES

if TYPE_CHECKING:
    from declarative.sandbox.embedded import EmbeddedSandbox

_ANY_ADDRESS = ("", "0.0.0.0", "::")
_BASE_PATHS = {
    "CARTESIA": "",
    "CALLINGBOX": "",
    "ELEVENLABS": "",
    "TELNYX": "/v2",
    "RETELL": "",
    "VAPI": "",
    "TWILIO": "",
}
"""Beginnings of the variables of each provider, and the path that its base URL ends with."""
_KEY_NAMES = {"TWILIO": ("ACCOUNT_SID", "AUTH_TOKEN")}
"""Endings of the variables of a key, where it is not API_KEY alone."""
_url_option = click.option("--url", help="URL of a served sandbox. Without it, the one that --sandbox keeps here.")


@click.group()
def sandbox() -> None:
    """Run and inspect the simulator of the providers. No key, no account, no real calls."""


_SERVE_HELP = f"""Serve the providers' APIs for any HTTP client. The vendors' SDKs are such clients.

{OUTCOMES}"""


@sandbox.command(help=_SERVE_HELP)
@click.option(
    "--host", default="127.0.0.1", show_default=True, help="Address to listen on. It answers only to localhost."
)
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8787,
    show_default=True,
    help="Port to listen on. 0 takes any free one.",
)
@click.option(
    "--speed", type=click.FloatRange(0), help="Sandbox seconds per real second. At 0 only advance moves the clock."
)
@click.option("--seed", type=int, help="Seed of the random outcomes.  [default: 0]")
@click.option(
    "--lifelike/--no-lifelike",
    default=None,
    help="Add rare outcomes: errors, refusals, unknown words.  [default: no-lifelike]",
)
@click.option("--faults", type=click.Path(path_type=Path), help="Fault rules (YAML or JSON).")
@click.option("--directory", type=click.Path(path_type=Path, file_okay=False), help="Keep the state in this directory.")
def serve(
    host: str,
    port: int,
    speed: float | None,
    seed: int | None,
    lifelike: bool | None,
    faults: Path | None,
    directory: Path | None,
) -> None:
    from declarative.sandbox.faults import install_rules, load_rules
    from declarative.sandbox.world import World

    rules = load_rules(faults) if faults is not None else None
    try:
        world = World(directory, seed=seed, speed=speed, lifelike=lifelike)
    except ValueError as error:
        raise UsageError(str(error)) from None
    try:
        if rules is not None:
            with world.moment() as moment:
                install_rules(moment, rules)
        _serve(world, host, port)
    finally:
        world.close()


def _serve(world: Any, host: str, port: int) -> None:
    from declarative.sandbox.server import run_server as listen

    # uvicorn stops first and then raises the signal again. A server that is told to stop has not failed: exit 0.
    for signum in (signal.SIGINT, signal.SIGTERM):
        signal.signal(signum, _exit_on_signal)
    try:
        listen(world, host, port, _print_endpoints)
    except OSError as error:
        raise DialctlError(f"cannot listen on {host}:{port}: {error.strerror or error}") from None


def _exit_on_signal(signum: int, frame: object) -> None:
    raise SystemExit(0)


def _print_endpoints(host: str, port: int) -> None:
    url = f"http://{'localhost' if host in _ANY_ADDRESS else host}:{port}"
    click.echo(f"listening on {url}")
    for name, prefix in _BASE_PATHS.items():
        keys = [f"{name}_{ending}={SANDBOX_KEY}" for ending in _KEY_NAMES.get(name, ("API_KEY",))]
        click.echo(f"export {name}_BASE_URL={url}{prefix} {' '.join(keys)}", err=True)


@sandbox.command()
@click.argument("duration", type=options.Duration())
@_url_option
def advance(duration: float, url: str | None) -> None:
    """Move the sandbox's clock forward. Examples of DURATION: 90s, 2m, 1h30m, 2d."""
    click.echo(_request_control("POST", "advance", url or _find_embedded(), {"seconds": duration}, "now")["now"])


@sandbox.command()
@_url_option
def reset(url: str | None) -> None:
    """Delete all but the clock, the seed and the fault rules. Without --url, also the lock of --sandbox.

    A damaged database is deleted as a whole.
    """
    if url is not None:
        _request_control("POST", "reset", url, {})
        return
    import shutil
    import time

    from declarative.state.base import Holder
    from declarative.state.catalog import open_backend

    directory = _find_embedded()
    with open_backend(directory, None).lease(Holder.from_environment(os.environ), 0, time.sleep):
        _reset_embedded(directory)
        shutil.rmtree(directory / "simulators", ignore_errors=True)
        for file in directory.glob("dialctl.lock*"):
            file.unlink()


def delete_embedded(directory: Path) -> None:
    """Delete the sandbox of a directory with its lock, while no run uses it. Raises LeaseHeld."""
    import shutil
    import time

    from declarative.state.base import Holder
    from declarative.state.catalog import open_backend

    with open_backend(directory, None).lease(Holder.from_environment(os.environ), 0, time.sleep):
        shutil.rmtree(directory)


def _reset_embedded(directory: Path) -> None:
    from declarative.sandbox.store import DamagedDatabase, delete_database

    try:
        _request_control("POST", "reset", directory, {})
    except DamagedDatabase as damage:
        delete_database(directory)
        _request_control("POST", "reset", directory, {})
        click.echo(f"{damage.message}. A new one begins, with a new clock.", err=True)


@sandbox.command()
@_url_option
@click.option("--json", "as_json", is_flag=True, help="One JSON document, with phone numbers in full.")
@click.option("--show-numbers", is_flag=True, help="Show phone numbers in full in text, too.")
def dials(url: str | None, as_json: bool, show_numbers: bool) -> None:
    """Print who was called in the sandbox, one line for each call."""
    import json

    from declarative.privacy import clean, mask

    dial_log = _request_control("GET", "dials", url or _find_embedded(), required_field="dials")
    if as_json:
        click.echo(json.dumps(dial_log))
        return
    for dial in dial_log["dials"]:
        number = dial["number"] if show_numbers else mask(dial["number"])
        click.echo(f"{dial['at']}  {number}  {dial['provider']}  {clean(dial['name'] or dial['call_id'])}")


def _find_embedded() -> Path:
    """The sandbox of the project here: of this directory, one above it, or its only child that holds a Project."""
    from declarative.app.connections import find_sandbox_directory
    from declarative.app.session import find_project

    project_path = find_project(Path())
    if project_path != Path():
        click.echo(f"Project in {project_path}.", err=True)
    return find_sandbox_directory(project_path)


def _request_control(
    method: str, route: str, place: str | Path, body: object = None, required_field: str | None = None
) -> Any:
    """Send a request to the sandbox's control routes and return the JSON object of the answer.

    `place` is the URL of a served sandbox, or the directory of an embedded one. Raises UsageError for what the sandbox
    refuses. Raises DialctlError if no sandbox answers; an answer without `required_field` comes from something else.
    """
    import httpx

    embedded = _open_embedded(place) if isinstance(place, Path) else None
    transport = embedded.transport() if embedded is not None else None
    url = "http://sandbox" if isinstance(place, Path) else place
    try:
        with httpx.Client(base_url=url, transport=transport, trust_env=False, timeout=60) as client:
            response = client.request(method, f"_sandbox/{route}", json=body)
            if response.status_code == 400 and isinstance(answer := response.json(), dict) and "error" in answer:
                raise UsageError(str(answer["error"]))
            answer = response.raise_for_status().json()
            if not isinstance(answer, dict) or (required_field is not None and required_field not in answer):
                raise ValueError("something else listens there")
            return answer
    except (httpx.HTTPError, ValueError) as error:
        raise DialctlError(f"no sandbox answers at {url}: {error}", hint="dialctl sandbox serve") from None
    finally:
        if embedded is not None:
            embedded.close()


def _open_embedded(directory: Path) -> EmbeddedSandbox:
    from declarative.sandbox.embedded import open_sandbox

    return open_sandbox(directory)
