"""The sandbox's SQLite file: its tables, and how it is opened. It does not interpret what it stores."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

from declarative.errors import DialctlError

FORMAT = 2
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
  planned INTEGER NOT NULL DEFAULT 0, turned_away INTEGER NOT NULL DEFAULT 0);
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
CREATE TABLE IF NOT EXISTS called (
  org INTEGER, number TEXT, n INTEGER NOT NULL, PRIMARY KEY (org, number)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS seen (
  org INTEGER, kind TEXT, id TEXT, at REAL NOT NULL, PRIMARY KEY (org, kind, id)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS late (seq INTEGER PRIMARY KEY, due REAL NOT NULL, asked BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS request (
  seq INTEGER PRIMARY KEY, method TEXT NOT NULL, path TEXT NOT NULL, operation TEXT NOT NULL, status INTEGER,
  at REAL NOT NULL);
"""
DATA_TABLES = ("organisation", "batch", "people", "line", "call", "called", "seen", "late", "request")
"""Tables that a reset empties: all but the settings."""


def open_database(directory: Path | None) -> sqlite3.Connection:
    """Open `sandbox.sqlite3` in a directory, or create both (0600 in 0700). None keeps everything in memory.

    A kill at any moment leaves the last committed state: SQLite writes a WAL, and each request is one transaction.
    Raises DialctlError when the file cannot be read. The caller closes the connection.
    """
    if directory is None:
        target = ":memory:"
    else:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        directory.chmod(0o700)
        file = directory / "sandbox.sqlite3"
        os.close(os.open(file, os.O_CREAT | os.O_RDWR, 0o600))
        file.chmod(0o600)
        target = str(file)
    try:
        return _open_connection(target)
    except sqlite3.OperationalError as problem:
        raise DialctlError(f"{target}: {problem}") from None
    except sqlite3.DatabaseError as problem:
        hint = "delete it, and the dialctl.lock beside it if there is one, to start again"
        raise DialctlError(f"{target}: {problem}", hint=hint) from None


def _open_connection(target: str) -> sqlite3.Connection:
    db = sqlite3.connect(target, isolation_level=None, check_same_thread=False, timeout=30)
    try:
        db.row_factory = sqlite3.Row
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = NORMAL")
        _create_tables(db)
    except BaseException:
        db.close()
        raise
    return db


def _create_tables(db: sqlite3.Connection) -> None:
    file_format = db.execute("PRAGMA user_version").fetchone()[0]
    if file_format == FORMAT:
        return
    db.executescript(f"BEGIN IMMEDIATE; {_TABLES} PRAGMA user_version = {FORMAT}; COMMIT;")
