"""Writes files whole or not at all: durably for what must not be lost, signed for what only saves time. A crash leaves
the old file or the new one, never half of either. Imports no other module of the project.

A cache lies in the checkout, so a commit could bring one along. It is believed only under the signature of this user on
this machine, and the key of that signature is outside every checkout.
"""

from __future__ import annotations

import errno
import hmac
import os
import stat
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import lru_cache
from pathlib import Path

_SIGNATURE_SIZE = 32
_DRAFT_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC


def write_durable(file: Path, data: bytes) -> None:
    """Replace `file` with `data`, on the disk when this returns. The file keeps its mode, a new one gets what the umask
    allows. Callers take turns: two at once would share a draft. Raises OSError; the old file is whole then."""
    draft = file.with_name(f".{file.name}.draft")
    with _remove_on_failure(draft):
        fd = os.open(draft, _DRAFT_FLAGS, 0o666)
        try:
            with suppress(FileNotFoundError):
                os.fchmod(fd, file.stat().st_mode & 0o777)
            write_all(fd, data, 0)
        finally:
            os.close(fd)
        os.replace(draft, file)
    sync_folder(file.parent)


def write_private(file: Path, data: bytes) -> None:
    """Replace `file` with `data`, on the disk when this returns, and readable by its owner only (mode 0600, whatever it
    was before). Raises OSError; the old file is whole then."""
    _replace_by_private_draft(file, data)
    sync_folder(file.parent)


def write_cache(file: Path, data: bytes) -> None:
    """Keep `data` for later runs of this user on this machine, mode 0600, in a folder made for it if missing. A failed
    write is ignored, for it costs time alone."""
    with suppress(OSError):
        if not _is_linked(file) and (key := _signing_key(file, create=True)):
            make_private_folder(file.parent)
            _replace_by_private_draft(file, _sign(key, file, data) + data, sync=False)


def read_cache(file: Path) -> bytes | None:
    """Read what `write_cache` kept under this path. None where there is nothing, or nothing that can be believed."""
    with suppress(OSError):
        if not _is_linked(file) and file.is_file() and (key := _signing_key(file)):
            content = file.read_bytes()
            signature, data = content[:_SIGNATURE_SIZE], content[_SIGNATURE_SIZE:]
            return data if hmac.compare_digest(signature, _sign(key, file, data)) else None
    return None


def make_private_folder(folder: Path) -> None:
    """Make a folder of dialctl's own, and the missing ones above it: for the owner only (0700) whatever the umask. One
    that exists is closed to others too. Raises OSError, also where a file or a symbolic link has its name."""
    if not folder.parent.exists():
        make_private_folder(folder.parent)
    try:
        folder.mkdir(mode=0o700)
        folder.chmod(0o700)
    except FileExistsError:
        mode = folder.lstat().st_mode
        if not stat.S_ISDIR(mode):
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(folder)) from None
        if mode & 0o077:  # what its owner may not do stays as it is
            folder.chmod(stat.S_IMODE(mode) & 0o700)


def write_all(fd: int, data: bytes, offset: int) -> None:
    """Write `data` at `offset` bytes into an open file, and to the disk. Raises OSError."""
    view = memoryview(data)
    while view:
        size = os.pwrite(fd, view, offset)
        view, offset = view[size:], offset + size
    os.fsync(fd)


def sync_folder(folder: Path) -> None:
    """Make new names, renames and removals in a folder durable. Raises OSError."""
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def _sign(key: bytes, file: Path, data: bytes) -> bytes:
    # The path is signed too, so that no file is believed in the place of another one.
    return hmac.digest(key, os.fsencode(os.path.abspath(file)) + b"\0" + data, "sha256")


def _signing_key(cache_file: Path, *, create: bool = False) -> bytes | None:
    """The key of this user's caches on this machine. None: there is none that only they could have written."""
    folder = _user_cache_folder()
    if folder is None or _is_in_checkout_of(cache_file.parent, folder):
        return None
    file = folder / "signing.key"
    try:
        fd = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        if create:
            make_private_folder(folder)
            _replace_by_private_draft(file, os.urandom(_SIGNATURE_SIZE))
            return _signing_key(cache_file)
        return None
    with os.fdopen(fd, "rb") as stream:
        status = os.fstat(fd)
        key = stream.read(_SIGNATURE_SIZE)
    is_private = stat.S_IMODE(status.st_mode) & 0o077 == 0 and status.st_uid == os.geteuid()
    return key if is_private and len(key) == _SIGNATURE_SIZE else None


def _user_cache_folder() -> Path | None:
    """Where this platform keeps a user's caches. None where the user has no home."""
    named = os.environ.get("XDG_CACHE_HOME", "")
    if os.path.isabs(named):  # a relative one could lie in the checkout
        return Path(named) / "dialctl"
    try:
        return Path.home() / ("Library/Caches" if sys.platform == "darwin" else ".cache") / "dialctl"
    except RuntimeError:
        return None


@lru_cache
def _is_in_checkout_of(directory: Path, folder: Path) -> bool:
    """Whether a folder is within the one whose content a commit can choose, which a directory is in."""
    folders = [(resolved := directory.resolve()), *resolved.parents]
    checkout = next((parent for parent in folders if (parent / ".git").exists()), folders[0])
    return folder.resolve().is_relative_to(checkout)


def _is_linked(file: Path) -> bool:
    """Whether the file, or a folder of dialctl above it, is a symbolic link: it could lead out of the checkout."""
    for path in (file, *file.parents):
        if path.is_symlink():
            return True
        if path.name == ".dialctl":
            break
    return False


def _replace_by_private_draft(file: Path, data: bytes, *, sync: bool = True) -> None:
    """The draft has a name of its own, so that several writers at once do each other no harm."""
    fd, draft = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")  # created 0600
    with _remove_on_failure(Path(draft)):
        with os.fdopen(fd, "wb") as stream:
            stream.write(data)
            stream.flush()
            if sync:
                os.fsync(fd)
        os.replace(draft, file)


@contextmanager
def _remove_on_failure(draft: Path) -> Iterator[None]:
    try:
        yield
    except BaseException:
        with suppress(OSError):
            draft.unlink()
        raise
