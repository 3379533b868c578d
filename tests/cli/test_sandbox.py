"""`dialctl sandbox` as a command."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest
from click.testing import CliRunner

from declarative.cli.sandbox import sandbox
from declarative.errors import DialctlError, LeaseHeld, UsageError
from declarative.sandbox.embedded import open_sandbox
from declarative.state.catalog import open_backend
from tests.command import ROOT, served_sandbox
from tests.sandbox.account import Account
from tests.sandbox.request_bodies import ADA, batch_body
from tests.state.samples import holder


@pytest.fixture(scope="session")
def served_url() -> Iterator[str]:
    with served_sandbox("--speed", "0") as url:
        yield url


@pytest.fixture
def served(served_url: str) -> Iterator[Account]:
    with Account(served_url, None) as account:
        yield account


@pytest.fixture
def runner(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CliRunner:
    monkeypatch.chdir(tmp_path)
    return CliRunner()


def test_importing_the_command_imports_nothing_heavy() -> None:
    program = (
        "import sys, declarative.cli.sandbox;"
        "print(sorted({'starlette', 'uvicorn', 'sqlite3', 'httpx', 'jsonschema', 'yaml'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("text", ["", "-2m", "m2", "1 h", "2w"])
def test_what_is_no_duration_is_wrong_usage(runner: CliRunner, text: str) -> None:
    assert runner.invoke(sandbox, ["advance", "--", text]).exit_code == 2


def test_advance_moves_the_embedded_sandbox_of_this_directory(runner: CliRunner, tmp_path: Path) -> None:
    with open_sandbox(tmp_path / ".dialctl" / "sandbox") as embedded:
        before = embedded.now()
        assert runner.invoke(sandbox, ["advance", "1h30m"]).exit_code == 0
        assert (embedded.now() - before).total_seconds() >= 5400


def test_a_clock_that_no_calendar_could_show_is_refused_and_the_sandbox_goes_on(runner: CliRunner) -> None:
    refused = runner.invoke(sandbox, ["advance", "99999999d"])
    assert isinstance(refused.exception, UsageError)
    assert "the year 8999" in refused.exception.message
    assert runner.invoke(sandbox, ["dials"]).exit_code == 0


def test_dials_and_reset_of_a_served_sandbox(runner: CliRunner, served: Account) -> None:
    served.at_cartesia().post("/agents/calls/batches", json=batch_body(name="march"))
    served.advance(5)
    shown = runner.invoke(sandbox, ["dials", "--json", "--url", served.base_url])
    assert ADA in {one["number"] for one in json.loads(shown.stdout)["dials"]}
    assert "march" in runner.invoke(sandbox, ["dials", "--url", served.base_url]).stdout
    assert runner.invoke(sandbox, ["reset", "--url", served.base_url]).exit_code == 0
    assert runner.invoke(sandbox, ["dials", "--url", served.base_url]).stdout == ""


def test_a_reset_of_the_embedded_sandbox_forgets_the_lock_that_was_born_with_it(runner: CliRunner) -> None:
    home = Path(".dialctl") / "sandbox"
    open_sandbox(home).close()
    for name in ("dialctl.lock", "dialctl.lock.journal"):
        (home / name).touch()
    assert runner.invoke(sandbox, ["reset"]).exit_code == 0
    assert list(home.glob("dialctl.lock*")) == []


def test_a_reset_does_not_wait_for_another_command(runner: CliRunner) -> None:
    home = Path(".dialctl") / "sandbox"
    open_sandbox(home).close()
    (home / "dialctl.lock").touch()
    with open_backend(home, None).lease(holder(), 0, lambda _: None):
        assert isinstance(runner.invoke(sandbox, ["reset"]).exception, LeaseHeld)
    assert (home / "dialctl.lock").exists()


def test_dials_in_text_mask_numbers_and_control_characters(runner: CliRunner, served: Account) -> None:
    served.at_cartesia().post("/agents/calls/batches", json=batch_body(name="ma\x1b[31mrch"))
    url = ["--url", served.base_url]
    masked, whole = (runner.invoke(sandbox, ["dials", *url, *more]).stdout for more in ([], ["--show-numbers"]))
    assert "+1415•••0100  cartesia  ma[31mrch" in masked
    assert ADA not in masked
    assert ADA in whole


def test_dials_in_text_never_show_a_short_number_whole(runner: CliRunner, served: Account) -> None:
    served.at_cartesia().post("/agents/calls/batches", json=batch_body("+5550101", from_number_id="ap_twilio_A"))
    shown = runner.invoke(sandbox, ["dials", "--url", served.base_url]).stdout
    assert "  +5•••01  " in shown


def test_a_sandbox_that_does_not_answer_is_named(runner: CliRunner) -> None:
    result = runner.invoke(sandbox, ["advance", "1s", "--url", "http://127.0.0.1:9"])
    assert isinstance(result.exception, DialctlError)
    assert "http://127.0.0.1:9" in str(result.exception)


class Other(BaseHTTPRequestHandler):
    """Answers whatever is asked with a JSON object."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"{}")

    do_POST = do_GET


