"""Provider types from outside: one that is broken blocks its own resources, and the sandbox runs only those that
bring a simulator, without keys and without a network."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

from declarative.sandbox import SANDBOX_KEY
from tests.cli.test_completion import offered
from tests.command import run_in_process

_HEAD = "apiVersion: dialctl/v1\nkind: {}\nmetadata: {{name: {}}}\nspec:\n"
_BATCH = """\
  provider: cartesia
  agent_id: agent_A
  from_number_id: ap_A
  recipients: [{to_number: "+12125550101"}]
"""
_OUTSIDE = """\
  provider: relay
  speakerId: s1
  recipients_from: [{file: people.csv, details: [plan]}]
"""


class Installed:
    """A project, and a package that brings the provider type relay."""

    def __init__(self, directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.project = directory / "project"
        self.module = directory / "site" / "relay_of_this_test.py"
        info = directory / "site" / "relay-1.dist-info"
        info.mkdir(parents=True)
        self.project.mkdir()
        (self.project / ".git").mkdir()
        (info / "METADATA").write_text("Metadata-Version: 2.1\nName: relay\nVersion: 1\n")
        self._entry_points = info / "entry_points.txt"
        self.declare("")
        monkeypatch.syspath_prepend(str(directory / "site"))
        monkeypatch.delitem(__import__("sys").modules, "relay_of_this_test", raising=False)
        (self.project / "project.yaml").write_text(_HEAD.format("Project", "spring") + "  guard: 0s\n")
        (self.project / "march.yaml").write_text(_HEAD.format("Batch", "march") + _BATCH)

    def declare(self, more: str) -> None:
        """Write the entry points of the package: the type, and `more`."""
        self._entry_points.write_text(f"[dialctl.providers]\nrelay = relay_of_this_test\n{more}")

    def use(self) -> None:
        """Let a Batch of the project use the type."""
        (self.project / "april.yaml").write_text(_HEAD.format("Batch", "april") + _OUTSIDE)

    def run(self, *arguments: str) -> tuple[int, str]:
        result = run_in_process("--no-color", "-C", str(self.project), *arguments)
        return result.exit, result.text


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Installed:
    return Installed(tmp_path, monkeypatch)


_SIMULATED = """
import json, os, socket
from dataclasses import replace
from pathlib import Path
from declarative.model.resource import Route
from tests.providers.relay_simulator import RelaySimulator, SimulatedProvider
from tests.providers.relay_type import relay_type
from tests.providers.relay_world import FORGETFUL

seen = []

def look(when, **more):
    if "REFUSED" not in globals():
        return
    try:
        socket.create_connection(("203.0.113.7", 443), timeout=0.1)
        reached = "connected"
    except OSError as problem:
        reached = problem.__class__.__name__
    seen.append({"when": when, "reached": reached, "environment": dict(os.environ), **more})
    Path(LOG).write_text(json.dumps(seen))

def connect(spec, options):
    look("connect", given=dict(options.environment))
    return SimulatedProvider(None)

