"""The lock as text: what is written, what is read back, and what is refused with which hint."""

from __future__ import annotations

import re
from dataclasses import fields, replace
from datetime import timedelta

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from declarative import schemas
from declarative.errors import StateError
from declarative.model.digest import PersonKey
from declarative.model.lock import CancelProgress, Intent, Lock, RemoteRecord, ResourceRecord
from declarative.state.base import StoredState
from declarative.state.checksum import check_document, seal_document
from declarative.state.format import journal_line, parse_lock, read_checksum, render_lock
from tests.state.samples import NOON, intent, lock, locks, remote

MARCH = ResourceRecord(
    generation=1, settings={"agent_id": "agent_1"}, remotes={"acb_1": remote()}, intents={"~d1.m": intent()}
)
WHOLE = render_lock(lock(march=MARCH))


def _resealed(old: bytes, new: bytes) -> bytes:
    """The lock with a change that a person made who knows the checksums."""
    document = orjson.loads(WHOLE)
    check_document(document)
    changed = orjson.loads(orjson.dumps(document, option=orjson.OPT_INDENT_2).replace(old, new, 1))
    return orjson.dumps(seal_document(changed))


@given(locks)
def test_what_is_written_reads_back_the_same(some: Lock) -> None:
    assert parse_lock(StoredState(render_lock(some))) == some


@given(locks)
def test_the_text_does_not_depend_on_the_order_of_what_it_says(some: Lock) -> None:
    turned = {
        address: replace(record, remotes=dict(reversed(list(record.remotes.items()))))
        for address, record in reversed(list(some.resources.items()))
    }
    assert render_lock(replace(some, resources=turned)) == render_lock(some)


def test_the_text_reads_well_in_a_diff() -> None:
    record = ResourceRecord(
        generation=2,
        provider="cartesia",
        settings={"region": "us", "agent_id": "agent_1"},
        count=2,
        remotes={
            "acb_2": remote(generation=2, cancel=CancelProgress.ASKED),
            "acb_1": remote(shard=2, created_at=NOON + timedelta(milliseconds=5)),
            "acb_0": remote(shard=2, settled=True, retry_count=0),
        },
    )
    text = render_lock(lock(march=record, april=ResourceRecord(tombstone=True))).decode()
    assert text.endswith("}\n")
    assert re.findall(r'^ {4}"(\S+)": \{$', text, re.MULTILINE) == ["batch/april", "batch/march"]
    assert re.findall(r'^ {8}"(acb_\d)"', text, re.MULTILINE) == ["acb_0", "acb_1", "acb_2"]
    assert '"retry_count": 0' in text
    assert '"created_at": "2026-12-01T12:00:00.005000Z"' in text
    assert "null" not in text
    assert "false" not in text
    assert text.index('"agent_id"') < text.index('"region"')


def test_no_number_of_a_person_is_in_the_text() -> None:
    person = PersonKey(None).digest_person("k3v9", "+14155550101")
    record = ResourceRecord(
        placed=(person,), remotes={"call_1": remote(person=person)}, intents={"m": intent("m", person=person)}
    )
    assert not re.search(rb"\+?[1-9]\d{9,14}", render_lock(lock(march=record)).replace(person.encode(), b""))


@pytest.mark.parametrize(
    ("cls", "shape"), [(Lock, None), (ResourceRecord, "record"), (RemoteRecord, "remote"), (Intent, "intent")]
)
def test_the_schema_knows_every_field(cls: type, shape: str | None) -> None:
    schema = schemas.load_schema("lock.v1")
    known = schema["$defs"][shape] if shape else schema
    assert {*known["properties"]} - {"format_version", "checksum"} == {entry.name for entry in fields(cls)}


def test_an_empty_place_has_no_lock() -> None:
    assert parse_lock(StoredState(None)) is None


