"""Writes the git commit of a build into the wheel and the sdist, where `dialctl version` finds it."""

from __future__ import annotations

import subprocess
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

NAME = "declarative/commit.txt"


class CommitHook(BuildHookInterface):
    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Nothing is written for an editable install, whose checkout tells, nor where git knows no commit."""
        root = Path(self.root)
        if version == "editable" or not (root / ".git").exists():
            return
        done = subprocess.run(
            ["git", "-C", self.root, "rev-parse", "HEAD"], capture_output=True, text=True, check=False
        )
        if done.returncode == 0:
            file = Path(mkdtemp()) / "commit.txt"
            file.write_text(done.stdout)
            build_data["force_include"][str(file)] = NAME
