"""Reads a git repository through the `git` command. Changes nothing in it; knows no manifest."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from declarative.privacy import clean

_CHUNK = 1 << 20
"""Bytes that are copied at once."""
_REGULAR_FILE = ("100644", "100755")
"""Modes of files. The others are links and submodules."""


class GitUnavailable(Exception):
    """A repository that cannot be read: there is none, git is missing, or git refuses it."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.message = message
        """What was found."""
        self.hint = hint
        """What to do about it."""


class GitRepository:
    """The repository around a directory. Raises GitUnavailable where there is none that can be read."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        completed = self._run("rev-parse", "--show-toplevel")
        if completed.returncode:
            raise _refusal(directory, completed.stderr.decode(errors="replace"))
        self.root = Path(os.fsdecode(completed.stdout).rstrip("\n"))
        """The folder at the top of the checkout."""

    @property
    def is_shallow(self) -> bool:
        """Whether the checkout holds only the end of the history."""
        return self._output("rev-parse", "--is-shallow-repository") == "true"

    def find_commit(self, revision: str) -> str | None:
        """The full hash of the commit that a revision means. None: git knows no such commit."""
        return self._output("rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")

    def find_merge_base(self, first: str, second: str) -> str | None:
        """The newest commit that both contain. None: they have no history in common, as far as it is here."""
        return self._output("merge-base", first, second)

    def contains(self, commit: str, ancestor: str) -> bool:
        """Whether `ancestor` is in the history of `commit`, as far as the history is here."""
        return self._run("merge-base", "--is-ancestor", ancestor, commit).returncode == 0

    def committed_at(self, commit: str) -> datetime:
        """When a commit that is here was committed, by its committer's clock."""
        seconds = self._output("show", "--no-patch", "--no-show-signature", "--format=%ct", commit)
        return datetime.fromtimestamp(int(seconds or 0), UTC)

    def list_files(self, commit: str, folders: Sequence[str]) -> dict[str, str]:
        """Blob id by path of every regular file below these paths as of a commit; links are left out."""
        # Literal: a folder's name may hold characters that git reads as a pattern.
        listing = self._run("--literal-pathspecs", "ls-tree", "-r", "-z", "--full-tree", commit, "--", *folders).stdout
        blob_ids = {}
        for entry in listing.split(b"\0")[:-1]:
            (mode, kind, blob_id), path = entry.partition(b"\t")[0].decode().split(), entry.partition(b"\t")[2]
            if kind == "blob" and mode in _REGULAR_FILE:
                blob_ids[os.fsdecode(path)] = blob_id
        return blob_ids

    def write_blobs(self, blob_ids: Mapping[Path, str]) -> None:
        """Write blobs to new files, by path. Folders are made. Raises GitUnavailable for a blob that is not here."""
        arguments = ["git", "-C", str(self._directory), "cat-file", "--batch"]
        with subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=_environment()) as process:
            assert process.stdin is not None
            assert process.stdout is not None
            for file, blob_id in blob_ids.items():
                file.parent.mkdir(parents=True, exist_ok=True)
                process.stdin.write(f"{blob_id}\n".encode())
                process.stdin.flush()
                head = process.stdout.readline().split()  # the id, "blob" and the size; or the id and "missing"
                if len(head) != 3:
                    raise GitUnavailable(
                        f"the repository of {self._directory} lacks object {blob_id}",
                        "git fsck shows what is damaged; git fetch --refetch brings back what the remote has",
                    )
                with file.open("xb") as stream:
                    _copy_bytes(process.stdout, stream, int(head[2]))
                process.stdout.read(1)  # the line break that ends a blob

    def _output(self, *arguments: str) -> str | None:
        """What git prints. None: it failed, which is how it says that there is no such thing."""
        completed = self._run(*arguments)
        return None if completed.returncode else completed.stdout.decode().strip()

    def _run(self, *arguments: str) -> subprocess.CompletedProcess[bytes]:
        try:
            return subprocess.run(
                ["git", "-C", self._directory, *arguments], capture_output=True, check=False, env=_environment()
            )
        except FileNotFoundError:
            raise GitUnavailable("git is not installed here", "install git") from None


def _copy_bytes(source: IO[bytes], target: IO[bytes], size: int) -> None:
    while size:
        chunk = source.read(min(size, _CHUNK))
        if not chunk:
            raise GitUnavailable("git ended in the middle of a file", "git fsck shows what is damaged")
        target.write(chunk)
        size -= len(chunk)


def _environment() -> dict[str, str]:
    """Messages in one language, because one of them is read."""
    return {**os.environ, "LC_ALL": "C"}


def _refusal(directory: Path, message: str) -> GitUnavailable:
    if "dubious ownership" in message:
        advice = next((line.strip() for line in message.splitlines() if line.strip().startswith("git config")), "")
        return GitUnavailable(
            f"git does not read the repository of {directory}, because another user owns it", clean(advice)
        )
    return GitUnavailable(f"{directory} is in no git repository", "")
