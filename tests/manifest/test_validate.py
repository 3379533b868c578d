"""What a schema refuses is described in words, at its place."""

from __future__ import annotations

import pytest

from .mistakes import Mistake, find_problem
from .project_fixture import HEAD, PERSON, PROJECT, ProjectFolder


@pytest.mark.parametrize(
    ("spec", "reported"),
    [
        (
            "  display_name: ''\n",
            '5:17: spec.display_name: found "", expected some text',
        ),
        (
            "  provider: callingbox\n  pace: {calls_per_second: 0}\n",
            "6:28: spec.pace.calls_per_second: found the number 0, expected 0.001 to 100",
        ),
        (
            "  policy: {max_dials: -1}\n",
            "5:23: spec.policy.max_dials: found the number -1, expected at least 0",
        ),
        (
            "  display_name: true\n",
            "5:17: spec.display_name: found the boolean true, expected text (put it in quotes)",
        ),
        (
            "  retry:\n",
            "5:9: spec.retry: found nothing (null), expected a mapping",
        ),
        (
            "  policy: {suppress_from: [{}]}\n",
            '5:28: spec.policy.suppress_from[0]: missing field "file"',
        ),
        (
            "  also: [a, 5]\n",
            "5:13: spec.also[1]: found the number 5, expected an id: text without spaces and / ? # %",
        ),
    ],
)
def test_each_rule_of_the_schema_in_words(folder: ProjectFolder, spec: str, reported: str) -> None:
    folder.put({"project.yaml": PROJECT, "b.yaml": HEAD + spec + PERSON})
    assert folder.problems() == [f"b.yaml:{reported}"]


MISTAKES = [
    Mistake(
        "unknown inner field",
        f"  retry: {{max_retries: 1, on: [dial_busy], aftr: 4h}}\n{PERSON}",
        "b.yaml:5:44",
        'spec.retry.aftr: unknown field "aftr" (did you mean "after"?)',
    ),
    Mistake(
        "number wanted",
        f"  ringing_timeout_seconds: '30'\n{PERSON}",
        "b.yaml:5:28",
        'found "30", expected a whole number',
    ),
    Mistake(
        "text wanted",
        f"  agent_id: 5\n{PERSON}",
        "b.yaml:5:13",
        "found the number 5, expected text (put it in quotes)",
    ),
    Mistake("list wanted", "  recipients: 5\n", "b.yaml:5:15", "found the number 5, expected a list"),
    Mistake(
        "out of range",
        f"  ringing_timeout_seconds: 4\n{PERSON}",
        "b.yaml:5:28",
        "found the number 4, expected 5 to 80",
    ),
    Mistake("state word", f"  state: cancled\n{PERSON}", "b.yaml:5:10", 'did you mean "cancelled"?'),
    Mistake(
        "duration",
        f"  retry: {{max_retries: 1, on: [dial_busy], after: 4 hours}}\n{PERSON}",
        "b.yaml:5:51",
        'found "4 hours", expected a duration such as 2m, 4h',
    ),
    Mistake(
        "no offset",
        f"  scheduled_at: 2026-12-01T16:00:00\n{PERSON}",
        "b.yaml:5:17",
        "expected an RFC 3339 date and time",
    ),
    Mistake(
        "no such offset", f"  scheduled_at: 2026-12-01T16:00:00+25:00\n{PERSON}", "b.yaml:5:17", "with offset, such as"
    ),
    Mistake(
        "a line feed after the caller's number",
        f'  provider: callingbox\n  from_number: "+14155550100\\n"\n{PERSON}',
        "b.yaml:6:16",
        "expected an E.164 number",
    ),
    Mistake(
        "an outcome twice",
        f"  retry: {{max_retries: 1, on: [dial_busy, dial_busy]}}\n{PERSON}",
        "b.yaml:5:43",
        'spec.retry.on[1]: "dial_busy" appears twice (keep one of them)',
    ),
    Mistake(
        "no URL",
        f"  provider: callingbox\n  webhook_url: ftp://example.com\n{PERSON}",
        "b.yaml:6:16",
        'found "ftp://example.com", expected a URL that begins with https:// or http://',
    ),
]


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.name)
def test_each_mistake_has_its_own_message_at_its_place(folder: ProjectFolder, mistake: Mistake) -> None:
    find_problem(folder, mistake)
