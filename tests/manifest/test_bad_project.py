"""What is wrong with a Project document, and with whatever is wrong in great numbers."""

from __future__ import annotations

import pytest

from .house import FROM, HEAD, PERSON, PROJECT, House

BARE = "apiVersion: dialctl/v1\nkind: Project\nmetadata: {name: p}\nspec:\n"


@pytest.mark.parametrize(
    ("spec", "said"),
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
            '5:35: spec.providers.x.base_url: unknown field "base_url" (known: type, api_version, defaults)',
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
        ("  gaurd: 5s\n", '5:3: spec.gaurd: unknown field "gaurd" (did you mean "guard"?)'),
        (
            "  guard: 999999d\n",
            '5:10: spec.guard: "999999d" is longer than 100 years',
        ),
    ],
)
def test_a_project_gets_its_own_messages(house: House, spec: str, said: str) -> None:
    batch = f"{HEAD}  provider: callingbox\n  agent_id: a\n{PERSON}"
    house.put({"a.yaml": BARE + spec, "b.yaml": batch})
    assert house.problems() == [f"a.yaml:{said}"]


def test_a_resource_without_any_provider(house: House) -> None:
    house.put({"b.yaml": f"{HEAD}  stat: present\n  state: gone\n{PERSON}"})
    assert house.problems() == [
        'b.yaml:5:3: spec: missing field "provider" (set it here, or spec.defaults.provider in the Project; '
        "known: cartesia, callingbox)",
        'b.yaml:5:3: spec.stat: unknown field "stat" (did you mean "state"?)',
        'b.yaml:6:10: spec.state: found "gone", expected one of present, cancelled',
    ]


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        (
            "  display_name: ''\n",
            '5:17: spec.display_name: found "", expected some text',
        ),
        (
            "  provider: callingbox\n  pace: {calls_per_second: 0}\n",
            "6:28: spec.pace.calls_per_second: found the number 0, expected more than 0 and at most 100",
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
            "5:13: spec.also[1]: found the number 5, expected text (put it in quotes)",
        ),
    ],
)
def test_each_rule_of_the_schema_in_words(house: House, spec: str, said: str) -> None:
    house.put({"project.yaml": PROJECT, "b.yaml": HEAD + spec + PERSON})
    assert house.problems() == [f"b.yaml:{said}"]


def test_of_many_bad_people_twenty_are_named(house: House) -> None:
    people = "".join(f"  - to_number: {number}\n" for number in range(25))
    house.put({"project.yaml": PROJECT, "b.yaml": f"{HEAD}  recipients:\n{people}"})
    said = house.problems()
    assert len(said) == 21
    assert said[-1] == "b.yaml:26:5: spec.recipients[20]: and 5 more faulty recipients"


def test_of_many_numbers_repeated_in_a_manifest_twenty_are_named(house: House) -> None:
    people = "".join(f"  - to_number: +1415555{number:04}\n" * 2 for number in range(100, 121))
    house.put({"project.yaml": PROJECT, "b.yaml": f"{HEAD}  recipients:\n{people}"})
    said = house.problems()
    assert len(said) == 21
    assert said[-1] == "b.yaml:47:5: spec.recipients[41]: and 1 more repeated number"


def test_of_many_oversized_rows_twenty_are_named(house: House) -> None:
    rows = "".join(f"+1415555{number:04},{'x' * 16_384}\n" for number in range(100, 122))
    house.put({"project.yaml": PROJECT, "b.yaml": f"{HEAD}  provider: newer\n{FROM}", "r.csv": f"to_number,a\n{rows}"})
    said = house.problems()
    assert len(said) == 21
    assert said[-1] == "r.csv: and 2 more oversized rows"


def test_of_many_repeated_numbers_twenty_are_named(house: House) -> None:
    lines = "".join(f"+14155550{number:03}\n" * 2 for number in range(100, 125))
    house.put({"project.yaml": PROJECT, "b.yaml": HEAD + FROM, "r.csv": f"to_number\n{lines}"})
    said = house.problems()
    assert len(said) == 21
    assert said[-1] == "r.csv: and 5 more repeated numbers"
