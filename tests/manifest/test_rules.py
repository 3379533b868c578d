"""Rules of one resource that a schema cannot express."""

from __future__ import annotations

import pytest

from .mistakes import Mistake, find_problem
from .project_fixture import HEAD, PERSON, PROJECT, ProjectFolder


def test_a_wrong_default_is_reported_once_and_at_its_place(folder: ProjectFolder) -> None:
    project = PROJECT.replace("provider: cartesia}", "provider: cartesia, retry: {max_retries: 1, on: [busy]}}")
    folder.put({"project.yaml": project, "b.yaml": HEAD + PERSON})
    folder.put({"d.yaml": HEAD.replace("name: b", "name: d") + PERSON})
    (reported,) = folder.problems()
    assert reported.startswith('project.yaml:10:63: spec.defaults.retry.on[0]: "busy" is not an outcome of cartesia')


def test_a_field_without_a_value_or_default_is_missing(folder: ProjectFolder) -> None:
    project = PROJECT.replace("agent_id: agent_1, from_number_id: ap_1", "from_number_id: ap_1", 1)
    folder.put({"project.yaml": project, "b.yaml": HEAD + PERSON})
    assert folder.problems() == [
        'b.yaml:5:3: spec: missing field "agent_id" (set it here, or under '
        "spec.providers.cartesia.defaults in the Project)"
    ]


_VAPI = "  provider: vapi\n  phoneNumberId: n\n  maxConcurrency: 1\n  expires_at: 2099-01-01T00:00:00Z\n"
MISTAKES = [
    Mistake("a smaller step", f"  rollout: {{steps: [50, 20]}}\n{PERSON}", "b.yaml:5:25", "step 20 admits nobody more"),
    Mistake(
        "a share above all", f"  rollout: {{steps: [101%]}}\n{PERSON}", "b.yaml:5:21", "a share of them such as 10%"
    ),
    Mistake(
        "a halt without a rule",
        f"  halt_when: {{of_at_least: 5}}\n{PERSON}",
        "b.yaml:5:14",
        "expected failed, reached or both",
    ),
    Mistake("a share the wrong way", f'  halt_when: {{failed: "< 5%"}}\n{PERSON}', "b.yaml:5:23", 'such as "> 20%"'),
    Mistake("pace of a batch", f"  pace: {{max_in_flight: 2}}\n{PERSON}", "b.yaml:5:9", "pace is for single calls"),
    Mistake(
        "also without batches",
        f"  provider: callingbox\n  also: [x]\n{PERSON}",
        "b.yaml:6:9",
        "has none for this",
    ),
    Mistake(
        "no such date",
        f"  scheduled_at: 2026-02-30T16:00:00Z\n{PERSON}",
        "b.yaml:5:17",
        "is not a date and time",
    ),
    Mistake(
        "expired at birth",
        f"  scheduled_at: 2026-12-02T16:00:00+02:00\n  expires_at: 2026-12-02T14:00:00Z\n{PERSON}",
        "b.yaml:6:15",
        "expires_at is not after scheduled_at (2026-12-02T14:00:00Z)",
    ),
    Mistake(
        "foreign outcome",
        f"  retry: {{max_retries: 1, on: [no_answer]}}\n{PERSON}",
        "b.yaml:5:32",
        '"no_answer" is not an outcome of cartesia (did you mean "dial_no_answer"?)',
    ),
    Mistake(
        "nobody who speaks",
        f"{_VAPI}{PERSON}",
        "b.yaml:5:3",
        'missing field "assistantId" (or squadId: who speaks)',
    ),
    Mistake(
        "two who speak",
        f"{_VAPI}  assistantId: a\n  squadId: s\n{PERSON}",
        "b.yaml:10:12",
        "squadId and assistantId both say who speaks",
    ),
    Mistake(
        "a campaign without an end",
        f"{_VAPI}  assistantId: a\n{PERSON}".replace("  expires_at: 2099-01-01T00:00:00Z\n", ""),
        "b.yaml:5:3",
        'missing field "expires_at"',
    ),
    Mistake(
        "a plan of the provider's own",
        f"{_VAPI}  assistantId: a\n  schedulePlan: {{}}\n{PERSON}",
        "b.yaml:10:3",
        "is written as scheduled_at and expires_at",
    ),
]


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.name)
def test_each_mistake_has_its_own_message_at_its_place(folder: ProjectFolder, mistake: Mistake) -> None:
    find_problem(folder, mistake)
