"""Join two locks that git could not merge, without losing anything that may have called. Pure."""

from __future__ import annotations

from dataclasses import replace

from declarative.errors import StateError
from declarative.model.digest import canonical_json
from declarative.model.history import RunRecord
from declarative.model.lock import Lock
from declarative.model.records import join_mappings, join_records
from declarative.state.base import StoredState
from declarative.state.checksum import check_document
from declarative.state.format import decode_lock, load_document, parse_lock, render_lock


def merge_conflict(text: bytes, journal: tuple[bytes, ...] = ()) -> Lock:
    """One lock out of a text with git's conflict markers, and the journal beside it.

    Which side is ours makes no difference. Raises StateError for two locks of different projects or lineages, and as
    `parse_lock` does.
    """
    first, second = _parse_sides(*split_conflict(text))
    joined = join_locks(first, second)
    # A line of the journal assigns what one side knew, so over the other side it can drop people who count as called.
    # The journal is replayed over both sides joined, and the result is joined with both again.
    return join_locks(joined, _parse_present(StoredState(render_lock(joined), journal)))


def _parse_sides(first: bytes, second: bytes) -> tuple[Lock, Lock]:
    """Both sides of a conflict. Raises StateError where the damage is not git's."""
    documents = (load_document(first), load_document(second))
    # What both sides changed has lines of both in either text, so no checksum can fit. The new lock gets new ones.
    resources, other_resources = (document.get("resources", {}) for document in documents)
    mixed = {name for name in resources.keys() & other_resources.keys() if resources[name] != other_resources[name]}
    if {**documents[0], "resources": None} != {**documents[1], "resources": None}:
        mixed.add("")
    for document in documents:
        check_document(document, mixed)
    return decode_lock(documents[0]), decode_lock(documents[1])


def _parse_present(stored: StoredState) -> Lock:
    lock = parse_lock(stored)
    assert lock is not None
    return lock


def split_conflict(text: bytes) -> tuple[bytes, bytes]:
    """The two texts of every conflict, each with the lines that they share. The base that diff3 shows is left out.

    Raises StateError where there are no markers, or where they do not pair up.
    """
    our_lines: list[bytes] = []
    their_lines: list[bytes] = []
    both_sides = (our_lines, their_lines)
    targets: tuple[list[bytes], ...] = both_sides
    for line in text.splitlines(keepends=True):
        match line[:7]:
            case b"<<<<<<<" if targets is both_sides:
                targets = (our_lines,)
            case b"|||||||" if targets == (our_lines,):
                targets = ()
            case b"=======" if targets != (their_lines,):
                targets = (their_lines,)
            case b">>>>>>>" if targets == (their_lines,):
                targets = both_sides
            case _:
                for target in targets:
                    target.append(line)
    if targets is not both_sides or our_lines == their_lines:
        raise StateError(
            "there is nothing to merge: no conflict markers, or they do not pair up",
            hint="git checkout --merge dialctl.lock writes the markers of an unfinished merge again",
        )
    return b"".join(our_lines), b"".join(their_lines)


def join_locks(first: Lock, second: Lock) -> Lock:
    """What two locks know together, address by address as `join_records` says.

    Raises StateError where project, lineage, person key or a host differ.
    """
    _require_same("project", first.project, second.project)
    _require_same("lineage", first.lineage, second.lineage)
    _require_same("person key", first.person_key, second.person_key)
    for name in first.hosts.keys() & second.hosts.keys():
        _require_same(f"host of {name}", first.hosts[name], second.hosts[name])
    return replace(
        first,
        born=min(first.born, second.born),
        hosts={**first.hosts, **second.hosts},
        guards=join_mappings(first.guards, second.guards, max),
        probes=join_mappings(first.probes, second.probes, max),
        dials=join_mappings(first.dials, second.dials, max),
        lists=join_mappings(first.lists, second.lists, max),
        resources=join_mappings(first.resources, second.resources, join_records),
        runs=join_mappings(first.runs, second.runs, _longer_run),
    )


def _longer_run(first: RunRecord, second: RunRecord) -> RunRecord:
    """Of two records of one run, the one that tells of more."""
    return max(first, second, key=lambda record: (len(record.addresses), canonical_json(record)))


def _require_same(label: str, first: str | None, second: str | None) -> None:
    if first != second:
        raise StateError(
            f"these locks do not belong together: {label} is {first or 'not set'} here and {second or 'not set'} there",
            hint="keep the one that belongs to this project, whole and unchanged",
        )
