"""Single calls at CallingBox over a day: placed one by one, the unreached called again as often as the manifest says."""

from __future__ import annotations

from .conftest import Examples

NEVER_ANSWERS = "+14155550191"
HOUR = 3600


def test_the_unreached_are_called_again_after_the_rest_and_only_as_often_as_allowed(example: Examples) -> None:
    bench = example("callbacks")
    first = bench.plan()
    assert first.json["summary"]["people_to_call"] == 7
    lowered = [one["message"] for one in first.json["warnings"] if one["address"] == "batch/appointment-confirmation"]
    assert any("neither moved nor taken off" in message for message in lowered)
    bench.apply()
    bench.advance(HOUR)
    unreached = {row["number"] for row in bench.results() if row["outcome"] in ("no_answer", "busy")}
    ours = {number for number in unreached if number.startswith("+1415")}
    assert NEVER_ANSWERS in ours
    assert bench.plan().verbs == {"wait batch/appointment-confirmation": ("retry_after", len(ours))}
    bench.advance(2 * HOUR)
    assert bench.plan().verbs == {"retry batch/appointment-confirmation": ("unreached", len(ours))}
    for _ in range(2):
        bench.apply()
        bench.advance(3 * HOUR)
    assert bench.plan("--detailed-exitcode").verbs == {}
    assert {number for number, count in bench.calls().items() if count == 2} == ours
    assert max(bench.calls().values()) == 2


def test_the_agent_is_given_the_context_and_the_record_the_metadata(example: Examples) -> None:
    bench = example("callbacks")
    bench.apply("--target", "batch/appointment-confirmation")
    bench.advance(60)
    placed = [one["metadata"]["appointment_id"] for one in bench.dials()]
    assert placed == ["apt_1001", "apt_1002", "apt_1003", "apt_1004"]
    rows = {row["number"]: row for row in bench.results("batch/appointment-confirmation")}
    assert rows[NEVER_ANSWERS]["data"]["context"]["doctor"] == "Dr. Okafor"
