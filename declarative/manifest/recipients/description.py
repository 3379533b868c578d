"""Describes a recipients file that no manifest names yet: its digest, its rows and its columns."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from yaml.nodes import ScalarNode

from declarative.errors import ManifestError, Problem
from declarative.manifest import paths
from declarative.manifest.document import Document
from declarative.manifest.recipients.fields import PersonSchema
from declarative.manifest.recipients.remote_file import RemoteFiles
from declarative.manifest.recipients.source import Source, UnreadableFile, check_ending, file_sha256


class FileDescription(NamedTuple):
    """What `dialctl digest` says of a file."""

    sha256: str
    """The digest of its bytes."""
    rows: int
    """How many rows it has, without blank ones."""
    columns: list[str]
    """The names of its columns."""


def describe_file(name: str, directory: Path, remote_files: RemoteFiles) -> FileDescription:
    """Describe a file, by its path from `directory` or by its URL. Raises ManifestError."""
    try:
        if "://" not in name:
            check_ending(name)
            paths.stat_regular_file(directory / name, name)
            return _describe(directory / name, "")
        remote_files.check(name)
        with TemporaryDirectory(prefix="dialctl-") as folder:
            draft, _ = remote_files.fetch(name, Path(folder))
            return _describe(draft.rename(Path(folder) / name.rpartition("/")[2]), name)
    except paths.UnusableFile as unusable:
        raise ManifestError([Problem(name, 0, 0, "", unusable.message, unusable.hint)]) from None
    except UnreadableFile as unreadable:
        raise ManifestError([unreadable.problem]) from None


def _describe(file: Path, url: str) -> FileDescription:
    from declarative.manifest.recipients import tables

    document = Document(file, paths.display_path(file), None, ScalarNode("", ""))
    source = Source(file, "", document, (), PersonSchema((), ""), url=url)
    return FileDescription(file_sha256(file), *tables.count_rows(source))