@pytest.mark.parametrize("command", [["advance", "1s"], ["dials"]])
def test_whatever_else_answers_at_the_url_is_no_sandbox(runner: CliRunner, command: list[str]) -> None:
    with HTTPServer(("127.0.0.1", 0), Other) as server:
        Thread(target=server.handle_request).start()
        url = f"http://127.0.0.1:{server.server_port}"
        result = runner.invoke(sandbox, [*command, "--url", url])
    assert isinstance(result.exception, DialctlError)
    assert url in str(result.exception)


def test_serve_names_the_endings_of_numbers(runner: CliRunner) -> None:
    text = runner.invoke(sandbox, ["serve", "--help"]).stdout
    assert all(f"\n  {ending}  " in text for ending in range(91, 99))


@pytest.mark.parametrize("speed", ["nan", "inf", "1e300"])
def test_a_speed_that_no_clock_can_keep_is_wrong_usage(runner: CliRunner, speed: str) -> None:
    assert isinstance(runner.invoke(sandbox, ["serve", "--port", "0", "--speed", speed]).exception, UsageError)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("- {match: {}, do: {delay: 31}}", "faults.yaml: faults[0].do.delay: 31"),
        ("- {match: {}, do: {edit: {a: !!binary aGk=}}}", "faults.yaml: faults: Type is not JSON serializable: bytes"),
        ("- {match: {}, do: &loop {edit: *loop}}", "faults.yaml: faults: Recursion"),
        ("- {match: {}, do: {late: .nan}}", "faults.yaml: faults[0].do.late: None"),
        ("- {match: {operation: dance}, do: lost_answer}", "faults[0].match.operation"),
        ("[", "line 1"),
        ("- {do: lost_answer}", "match"),
    ],
)
def test_wrong_faults_are_refused_before_anything_listens(runner: CliRunner, text: str, place: str) -> None:
    Path("faults.yaml").write_text(text)
    result = runner.invoke(sandbox, ["serve", "--port", "0", "--faults", "faults.yaml"])
    assert isinstance(result.exception, UsageError)
    assert place in str(result.exception)


def test_a_damaged_sandbox_is_named_and_reset(runner: CliRunner) -> None:
    home = Path(".dialctl") / "sandbox"
    home.mkdir(parents=True)
    for name in ("sandbox.sqlite3", "sandbox.sqlite3-wal", "dialctl.lock"):
        (home / name).write_text("garbage")
    refused = runner.invoke(sandbox, ["dials"])
    assert isinstance(refused.exception, DialctlError)
    assert "sandbox.sqlite3" in refused.exception.message
    assert "dialctl sandbox reset" in refused.exception.hint
    reset = runner.invoke(sandbox, ["reset"])
    assert (reset.exit_code, "A new one begins" in reset.stderr) == (0, True)
    assert runner.invoke(sandbox, ["dials"]).exit_code == 0
    assert not (home / "dialctl.lock").exists()


def test_the_sandbox_of_the_only_project_below_and_of_the_one_above_is_meant(
    runner: CliRunner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = tmp_path / "campaigns"
    (project / "lists").mkdir(parents=True)
    (project / "project.yaml").write_text("apiVersion: dialctl/v1\nkind: Project\nmetadata: {name: spring}\n")
    for place in (tmp_path, project / "lists"):
        monkeypatch.chdir(place)
        ran = runner.invoke(sandbox, ["advance", "1m"])
        assert (ran.exit_code, ran.stderr) == (0, "Project in campaigns.\n" if place == tmp_path else "")
        assert runner.invoke(sandbox, ["dials"]).exit_code == 0
        assert runner.invoke(sandbox, ["reset"]).exit_code == 0
    assert (project / ".dialctl" / "sandbox").is_dir()
    assert not list(tmp_path.glob(".dialctl"))
    assert not list((project / "lists").iterdir())
