"""The Project document: its providers, defaults and own messages."""

from __future__ import annotations

from datetime import timedelta

import pytest

from declarative.model.resource import Route

from .project_fixture import HEAD, PERSON, PROJECT, ProjectFolder

BARE = "apiVersion: dialctl/v1\nkind: Project\nmetadata: {name: p}\nspec:\n"


@pytest.mark.parametrize(
    ("spec", "reported"),
    [
        (
            "  providers: {x: {type: cartsia}}\n",
            '5:25: spec.providers.x.type: unknown provider type "cartsia" (did you mean "cartesia"?)',
        ),
        (
            "  providers: {x: {type: cartesia, api_version: 2026-03-02}}\n",
            '5:48: spec.providers.x.api_version: provider type cartesia has no api_version "2026-03-02" '
            "(known: 2026-03-01, 2026-08-14, 2025-04-16)",
        ),
        ("  providers: {x: {}}\n", '5:18: spec.providers.x: missing field "type"'),
        (
            "  providers: {X: {type: cartesia}}\n",
            '5:15: spec.providers.X: "X" is not a valid name (expected 1 to 63 lower-case letters, digits and dashes, '
            "beginning and ending with a letter or digit, and no variable)",
        ),
        (
            "  providers: {x: {type: cartesia, base_url: https://example.com}}\n",
            '5:35: spec.providers.x.base_url: unknown field "base_url" '
            "(known: type, api_version, probe_number, price, defaults)",
        ),
        (
            "  providers: {x: {type: cartesia, defaults: {agent: a}}}\n",
            '5:46: spec.providers.x.defaults.agent: unknown field "agent" for provider type cartesia '
            '(did you mean "agent_id"?)',
        ),
        (
            "  providers: {x: {type: callingbox, defaults: {persona: a}}}\n",
            '5:48: spec.providers.x.defaults.persona: callingbox refuses "persona" on a call: it lives on '
            "the agent; change the agent, or point to another one",
        ),
        (
            "  providers: {x: {type: cartesia, api_version: 2025-04-16, defaults: {from_number_id: a}}}\n",
            '5:71: spec.providers.x.defaults.from_number_id: "from_number_id" needs api_version 2026-03-01 or '
            "2026-08-14 (this provider has 2025-04-16)",
        ),
        (
            "  providers: {x: {type: cartesia, defaults: {dynamic_variables: {}}}}\n",
            '5:46: spec.providers.x.defaults.dynamic_variables: "dynamic_variables" belongs to each person and cannot '
            "have a default",
        ),
        (
            "  defaults: {provider: carte}\n",
            '5:24: spec.defaults.provider: unknown provider "carte" (did you mean "cartesia"?)',
        ),
        (
            "  defaults: {retry: {max_retries: 1}}\n",
            '5:21: spec.defaults.retry: missing field "on"',
        ),
        (
            "  defaults: {retry: {max_retries: 1, on: []}}\n",
            "5:42: spec.defaults.retry.on: found a list, expected at least one entry",
        ),
        (
            "  policy: {countries: [US, US]}\n",
            '5:28: spec.policy.countries[1]: "US" appears twice (keep one of them)',
        ),
        (
            "  policy: {countries: [US, UK]}\n",
            '5:28: spec.policy.countries[1]: no phone number belongs to a country "UK" (did you mean "GB"?)',
        ),
        (
            "  policy: {countries: [ZZ]}\n",
            '5:24: spec.policy.countries[0]: no phone number belongs to a country "ZZ" (use a code of ISO 3166, '
            "such as US)",
        ),
        (
            "  guard: 5\n",
            "5:10: spec.guard: found the number 5, expected a duration such as 2m, 4h, 1h30m, 500ms or 0s",
        ),
        (
            "  display_zone: New York\n",
            '5:17: spec.display_zone: unknown time zone "New York" (an IANA name such as America/New_York, or UTC)',
        ),
        ("  gaurd: 5s\n", '5:3: spec.gaurd: unknown field "gaurd" (did you mean "guard"?)'),
        (
            "  guard: 999999d\n",
            '5:10: spec.guard: "999999d" is longer than 100 years',
        ),
    ],
)
def test_a_project_gets_its_own_messages(folder: ProjectFolder, spec: str, reported: str) -> None:
    batch = f"{HEAD}  provider: callingbox\n  agent_id: a\n{PERSON}"
    folder.put({"a.yaml": BARE + spec, "b.yaml": batch})
    assert folder.problems() == [f"a.yaml:{reported}"]


