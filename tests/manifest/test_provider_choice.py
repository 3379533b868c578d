"""The provider and route of a resource; what is checked when the provider is not known."""

from __future__ import annotations

import pytest

from declarative.model.policy import Pace
from declarative.model.resource import Route

from .mistakes import Mistake, find_problem
from .project_fixture import CALL_HEAD, HEAD, PERSON, PROJECT, ProjectFolder

WITHOUT_A_PROVIDER = """\
  agnt_id: a
  persona: Ann
  scheduled_at: 2026-12-02T16:00:00Z
  expires_at: 2026-12-01T16:00:00Z
  retry: {max_retries: "2", on: [no_answr, dial_busy, no_answer], after: 4 hours}
  policy: {calling_hours: {zone: America/NewYork}, countries: [ZZ], suppress_from: [{file: dnc.csv}]}
  recipients:
  - to_number: 14155550101
  - {to_number: +14155550102}
  - {to_number: +14155550102}
  - {to_number: +14155550103, metdata: {}}
  recipients_from:
  - {file: ../people.csv}
  - {file: r.csv}
"""


@pytest.mark.parametrize(
    ("project", "provider", "reported"),
    [
        ("  guard: 2m\n", "", 'b.yaml:5:3: spec: missing field "provider"'),
        ("  guard: 2m\n", "  provider: cartsia\n", 'b.yaml:19:13: spec.provider: unknown provider "cartsia"'),
        ("  guard: 2m\n", "  provider: [cartesia]\n", "b.yaml:19:13: spec.provider: found a list, expected text"),
        ("  defaults: {provider: 5}\n", "", "a.yaml:5:24: spec.defaults.provider: found the number 5"),
        ("  defaults: {provider: cartsia}\n", "", "a.yaml:5:24: spec.defaults.provider: unknown provider"),
        (
            "  providers: {x: {type: cartsia}}\n  defaults: {provider: x}\n",
            "",
            "a.yaml:5:25: spec.providers.x.type: unknown provider type",
        ),
        (
            "  providers: {cartesia: {type: cartesia, api_version: 1}}\n  defaults: {provider: cartesia}\n",
            "",
            "a.yaml:5:55: spec.providers.cartesia.api_version: found the number 1",
        ),
        (
            "  providers: {x: {type: cartesia, api_version: 2020-01-01}}\n  defaults: {provider: x}\n",
            "",
            "a.yaml:5:48: spec.providers.x.api_version: provider type cartesia has no api_version",
        ),
    ],
)
def test_what_does_not_depend_on_the_provider_is_reported_without_it(
    folder: ProjectFolder, project: str, provider: str, reported: str
) -> None:
    head = HEAD.replace("Batch", "Project").replace("name: b", "name: p")
    folder.put({"a.yaml": head + project, "b.yaml": HEAD + WITHOUT_A_PROVIDER + provider, "r.csv": "phone\n1\n"})
    found = folder.problems()
    (about_it,) = [each for each in found if each.startswith(reported)]
    found.remove(about_it)
    assert [problem.partition(": ")[0] for problem in found] == [
        "b.yaml:5:3",  # agnt_id
        "b.yaml:6:3",  # persona
        "b.yaml:8:15",  # expires_at before scheduled_at
        "b.yaml:9:24",  # max_retries
        "b.yaml:9:34",  # no_answr
        "b.yaml:9:74",  # after
        "b.yaml:10:27",  # from and to are missing
        "b.yaml:10:34",  # zone
        "b.yaml:10:64",  # country
        "b.yaml:10:92",  # dnc.csv
        "b.yaml:12:16",  # not E.164
        "b.yaml:14:17",  # the same number twice
        "b.yaml:15:31",  # metdata
        "b.yaml:17:12",  # out of the folder
        "b.yaml:18:5",  # no column to_number
    ]


def test_a_wrong_provider_of_the_project_causes_no_problem_in_its_resources(folder: ProjectFolder) -> None:
    project = PROJECT.replace("newer: {type: cartesia", "newer: {type: cartesai")
    folder.put({"project.yaml": project, "b.yaml": f"{HEAD}  provider: newer\n{PERSON}"})
    (reported,) = folder.problems()
    assert reported.startswith("project.yaml:7:19: spec.providers.newer.type: unknown provider type")
    assert 'did you mean "cartesia"?' in reported


def test_a_resource_without_any_provider(folder: ProjectFolder) -> None:
    folder.put({"b.yaml": f"{HEAD}  stat: present\n  state: gone\n{PERSON}"})
    assert folder.problems() == [
        'b.yaml:5:3: spec: missing field "provider" (set it here, or spec.defaults.provider in the Project; '
        "known: cartesia, callingbox, vapi)",
        'b.yaml:5:3: spec.stat: unknown field "stat" (did you mean "state"?)',
        'b.yaml:6:10: spec.state: found "gone", expected one of present, cancelled',
    ]


def test_the_legacy_route_lowers_a_batch_to_calls(folder: ProjectFolder) -> None:
    batch = folder.batch(f"  provider: legacy\n  pace: {{calls_per_second: 0.5}}\n{PERSON}")
    assert (batch.route, batch.settings, batch.pace) == (Route.CALL, {"agent_id": "agent_1"}, Pace(0.5, 5))


MISTAKES = [
    Mistake(
        "batch of a provider without",
        "  to_number: +14155550101\n  via: batch\n  provider: callingbox\n",
        "b.yaml:6:8",
        "has no batches (use via: direct)",
        CALL_HEAD,
    ),
    Mistake(
        "unknown provider",
        f"  provider: cartsia\n{PERSON}",
        "b.yaml:5:13",
        '"cartsia" (did you mean "cartesia"?)',
    ),
]


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.name)
def test_each_mistake_has_its_own_message_at_its_place(folder: ProjectFolder, mistake: Mistake) -> None:
    find_problem(folder, mistake)
