"""The lines of dialctl.halt: whatever order git leaves them in, a halt stands until a line names its end."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from declarative.model.halts import EVERYTHING, EmergencyHalt
from declarative.state.halt_lines import parse_halts, render_halt, render_resume

AT = datetime(2026, 12, 1, 14, 2, tzinfo=UTC)


def halt(halt_id: str, address: str = "batch/march") -> EmergencyHalt:
    return EmergencyHalt(id=halt_id, address=address, at=AT, by="ada on mill", reason="wrong price")


def resume(*ids: str) -> bytes:
    return render_resume(ids, at=AT, by="bob on mill")


def test_a_halt_reads_back_as_it_was_written() -> None:
    assert parse_halts([render_halt(halt("a"))]).standing == (halt("a"),)


def test_a_resume_ends_the_halts_that_it_names_and_no_other() -> None:
    lines = [render_halt(halt("a")), render_halt(halt("b")), resume("a")]
    assert parse_halts(lines).standing == (halt("b"),)


@given(order=st.permutations([render_halt(halt("a")), render_halt(halt("b")), resume("a"), resume("c")]))
def test_their_order_means_nothing_since_git_may_join_two_lists(order: list[bytes]) -> None:
    assert [one.id for one in parse_halts(order).standing] == ["b"]


def test_markers_of_a_conflict_take_nothing_away() -> None:
    lines = [b"<<<<<<< HEAD", render_halt(halt("a")), b"=======", render_halt(halt("b")), b">>>>>>> other", b""]
    assert parse_halts(lines).standing == (halt("a"), halt("b"))


def test_a_line_that_cannot_be_read_halts_everything_until_it_is_resumed() -> None:
    for damaged in (b'{"halt": "batch/mar', b"[]", b'{"halt": 7, "id": "a"}', b'{"resume": "a"}', b"7"):
        (found,) = parse_halts([damaged]).standing
        assert found.address == EVERYTHING
        assert "cannot be read" in found.reason
        assert parse_halts([damaged, resume(found.id)]).standing == ()


def test_a_time_or_a_name_that_is_no_text_is_left_out() -> None:
    (found,) = parse_halts([b'{"halt": "batch/march", "id": "a", "at": "soon", "by": 7}']).standing
    assert (found.at, found.by) == (None, "")