def test_without_a_project_the_providers_exist_under_their_own_names(folder: ProjectFolder) -> None:
    folder.put({"b.yaml": f"{HEAD}  provider: callingbox\n  agent_id: a\n{PERSON}"})
    desired = folder.load()
    assert (desired.project.name, desired.project.declared, desired.is_complete) == ("default", False, True)
    assert desired.project.providers["callingbox"].api_version == "2026-04"
    assert desired.resources["batch/b"].route is Route.CALL


@pytest.mark.parametrize(
    ("written", "length"),
    [
        ("2m", timedelta(minutes=2)),
        ("1h30m", timedelta(hours=1, minutes=30)),
        ("500ms", timedelta(milliseconds=500)),
        ("0s", timedelta()),
        ("2d", timedelta(days=2)),
    ],
)
def test_durations(folder: ProjectFolder, written: str, length: timedelta) -> None:
    folder.put({"project.yaml": f"{PROJECT}  guard: {written}\n", "b.yaml": HEAD + PERSON})
    assert folder.load().project.guard == length


@pytest.mark.parametrize("written", ["999999999d", "2 m", "m", "''", "1m2h", "-2m", "1.5h"])
def test_texts_that_are_not_a_duration(folder: ProjectFolder, written: str) -> None:
    folder.put({"project.yaml": f"{PROJECT}  guard: {written}\n", "b.yaml": HEAD + PERSON})
    (reported,) = folder.problems()
    assert reported.startswith("project.yaml:11:10: spec.guard: ")


@pytest.mark.parametrize(
    "url",
    [
        "s3://bucket/prefix",
        "gs://bucket/of-{project}/x",
        "postgresql:///calls?prefix=spring/us",
        "postgresql:///calls?prefix={project}",
    ],
)
def test_the_project_says_where_its_state_is(folder: ProjectFolder, url: str) -> None:
    folder.put({"project.yaml": f'{PROJECT}  state: {{url: "{url}"}}\n', "b.yaml": HEAD + PERSON})
    assert folder.load().project.state_url == url


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com/x",
        "s3://user:hunter2@host/x",
        "s3://b/x?endpoint=http://evil",
        "file:///x",
        "postgresql://ada:hunter2@evil.example.com/calls?prefix=a",
        "postgresql:///calls?prefix=a&host=evil.example.com",
        "postgresql:///calls",
    ],
)
def test_a_state_url_names_a_bucket_and_nothing_else(folder: ProjectFolder, url: str) -> None:
    folder.put({"project.yaml": f'{PROJECT}  state: {{url: "{url}"}}\n', "b.yaml": HEAD + PERSON})
    (reported,) = folder.problems()
    assert "expected s3://bucket/prefix" in reported
    assert "hunter2" not in reported


@pytest.mark.parametrize("project", ["spec: {\n", "spec: 5\n"])
def test_a_project_that_cannot_be_read_causes_no_problem_in_its_resources(folder: ProjectFolder, project: str) -> None:
    folder.put({"a.yaml": f"apiVersion: dialctl/v1\nkind: Project\n{project}", "b.yaml": HEAD + PERSON})
    assert {problem.partition(":")[0] for problem in folder.problems()} == {"a.yaml"}


@pytest.mark.parametrize(("line", "zone"), [("", "UTC"), ("  display_zone: Europe/Berlin\n", "Europe/Berlin")])
def test_people_read_times_in_the_projects_own_zone(line: str, zone: str, folder: ProjectFolder) -> None:
    folder.put({"project.yaml": f"{PROJECT}{line}", "b.yaml": HEAD + PERSON})
    assert folder.load().project.display_zone == zone
