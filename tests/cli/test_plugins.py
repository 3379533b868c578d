"""Provider types from outside: one that is broken blocks its own resources, and the sandbox runs none of them."""

from __future__ import annotations

from pathlib import Path

import pytest

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
        (info / "entry_points.txt").write_text("[dialctl.providers]\nrelay = relay_of_this_test\n")
        monkeypatch.syspath_prepend(str(directory / "site"))
        monkeypatch.delitem(__import__("sys").modules, "relay_of_this_test", raising=False)
        (self.project / "project.yaml").write_text(_HEAD.format("Project", "spring") + "  guard: 0s\n")
        (self.project / "march.yaml").write_text(_HEAD.format("Batch", "march") + _BATCH)

    def use(self) -> None:
        """Let a Batch of the project use the type."""
        (self.project / "april.yaml").write_text(_HEAD.format("Batch", "april") + _OUTSIDE)

    def run(self, *arguments: str) -> tuple[int, str]:
        result = run_in_process("--no-color", "-C", str(self.project), *arguments)
        return result.exit, result.text


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Installed:
    return Installed(tmp_path, monkeypatch)


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


def test_the_sandbox_runs_nothing_of_a_type_from_outside(installed: Installed, tmp_path: Path) -> None:
    """Its connect would read what it likes: a key of the environment, or a real host."""
    installed.module.write_text(
        "from pathlib import Path\n"
        "from tests.providers.relay_type import relay_type\n"
        f"type = relay_type(Path({str(tmp_path / 'schemas')!r}))\n"
        f"def connect(spec, options):\n    Path({str(tmp_path / 'connected')!r}).touch()\n    raise ValueError\n"
    )
    (installed.project / "people.csv").write_text("to_number,plan\n+12125550102,pro\n")
    installed.use()
    exit_code, text = installed.run("--sandbox", "apply", "-y")
    assert exit_code == 3
    assert "the sandbox does not simulate the provider type relay: nothing of it is run there" in text
    assert not (tmp_path / "connected").exists()
    assert "batch/march" in text
