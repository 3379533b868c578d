"""Which commit of dialctl this is. Knows no project."""

from __future__ import annotations

import subprocess
from contextlib import suppress
from importlib import metadata
from pathlib import Path

import orjson

_SHOWN = 12
"""Characters of a commit that are shown."""


def find_commit() -> str:
    """The commit that was built, or installed from git, or that the checkout is at; empty where none is known."""
    return (_built_commit() or _installed_commit() or _checked_out_commit(Path(__file__).parents[2]))[:_SHOWN]


def _built_commit() -> str:
    """What hatch_build.py wrote into the wheel."""
    with suppress(OSError):
        return (Path(__file__).parents[1] / "commit.txt").read_text(encoding="ascii").strip()
    return ""


def _installed_commit() -> str:
    with suppress(metadata.PackageNotFoundError, orjson.JSONDecodeError):
        record = metadata.distribution("dialctl").read_text("direct_url.json")
        return str(orjson.loads(record or "{}").get("vcs_info", {}).get("commit_id", ""))
    return ""


def _checked_out_commit(root: Path) -> str:
    if not (root / ".git").exists():
        return ""
    command = ["git", "-C", str(root), "rev-parse", "HEAD"]
    with suppress(OSError):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        return done.stdout.strip() if done.returncode == 0 else ""
    return ""