@pytest.mark.parametrize(
    ("text", "message", "way_out"),
    [
        (WHOLE[: len(WHOLE) // 2], "incomplete or damaged", "version control"),
        (b"", "incomplete or damaged", "version control"),
        (b"\xff\xfe", "incomplete or damaged", "version control"),
        (b"<<<<<<< HEAD\n" + WHOLE, "conflict markers", "dialctl state merge"),
        (WHOLE.replace(b'"format_version": "1"', b'"format_version": "2"'), "'2'", "upgrade"),
        (b"[]", "not a lock", "version control"),
        (b'{"format_version": "1"}', "no lineage", "version control"),
        (_resealed(b'"born"', b'"bron"'), "wrong shape", "version control"),
        (_resealed(b'"generation": 1', b'"generation": -1'), "generation", "version control"),
        (_resealed(b"2026-12-01", b"2026-13-01"), "impossible value", "version control"),
        (_resealed(b'"acb_1"', b'".."'), "wrong shape", "version control"),
        (_resealed(b'"acb_1"', b'"a/../b"'), "wrong shape", "version control"),
        (_resealed(b'"~d1.m": {', b'"~d1.n": {'), "an intent of batch/march under '~d1.n'", "version control"),
        (WHOLE.replace(b'"born"', b'"bron"'), "the top of the lock is damaged", "version control"),
        (WHOLE.replace(b'"generation": 1', b'"generation": 2'), "batch/march in the lock is damaged", "resolve"),
    ],
    ids=[
        "cut",
        "empty",
        "binary",
        "conflict",
        "newer",
        "list",
        "bare",
        "misspelt",
        "negative",
        "time",
        "id that is a path",
        "id with a path",
        "intent under another key",
        "top edited",
        "block edited",
    ],
)
def test_a_lock_that_cannot_be_used_says_what_to_do(text: bytes, message: str, way_out: str) -> None:
    with pytest.raises(StateError, match=re.escape(message)) as refusal:
        parse_lock(StoredState(text))
    assert way_out in refusal.value.hint


@pytest.mark.parametrize("end", range(1, len(WHOLE) - 1, 7))
def test_a_lock_cut_anywhere_is_refused(end: int) -> None:
    with pytest.raises(StateError):
        parse_lock(StoredState(WHOLE[:end]))


def _lines(*generations: int, lineage: str = "k3v9") -> tuple[bytes, ...]:
    """A journal with a line for each generation."""
    lines: list[bytes] = []
    for generation in generations:
        patch = {"resources": {"batch/march": {"generation": generation}}}
        lines.append(journal_line(lineage, patch, read_checksum(lines[-1]) if lines else ""))
    return tuple(lines)


def test_a_journal_is_replayed_over_the_lock() -> None:
    assert parse_lock(StoredState(WHOLE, _lines(2, 3))) == lock(march=replace(MARCH, generation=3))


@pytest.mark.parametrize("damaged", [_lines(2)[0][:-5], b"{}", b"\0\0\0\0", b"[]", b"1"])
@pytest.mark.parametrize("later", [(), _lines(2, 3)[1:]], ids=["last", "in the middle"])
def test_a_damaged_line_is_refused(damaged: bytes, later: tuple[bytes, ...]) -> None:
    with pytest.raises(StateError, match=r"line 1 .* damaged") as refusal:
        parse_lock(StoredState(WHOLE, (damaged, *later)))
    assert "dialctl state rebuild" in refusal.value.hint


def test_a_line_with_a_name_twice_is_refused_and_one_of_another_system_is_not() -> None:
    first, second = _lines(2, 3)
    twice = second.replace(b'"patch":', b'"patch":{},"patch":')
    with pytest.raises(StateError, match=r"line 2 .* damaged"):
        parse_lock(StoredState(WHOLE, (first, twice)))
    assert parse_lock(StoredState(WHOLE, (first + b"\r", second + b"\r"))) == parse_lock(
        StoredState(WHOLE, (first, second))
    )


@given(st.permutations(_lines(2, 3, 4)), st.integers(0, 3))
def test_lines_out_of_order_or_taken_out_are_refused(lines: list[bytes], end: int) -> None:
    """What stays is refused, or is how the journal once was."""
    try:
        read = parse_lock(StoredState(WHOLE, tuple(lines[:end])))
    except StateError:
        assert tuple(lines[:end]) != _lines(2, 3, 4)[:end]
    else:
        assert read == lock(march=replace(MARCH, generation=1 + end))


def test_a_journal_of_another_lineage_is_refused() -> None:
    with pytest.raises(StateError, match="lineage other"):
        parse_lock(StoredState(WHOLE, _lines(2, lineage="other")))


def test_a_journal_without_its_lock_is_refused() -> None:
    with pytest.raises(StateError, match="the lock is gone"):
        parse_lock(StoredState(None, _lines(2)))


def test_a_journal_may_not_bend_the_lock_out_of_shape() -> None:
    bent = journal_line("k3v9", {"resources": {"batch/march": {"generation": "two"}}})
    with pytest.raises(StateError, match="wrong shape"):
        parse_lock(StoredState(WHOLE, (bent,)))
