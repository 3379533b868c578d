"""Which commit of dialctl this is. Knows no project."""

from __future__ import annotations

from contextlib import suppress
from importlib import metadata
from pathlib import Path

_SHOWN = 12
"""Characters of a commit that are shown."""


def find_commit() -> str:
    """The commit that was built, or that the checkout is at, or installed from git; empty where none is known."""
    return (_built_commit() or _checked_out_commit(Path(__file__).parents[2]) or _installed_commit())[:_SHOWN]


def _built_commit() -> str:
    """What hatch_build.py wrote into the wheel."""
    with suppress(OSError):
        return (Path(__file__).parents[1] / "commit.txt").read_text(encoding="ascii").strip()
    return ""


def _installed_commit() -> str:
    import orjson  # late: a checkout knows its commit without it

    with suppress(metadata.PackageNotFoundError, orjson.JSONDecodeError):
        record = metadata.distribution("dialctl").read_text("direct_url.json")
        return str(orjson.loads(record or "{}").get("vcs_info", {}).get("commit_id", ""))
    return ""


def _checked_out_commit(root: Path) -> str:
    with suppress(OSError):  # read without git, which would take longer than all else that a version says
        head = (root / ".git" / "HEAD").read_text(encoding="utf-8").strip()
        reference = head.removeprefix("ref: ")
        return head if reference == head else _resolve_reference(root / ".git", reference)
    return ""


def _resolve_reference(repository: Path, reference: str) -> str:
    """The commit of a branch: a file of its own, or a line of `packed-refs`. Raises OSError where there is neither."""
    with suppress(FileNotFoundError):
        return (repository / reference).read_text(encoding="utf-8").strip()
    lines = (repository / "packed-refs").read_text(encoding="utf-8").splitlines()
    return next((line.partition(" ")[0] for line in lines if line.endswith(f" {reference}")), "")
