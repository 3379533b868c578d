"""The history as text, CSV and JSON. It holds no phone number."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from declarative import humanize
from declarative.app.history import RunHistory
from declarative.model.history import COUNT_NAMES, PeopleCounts, RunRecord, describe_run
from declarative.privacy import clean

_COMMIT = 9
"""Characters of a commit in a line for people."""
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""How a cell begins that a spreadsheet runs as a formula."""


def history_document(history: RunHistory) -> dict[str, Any]:
    """Build the object of `dialctl history --json`. `faults` is there only where the history is not whole."""
    return {
        "runs": [describe_run(record) for record in history.runs],
        **({"faults": list(history.faults)} if history.faults else {}),
    }


def format_csv(history: RunHistory) -> str:
    """One row for each address of each run. A run that is about no address has a row without one."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    head = ("run", "at", "command", "by", "ci_run", "commit", "approved_by", "reason")
    writer.writerow([*head, "address", *COUNT_NAMES, "exit"])
    for record in history.runs:
        entry = describe_run(record)
        for address, counts in (record.addresses or {"": PeopleCounts()}).items():
            cells = [*(entry[name] for name in head), address, *asdict(counts).values(), entry["exit"]]
            writer.writerow([_disarm(cell) for cell in cells])
    return buffer.getvalue().rstrip("\n")


def format_text(history: RunHistory) -> str:
    """The runs for people: a headline each, then a line for each address."""
    blocks = ["\n".join(_describe_lines(record)) for record in history.runs]
    return "\n\n".join(blocks) if blocks else "No run sent or changed anything."


def describe_open_run(record: RunRecord) -> str:
    """Say that a run has no line yet."""
    return (
        f"{record.command} by {record.by} since {humanize.when(record.at)} (run {record.run}) goes on, or was cut off: "
        "then the next run writes its line"
    )


def _describe_lines(record: RunRecord) -> Iterator[str]:
    how = {"prompt": "approved at the prompt", "schedule": "by schedule"}
    approval = how.get(record.approved_by or "", f"approved by {record.approved_by}") if record.approved_by else ""
    exit_words = "cut off" if record.exit is None else f"exit {record.exit}"
    commit = f"commit {record.commit[:_COMMIT]}" if record.commit else ""
    parts = [record.by, commit, approval, exit_words, f"run {record.run}"]
    yield f"{_when(record)}  {record.command}  {' · '.join(filter(None, parts))}"
    if record.reason:
        yield f"    {record.reason}"
    if record.ci_run:
        yield f"    {clean(record.ci_run)}"
    for name, digest in record.lists.items():
        yield f"    do-not-call list {clean(name)}, sha256 {digest}"
    width = max(map(len, record.addresses), default=0)
    for address, counts in record.addresses.items():
        yield f"    {address:{width}}  {_describe_counts(counts)}"


def _when(record: RunRecord) -> str:
    return f"{humanize.localize(record.at):%Y-%m-%d %H:%M %Z}"


def _describe_counts(counts: PeopleCounts) -> str:
    again = f" ({counts.people_called_again:,} again)" if counts.people_called_again else ""
    parts = [f"{humanize.people(counts.people_called)} called{again}"] if counts.people_called else []
    parts += [f"{counts.people_moved:,} moved"] if counts.people_moved else []
    parts += [f"{counts.people_taken_off:,} taken off"] if counts.people_taken_off else []
    parts += [f"{counts.unsure:,} unsure"] if counts.unsure else []
    return ", ".join(parts) or "nobody called"


def _disarm(cell: object) -> object:
    """Put an apostrophe before text that a spreadsheet would run."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA) else cell
