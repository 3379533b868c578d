"""An unknown field is often known elsewhere, and the message says where."""

from __future__ import annotations

import pytest

from .mistakes import Mistake, find_problem
from .project_fixture import CALL_HEAD, PERSON, ProjectFolder

MISTAKES = [
    Mistake(
        "unknown field",
        f"  from_number: ap_1\n{PERSON}",
        "b.yaml:5:3",
        'spec.from_number: unknown field "from_number" for provider type cartesia (did you mean "from_number_id"?)',
    ),
    Mistake(
        "other version's field",
        f"  region: US\n{PERSON}",
        "b.yaml:5:3",
        '"region" needs api_version 2026-08-14',
    ),
    Mistake(
        "other provider's field",
        f"  instructions: Hi\n{PERSON}",
        "b.yaml:5:3",
        "it is a field of provider type callingbox",
    ),
    Mistake(
        "no such schedule",
        f"  provider: callingbox\n  scheduled_at: 2026-12-01T16:00:00Z\n{PERSON}",
        "b.yaml:6:3",
        'unknown field "scheduled_at" for provider type callingbox',
    ),
    Mistake(
        "legacy route",
        f"  provider: legacy\n  from_number_id: ap_1\n{PERSON}",
        "b.yaml:6:3",
        '"from_number_id" needs api_version 2026-03-01 or 2026-08-14',
    ),
    Mistake(
        "refused field",
        f"  provider: callingbox\n  persona: Ann\n{PERSON}",
        "b.yaml:6:3",
        "it lives on the agent",
    ),
    Mistake("metadata of a Batch", f"  metadata: {{a: b}}\n{PERSON}", "b.yaml:5:3", "belongs to each recipient"),
    Mistake(
        "number of a Batch",
        f"  to_number: +14155550101\n{PERSON}",
        "b.yaml:5:3",
        "use kind: Call for one person",
    ),
    Mistake(
        "retry of a Call",
        "  to_number: +14155550101\n  retry: {}\n",
        "b.yaml:6:3",
        "is called once in its life",
        CALL_HEAD,
    ),
    Mistake(
        "schedule of a direct Call",
        "  to_number: +14155550101\n  scheduled_at: 2026-12-01T16:00:00Z\n",
        "b.yaml:6:3",
        '"scheduled_at" needs via: batch',
        CALL_HEAD,
    ),
]


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.name)
def test_each_mistake_has_its_own_message_at_its_place(folder: ProjectFolder, mistake: Mistake) -> None:
    find_problem(folder, mistake)
