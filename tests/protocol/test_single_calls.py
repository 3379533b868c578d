"""Lists that are placed as single calls, whatever the provider: what holds with a key and without a mark."""

from __future__ import annotations

import pytest

from tests.protocol.embedded_project import EmbeddedProject, apply_under, finish
from tests.protocol.faults_answers import FAULTS, Fault
from tests.protocol.faults_reads import rule
from tests.protocol.voices import BUSY, PHONE_CALLS, QUEUED_CALLS, REACHED, SILENT, Voice

_HOUR = 3600.0
_SUFFIXES = [f"+141555501{ending}" for ending in range(91, 99)]
_AWAY = "+14155550194"

pytestmark = pytest.mark.parametrize("voice", [PHONE_CALLS, QUEUED_CALLS], ids=lambda voice: voice.title)


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_a_request_that_goes_wrong_calls_nobody_twice_and_leaves_nobody_out(
    ground: EmbeddedProject, voice: Voice, fault: Fault
) -> None:
    ground.write(voice.batch([REACHED, SILENT]))
    apply_under(ground, rule(voice.operation, fault.do))
    finish(ground)
    assert ground.calls() == {REACHED: 1, SILENT: 1}


def test_people_are_called_again_as_the_manifest_says(ground: EmbeddedProject, voice: Voice) -> None:
    more = f"retry: {{max_retries: 1, on: [{voice.unanswered}], after: 10m}}, "
    ground.write(voice.batch([REACHED, SILENT, BUSY], more=more))
    for _ in range(3):
        assert ground.apply().exit == 0
        ground.advance(_HOUR)
    assert ground.calls() == {REACHED: 1, SILENT: 2, BUSY: 1}


def test_endings_that_nobody_knows_count_as_called(ground: EmbeddedProject, voice: Voice) -> None:
    ground.write(voice.batch(_SUFFIXES))
    for _ in range(3):
        ground.apply()
        ground.advance(_HOUR)
    assert ground.calls() == {number: 1 for number in _SUFFIXES if number != _AWAY}
    assert ground.run("drift").exit == 0
