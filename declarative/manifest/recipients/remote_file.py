"""Fetches recipients files from an object store, when whoever owns the runner allows it: a manifest alone reads no URL.

A file is kept by its digest, so that what was reviewed is what is read. Endpoint and credentials are those with which a
state is kept in such a store: whoever makes RemoteFiles opens it.
"""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from declarative.errors import StateError
from declarative.manifest.messages import quote
from declarative.manifest.paths import RECIPIENTS_LIMIT, UnusableFile
from declarative.manifest.recipients.source import check_ending, file_sha256
from declarative.privacy import first_words

if TYPE_CHECKING:
    from obstore.store import ObjectStore

PREFIXES = "DIALCTL_RECIPIENTS"
"""The environment variable with the prefixes that may be read, separated by commas."""
_VARIABLES = {"s3": "AWS_", "gs": "GOOGLE_", "az": "AZURE_"}
"""Schemes that are read, with the beginning of the environment variables that say how the store is reached."""
_URL = re.compile(rf"(?:{'|'.join(_VARIABLES)})://[A-Za-z0-9][A-Za-z0-9._-]*(?:/[^/?#\s]+)+")

OpenStore = Callable[[str], "ObjectStore"]
"""Opens the bucket at `s3://bucket`. Raises StateError."""


def check_url(url: str) -> None:
    """Raise UnusableFile unless the URL is one of a file in an object store, with an ending that tells its format."""
    scheme = url.partition("://")[0]
    if scheme not in _VARIABLES:
        known = ", ".join(f"{name}://" for name in _VARIABLES)
        raise UnusableFile(f"{quote(url)} is a URL that is not read", f"read are {known}, such as s3://bucket/list.csv")
    if not _URL.fullmatch(url) or ".." in url.split("/") or "." in url.split("/"):
        raise UnusableFile(f"{quote(url)} is no URL of a file", f"such as {scheme}://bucket/path/list.csv")
    check_ending(url.rpartition("/")[2])


@dataclass
class RemoteFiles:
    """The files under URLs that a run may read."""

    environment: Mapping[str, str] = field(default_factory=dict)
    """Environment variables: the prefixes."""
    cache: Path | None = None
    """The directory that keeps fetched files by digest; None when nothing is kept, and nothing can be read."""
    fetches: bool = True
    """Whether files that are not kept yet are fetched."""
    open_store: OpenStore | None = None
    """Opens a bucket; None when nothing is fetched."""
    unread: list[str] = field(default_factory=list)
    """URLs that were not fetched."""
    _current: dict[str, Path | UnusableFile] = field(default_factory=dict)
    """By URL without a digest, what this run found there."""

    def get(self, url: str, sha256: str) -> Path | None:
        """The local copy of a file with this digest; None when it is not kept and must not be fetched. Raises
        UnusableFile."""
        self.check(url)
        if self.cache is None:
            raise UnusableFile(f"{quote(url)} cannot be read here", "there is no place to keep it")
        copy = self.cache / f"{sha256.lower()}-{url.rpartition('/')[2]}"
        if copy.is_file() and file_sha256(copy) == sha256.lower():
            return copy
        if not self.fetches:
            self.unread.append(url)
            return None
        self.cache.mkdir(parents=True, exist_ok=True, mode=0o700)
        draft, digest = self.fetch(url, self.cache)
        try:
            if digest != sha256.lower():
                message = f"{quote(url)} has other content than was agreed: its digest is {digest}"
                raise UnusableFile(message, "review the file, then write this digest as its sha256")
            draft.replace(copy)
        finally:
            draft.unlink(missing_ok=True)
        return copy

    def get_current(self, url: str) -> Path | None:
        """The local copy of what is there now, the same in the whole run; None when nothing is fetched. Raises
        UnusableFile."""
        if not self.fetches:
            self.unread += [] if url in self.unread else [url]
            return None
        if url not in self._current:
            try:
                self._current[url] = self.fetch_again(url)
            except UnusableFile as unusable:
                self._current[url] = unusable
        found = self._current[url]
        if isinstance(found, UnusableFile):
            raise found
        return found

    def fetch_again(self, url: str) -> Path:
        """The local copy of what is there now. Raises UnusableFile."""
        if self.cache is None:
            raise UnusableFile(f"{quote(url)} cannot be read here", "there is no place to keep it")
        self.cache.mkdir(parents=True, exist_ok=True, mode=0o700)
        draft, digest = self.fetch(url, self.cache)
        return draft.replace(self.cache / f"{digest}-{url.rpartition('/')[2]}")

    def check(self, url: str) -> None:
        """Raise UnusableFile unless the URL is of a known form and under a prefix of the runner."""
        check_url(url)
        prefixes = [prefix.strip().rstrip("/") for prefix in self.environment.get(PREFIXES, "").split(",")]
        if not any(prefix and f"{url}/".startswith(f"{prefix}/") for prefix in prefixes):
            message = f"{quote(url)} is under no prefix of {PREFIXES}"
            raise UnusableFile(message, "whoever owns the runner sets it, such as s3://bucket/lists")

    def fetch(self, url: str, directory: Path) -> tuple[Path, str]:
        """Fetch a file into a new private file in `directory`; its path and digest. Raises UnusableFile."""
        import obstore
        from obstore.exceptions import BaseError

        if self.open_store is None:
            raise UnusableFile(f"{quote(url)} cannot be read here", "there is nothing to open it with")
        parts = urlsplit(url)
        descriptor, name = tempfile.mkstemp(dir=directory, prefix=".fetch-")  # created 0600
        digest, size = hashlib.sha256(), 0
        try:
            with os.fdopen(descriptor, "wb") as file:
                store = self.open_store(f"{parts.scheme}://{parts.netloc}")
                for chunk in obstore.get(store, parts.path.lstrip("/")):
                    size += len(chunk)
                    if size > RECIPIENTS_LIMIT:
                        raise UnusableFile(f"{quote(url)} is larger than 2 GiB", "split it")
                    digest.update(chunk)
                    file.write(chunk)
        except FileNotFoundError:
            Path(name).unlink()
            raise UnusableFile(f"there is no {quote(url)}") from None
        except StateError as error:
            Path(name).unlink(missing_ok=True)
            raise UnusableFile(f"{quote(url)} could not be fetched: {error.message}", error.hint) from None
        except (BaseError, OSError, ValueError) as error:
            Path(name).unlink(missing_ok=True)
            message = f"{quote(url)} could not be fetched: {first_words(error)}"
            hint = f"check the variables that begin with {_VARIABLES[parts.scheme]}"
            raise UnusableFile(message, hint) from None
        except UnusableFile:
            Path(name).unlink(missing_ok=True)
            raise
        return Path(name), digest.hexdigest()
