"""The sandbox's SQLite file: its tables, and how it is opened. It does not interpret what it stores."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from declarative.errors import DialctlError, system_hint

FORMAT = 3
"""`user_version` of a database that has these tables. Raise it with every change of `_TABLES`."""
_TABLES = """
CREATE TABLE IF NOT EXISTS setting (name TEXT PRIMARY KEY, value) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS organisation (
  id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, agent_call_limit INTEGER NOT NULL DEFAULT 100,
  balance_cents INTEGER NOT NULL DEFAULT 1000000, spent_millicents INTEGER NOT NULL DEFAULT 0,
  usage_limited INTEGER NOT NULL DEFAULT 0, settled_at REAL NOT NULL DEFAULT 0);
CREATE TABLE IF NOT EXISTS batch (
  seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, key TEXT NOT NULL UNIQUE, org INTEGER NOT NULL,
  name TEXT NOT NULL, agent_id TEXT NOT NULL, number_id TEXT NOT NULL, version TEXT NOT NULL, region TEXT NOT NULL,
  target INTEGER NOT NULL, ringing REAL NOT NULL, minutes INTEGER NOT NULL, total INTEGER NOT NULL,
  created REAL NOT NULL, updated REAL NOT NULL, scheduled REAL, ready REAL NOT NULL, waiting INTEGER NOT NULL,
  admitted REAL, over REAL, cancelled REAL, retries INTEGER NOT NULL DEFAULT 0,
  planned INTEGER NOT NULL DEFAULT 0, turned_away INTEGER NOT NULL DEFAULT 0, provider TEXT NOT NULL,
  extra BLOB);
