"""Single calls at CallingBox over a day: placed one by one, unreached people called again as the manifest says."""

from __future__ import annotations

from .conftest import Examples

NEVER_ANSWERS = "+14155550191"
HOUR = 3600


def test_the_unreached_are_called_again_after_the_rest_and_only_as_often_as_allowed(example: Examples) -> None:
    project = example("callbacks")
    first = project.plan()
    assert first.json["summary"]["people_to_call"] == 7
    lowered = [one["message"] for one in first.json["warnings"] if one["address"] == "batch/appointment-confirmation"]
    assert any("neither moved nor taken off" in message for message in lowered)
    project.apply()
    project.advance(HOUR)
    unreached = {row["number"] for row in project.results() if row["outcome"] in ("no_answer", "busy")}
    ours = {number for number in unreached if number.startswith("+1415")}
    assert NEVER_ANSWERS in ours
    assert project.plan().verbs == {"wait batch/appointment-confirmation": ("retry_after", len(ours))}
    project.advance(2 * HOUR)
    assert project.plan().verbs == {"retry batch/appointment-confirmation": ("unreached", len(ours))}
    for _ in range(2):
        project.apply()
        project.advance(3 * HOUR)
    assert project.plan("--detailed-exitcode").verbs == {}
    assert {number for number, count in project.calls().items() if count == 2} == ours
    assert max(project.calls().values()) == 2


def test_the_agent_is_given_the_context_and_the_record_the_metadata(example: Examples) -> None:
    project = example("callbacks")
    project.apply("--target", "batch/appointment-confirmation")
    project.advance(60)
    placed = [one["metadata"]["appointment_id"] for one in project.dials()]
    assert placed == ["apt_1001", "apt_1002", "apt_1003", "apt_1004"]
    rows = {row["number"]: row for row in project.results("batch/appointment-confirmation")}
    assert rows[NEVER_ANSWERS]["doctor"] == "Dr. Okafor"
