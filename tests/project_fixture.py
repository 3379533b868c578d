"""A project of two people in a directory, and the `dialctl` command run in this process over the embedded sandbox."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from declarative.app.run_history import Purpose
from declarative.app.session import Session
from declarative.sandbox.world import World
from tests.command import CommandResult, run_in_process

PROJECT = """\
apiVersion: dialctl/v1
kind: Project
metadata: {name: spring}
spec:
  defaults: {provider: cartesia}
"""

BATCH = """\
apiVersion: dialctl/v1
kind: Batch
metadata: {name: outreach}
spec:
  agent_id: agent_one
  from_number_id: ap_one
  recipients_from: [{file: people.csv}]
"""

APPLY = Purpose(command="apply", approved_by="a test")
ADA, BEN, CAY = "+14155550101", "+14155550102", "+14155550103"


@dataclass(frozen=True)
class ProjectFixture:
    """A project in a directory. `dialctl` runs the command with `--sandbox`, `run` without."""

    root: Path
    """The folder of its project.yaml."""

    def write(self, **files: str) -> None:
        """Files by name; `people_csv` stands for people.csv."""
        for name, text in files.items():
            (self.root / name.replace("_", ".", 1)).write_text(text)

    def people(self, *numbers: str) -> None:
        self.write(people_csv="\n".join(["to_number", *numbers]) + "\n")

    def policy(self, text: str) -> None:
        """Gives the batch a policy, written as one line of YAML."""
        self.write(batch_yaml=f"{BATCH}  policy: {text}\n")

    def dialctl(self, *arguments: str) -> CommandResult:
        return self.run("--sandbox", *arguments)

    def run(self, *arguments: str) -> CommandResult:
        return run_in_process("-C", str(self.root), *arguments)

    def session(self, **options: Any) -> Session:
        """A session over the sandbox, as a caller from Python opens it."""
        return Session(directory=self.root, sandbox=True, environment={}, **options)

    def apply(self, *arguments: str) -> CommandResult:
        return self.dialctl("apply", "--auto-approve", *arguments)

    def plan(self, *arguments: str) -> Any:
        """The plan as JSON."""
        return self.dialctl("plan", "--json", *arguments).json

    @contextmanager
    def world(self) -> Iterator[World]:
        """The sandbox's world; its clock stands still but for what moves it."""
        with World(self.root / ".dialctl" / "sandbox", speed=0) as world:
            yield world

    def clock(self, moment: datetime) -> None:
        """Moves the sandbox's clock forward to a moment."""
        with self.world() as world:
            world.advance(moment.timestamp() - world.now())

    def dials(self) -> list[dict[str, Any]]:
        said = self.run("sandbox", "dials", "--json")
        found: list[dict[str, Any]] = said.json["dials"]
        return found

    def called(self) -> list[str]:
        return sorted(dial["number"] for dial in self.dials())

    def snapshot(self) -> dict[str, str]:
        """Digests of the bytes of every file below the directory."""
        files = sorted(path for path in self.root.rglob("*") if path.is_file())
        return {str(path.relative_to(self.root)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ProjectFixture:
    """A project with a batch for Ada and Ben, in the current directory, with no keys in the environment."""
    for name in ("DIALCTL_PERSON_KEY", "DIALCTL_STATE", "CARTESIA_API_KEY", "CALLINGBOX_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    root = tmp_path / "project"
    root.mkdir()
    monkeypatch.chdir(root)
    fixture = ProjectFixture(root)
    fixture.write(project_yaml=PROJECT, batch_yaml=BATCH)
    fixture.people(ADA, BEN)
    return fixture