CREATE INDEX IF NOT EXISTS batch_waiting ON batch (org, ready) WHERE waiting = 1;
CREATE INDEX IF NOT EXISTS batch_over ON batch (org, over);
CREATE INDEX IF NOT EXISTS batch_newest ON batch (org, seq);
CREATE INDEX IF NOT EXISTS batch_agent ON batch (org, agent_id, seq);
CREATE TABLE IF NOT EXISTS people (batch INTEGER PRIMARY KEY, numbers TEXT NOT NULL, infos BLOB);
CREATE TABLE IF NOT EXISTS line (
  batch INTEGER PRIMARY KEY, live BLOB NOT NULL, past BLOB, dispatches BLOB NOT NULL, ends BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS call (
  seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, org INTEGER NOT NULL, provider TEXT NOT NULL,
  agent_id TEXT NOT NULL, number_id TEXT NOT NULL, version TEXT NOT NULL, to_number TEXT NOT NULL,
  info BLOB, extra BLOB, created REAL NOT NULL, dispatch REAL NOT NULL, answer REAL, end REAL NOT NULL,
  outcome INTEGER NOT NULL, settled INTEGER NOT NULL DEFAULT 0);
CREATE INDEX IF NOT EXISTS call_newest ON call (org, provider, created);
CREATE INDEX IF NOT EXISTS call_agent ON call (org, provider, agent_id, created);
CREATE INDEX IF NOT EXISTS call_pace ON call (org, number_id, dispatch);
CREATE INDEX IF NOT EXISTS call_unsettled ON call (org) WHERE settled = 0;
CREATE TABLE IF NOT EXISTS event (
  seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, org INTEGER NOT NULL, assistant TEXT NOT NULL,
  asked BLOB NOT NULL, created REAL NOT NULL, due REAL NOT NULL, removed REAL, attempts BLOB NOT NULL);
CREATE INDEX IF NOT EXISTS event_listed ON event (org, assistant, seq);
CREATE TABLE IF NOT EXISTS kept (
  org INTEGER, scope TEXT, key TEXT, digest TEXT NOT NULL, at REAL NOT NULL, answer BLOB NOT NULL,
  PRIMARY KEY (org, scope, key)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS called (
  org INTEGER, number TEXT, n INTEGER NOT NULL, PRIMARY KEY (org, number)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS seen (
  org INTEGER, kind TEXT, id TEXT, at REAL NOT NULL, PRIMARY KEY (org, kind, id)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS late (seq INTEGER PRIMARY KEY, due REAL NOT NULL, asked BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS request (
  seq INTEGER PRIMARY KEY, method TEXT NOT NULL, path TEXT NOT NULL, operation TEXT NOT NULL, status INTEGER,
  at REAL NOT NULL);
"""
DATA_TABLES = ("organisation", "batch", "people", "line", "call", "event", "kept", "called", "seen", "late", "request")
"""Tables that a reset empties: all but the settings."""
_SHORT_READ = 522
_DISK_HINT = "make room on its disk, make it writable for this user, allow more open files (ulimit -n), then run again"
_PASSING = frozenset({3, 5, 6, 7, 8, 9, 10, 13, 14, 23})
"""SQLite's codes of trouble outside the file: permissions, locks, memory, the disk."""


class DamagedDatabase(DialctlError):
    """What the file holds cannot be read."""

    def __init__(self, file: Path, problem: object) -> None:
        hint = "dialctl sandbox reset starts again; of a directory that you serve, delete the file"
        super().__init__(f"{file}: damaged: {problem}", hint=hint)


def database_file(directory: Path | None) -> Path:
    """Return where the database is kept; for None, a name for messages."""
    return Path(":memory:") if directory is None else directory / "sandbox.sqlite3"


def delete_database(directory: Path) -> None:
    """Delete the database and what SQLite keeps beside it. Nobody may have it open."""
    for suffix in ("", "-wal", "-shm"):
        (directory / f"sandbox.sqlite3{suffix}").unlink(missing_ok=True)


@contextmanager
def errors_with_file(file: Path) -> Iterator[None]:
    """Raise DialctlError with the file for what SQLite raises: DamagedDatabase for what a new file would cure."""
    try:
        yield
    except sqlite3.ProgrammingError:  # a closed connection: a mistake of ours
        raise
    except sqlite3.DatabaseError as problem:
        code = getattr(problem, "sqlite_errorcode", 1)
        if code != _SHORT_READ and code & 0xFF in _PASSING:
            raise DialctlError(f"{file}: {problem}", hint=_DISK_HINT) from None
        raise DamagedDatabase(file, problem) from None
    except UnicodeDecodeError as problem:
        raise DamagedDatabase(file, problem) from None


def open_database(directory: Path | None) -> sqlite3.Connection:
    """Open `sandbox.sqlite3` in a directory, or create both (0600 in 0700). None keeps everything in memory.

    A kill at any moment leaves the last committed state: SQLite writes a WAL, and each request is one transaction.
    Raises DialctlError when the file cannot be opened, DamagedDatabase when it cannot be read. The caller closes it.
    """
    file = database_file(directory)
    try:
        if directory is not None:
            _make_private(directory, file)
    except OSError as problem:
        raise DialctlError(f"{file}: {problem.strerror}", hint=system_hint(problem, str(file.parent))) from None
    with errors_with_file(file):
        return _open_connection(file)


def _make_private(directory: Path, file: Path) -> None:
    _make_private_folder(directory)
    _refuse_link(file)
    descriptor = os.open(file, os.O_CREAT | os.O_RDWR | os.O_NOFOLLOW, 0o600)
    try:
        os.fchmod(descriptor, 0o600)
    finally:
        os.close(descriptor)


def _make_private_folder(directory: Path) -> None:
    """Make a folder, and `.dialctl` above it, for their owner only. Raises DialctlError for a link in their place."""
    folders = [directory.parent, directory] if directory.parent.name == ".dialctl" else [directory]
    for folder in folders:
        _refuse_link(folder)
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.chmod(0o700)


def _refuse_link(path: Path) -> None:
    """Raise DialctlError for a symbolic link: a commit could lead us out of the checkout by it."""
    if path.is_symlink():
        raise DialctlError(f"{path} is a symbolic link, and dialctl does not follow it", hint="remove the link")


def read_tables(db: sqlite3.Connection) -> list[tuple[str, str]]:
    """Read the names and definitions of all tables and indices."""
    return [tuple(row) for row in db.execute("SELECT name, sql FROM sqlite_master ORDER BY name")]


def read_new_tables() -> list[tuple[str, str]]:
    """Return what `read_tables` reads of a new database."""
    db = _open_connection(Path(":memory:"))
    try:
        return read_tables(db)
    finally:
        db.close()


def _open_connection(file: Path) -> sqlite3.Connection:
    db = sqlite3.connect(file, isolation_level=None, check_same_thread=False, timeout=30)
    try:
        db.row_factory = sqlite3.Row
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = NORMAL")
        _create_tables(db, file)
    except BaseException:
        db.close()
        raise
    return db


def _create_tables(db: sqlite3.Connection, file: Path) -> None:
    file_format = db.execute("PRAGMA user_version").fetchone()[0]
    if file_format == FORMAT:
        return
    if file_format != 0:
        raise DamagedDatabase(file, f"its format is {file_format}, not {FORMAT}")
    db.executescript(f"BEGIN IMMEDIATE; {_TABLES} PRAGMA user_version = {FORMAT}; COMMIT;")