look("import")
type = replace(relay_type(Path(SCHEMAS)), routes={"1": {Route.BATCH: FORGETFUL}})
"""


@pytest.fixture
def simulated(installed: Installed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Installed:
    """A type with a simulator, whose module looks around when it is imported and when it connects."""
    return outside(installed, tmp_path, monkeypatch, "REFUSED = True\n")


@pytest.fixture
def sound(installed: Installed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Installed:
    """The same type, which looks at nothing."""
    return outside(installed, tmp_path, monkeypatch, "")


def outside(installed: Installed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, head: str) -> Installed:
    """A type with a simulator, and a project that uses it, where the environment holds real keys."""
    names = f"{head}LOG, SCHEMAS = {str(tmp_path / 'log')!r}, {str(tmp_path / 'schemas')!r}\n"
    installed.module.write_text(names + _SIMULATED)
    installed.declare("[dialctl.simulators]\nrelay = tests.providers.relay_simulator:RelaySimulator\n")
    (installed.project / "people.csv").write_text("to_number,plan\n+12125550102,pro\n+12125550103,pro\n")
    installed.use()
    for name in ("RELAY_API_KEY", "RELAY_BASE_URL", "CARTESIA_API_KEY", "AWS_SECRET_ACCESS_KEY", "DIALCTL_PERSON_KEY"):
        monkeypatch.setenv(name, f"real-{name}")
    return installed


def test_a_broken_type_stops_no_command_of_a_project_that_does_not_use_it(installed: Installed) -> None:
    installed.module.write_text("raise SystemExit('not today')\n")
    assert "cannot be used: relay (SystemExit: not today)" in installed.run("version")[1]
    for command in (["validate"], ["--sandbox", "apply", "-y"], ["--sandbox", "destroy", "-y"], ["schema", "--bundle"]):
        assert installed.run(*command)[0] == 0, command


def test_a_broken_type_blocks_its_own_resources_alone(installed: Installed) -> None:
    installed.module.write_text("import no_such_module\n")
    installed.use()
    assert installed.run("validate")[0] == 0
    exit_code, text = installed.run("--sandbox", "apply", "-y")
    assert exit_code == 3
    assert "batch/march" in text
    assert "1 person called" in text or "1 submitted" in text or "create" in text
    assert "! batch/april" in text
    assert "relay" in text


@pytest.mark.parametrize(
    "text",
    [
        "raise SystemExit(1)\n",
        "import no_such_module\n",
        "type = connect = 5\n",
        "from relay_of_this_test import no_name\n",
    ],
)
def test_a_broken_type_leaves_all_that_is_no_resource_of_it(installed: Installed, text: str) -> None:
    """Whoever takes people off elsewhere needs nothing of it."""
    (installed.project / "project.yaml").write_text(_HEAD.format("Project", "spring") + "  guard: 2m\n")
    assert installed.run("--sandbox", "apply", "-y")[0] == 0
    installed.module.write_text(text)
    installed.use()
    installed.declare("[dialctl.simulators]\nrelay = tests.providers.relay_simulator:RelaySimulator\n")
    (installed.project / "march.yaml").unlink()
    plan = installed.run("--sandbox", "plan")[1]
    assert "- batch/march" in plan
    assert "! batch/april" in plan
    assert "1 unchanged" not in plan
    for command in (["version"], ["validate"], ["explain", "batch"], ["schema", "--bundle"], ["--sandbox", "status"]):
        exit_code, said = installed.run(*command)
        assert (exit_code in (0, 3), "bug" in said) == (True, False), said
    exit_code, said = installed.run("--sandbox", "destroy", "-y")
    assert "1 person taken off" in said, said


def test_the_reference_knows_an_installed_type_and_its_fields(sound: Installed) -> None:
    assert "relay" in sound.run("version")[1].partition("providers: ")[2]
    assert "FOR:      relay" in sound.run("explain", "Batch.speakerId")[1]
    for topic in ("Batch.recipients.details", "Batch.recipients_from.details", "Call.details"):
        assert "FOR:      relay" in sound.run("explain", topic)[1], topic
    only = sound.run("explain", "Batch.recipients", "--provider", "relay")[1]
    assert ("details" in only, "metadata" in only) == (True, False)
    assert "providers/relay.v1" in sound.run("schema")[1]
    assert json.loads(sound.run("schema", "providers/relay.v1")[1])["$defs"]["Batch"]
    bundle = json.loads(sound.run("schema", "--bundle")[1])["$defs"]
    assert '"relay"' in json.dumps(bundle["Provider"]["properties"]["type"])
    assert {"speakerId", "tone"} <= bundle["Batch"]["properties"].keys()
    assert "details" in bundle["Recipient"]["properties"].keys() & bundle["RecipientsFrom"]["properties"].keys()
    assert '"no-answer"' in json.dumps(bundle["Retry"]["properties"]["on"])


def test_the_shell_completes_an_installed_type_and_its_fields(sound: Installed) -> None:
    assert offered("explain", "--provider", incomplete="re") == ["relay", "retell"]
    assert offered("schema", incomplete="providers/rel") == ["providers/relay.v1"]
    assert offered("explain", incomplete="Batch.speak") == ["Batch.speakerId"]
    assert offered("explain", incomplete="Batch.recipients.det") == ["Batch.recipients.details"]
    assert offered("-C", str(sound.project), "status") == ["batch/april", "batch/march"]


def test_the_sandbox_runs_nothing_of_a_type_without_a_simulator(installed: Installed, tmp_path: Path) -> None:
    """Its module alone could read what it likes: a key of the environment, or a real host."""
    installed.module.write_text(f"from pathlib import Path\nPath({str(tmp_path / 'imported')!r}).touch()\n")
    installed.use()
    exit_code, text = installed.run("--sandbox", "apply", "-y")
    assert exit_code == 3
    assert "the sandbox does not simulate the provider type relay: nothing of it is run there" in text
    assert "batch/march: 1 person submitted" in text
    assert "run without --sandbox, or install a simulator of it" in installed.run("--sandbox", "plan")[1]
    for command in (["version"], ["status"], ["explain", "batch"], ["schema", "--bundle"]):
        installed.run("--sandbox", *command)
    assert not (tmp_path / "imported").exists()
    assert "not simulated: relay" in installed.run("--sandbox", "version")[1]


def test_a_type_with_a_simulator_runs_against_it_and_calls_people_there(simulated: Installed) -> None:
    exit_code, text = simulated.run("--sandbox", "apply", "-y")
    assert (exit_code, "batch/april: 2 people submitted" in text) == (0, True), text
    simulated.run("sandbox", "advance", "1h")
    assert simulated.run("--sandbox", "apply", "-y")[0] == 0
    text = simulated.run("--sandbox", "status", "batch/april")[1]
    assert "2 reached" in text, text
    assert simulated.run("sandbox", "reset")[0] == 0
    assert "batch/april: 2 people submitted" in simulated.run("--sandbox", "apply", "-y")[1], "its world is reset, too"


def test_a_type_under_the_sandbox_finds_neither_key_nor_network(simulated: Installed, tmp_path: Path) -> None:
    assert simulated.run("--sandbox", "apply", "-y")[0] == 0
    seen = json.loads((tmp_path / "log").read_text())
    assert [look["when"] for look in seen] == ["import", "connect"]
    for look in seen:
        assert look["reached"] == "PermissionError"
        assert not [name for name, value in look["environment"].items() if "KEY" in name or value.startswith("real-")]
        assert "PATH" in look["environment"]
    assert seen[1]["given"] == {"RELAY_API_KEY": SANDBOX_KEY, "RELAY_BASE_URL": "http://127.0.0.1:9/relay"}
    assert os.environ["RELAY_API_KEY"] == "real-RELAY_API_KEY", "what was hidden is given back"


@pytest.mark.parametrize("text", ["raise SystemExit(1)\n", "def RelaySimulator(directory, now):\n    return 1 / 0\n"])
def test_a_broken_simulator_blocks_its_own_resources_alone(
    simulated: Installed, tmp_path: Path, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "site" / "broken_simulator.py").write_text(text)
    monkeypatch.delitem(sys.modules, "broken_simulator", raising=False)
    simulated.declare("[dialctl.simulators]\nrelay = broken_simulator:RelaySimulator\n")
    exit_code, text = simulated.run("--sandbox", "apply", "-y")
    assert exit_code == 3
    assert "the simulator of the provider type relay cannot be opened" in text
    assert "batch/march: 1 person submitted" in text
