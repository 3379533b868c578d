"""Every kind of bad input has its own message, at its own place."""

from __future__ import annotations

import os

import pytest

from declarative.errors import ManifestError

from . import wrong_documents, wrong_people
from .house import CALL_HEAD, FROM, HEAD, PERSON, PROJECT, House
from .wrong import Case


@pytest.mark.parametrize("case", [*wrong_documents.CASES, *wrong_people.CASES], ids=lambda case: case.name)
def test_has_its_own_message_at_its_place(house: House, case: Case) -> None:
    house.put({"project.yaml": PROJECT, "b.yaml": case.head + case.spec, **case.files})
    said = house.problems()
    assert [each for each in said if each.startswith(case.place) and case.words in each], said
    assert len(said) == 1, said


def test_all_problems_come_at_once_in_the_order_of_reading(house: House) -> None:
    people = "  recipients: [{to_number: 1}, {to_number: 2}]\n"
    spec = f"  state: gone\n  retry: {{max_retries: x, on: [dial_bsy]}}\n{people}"
    house.put({"project.yaml": PROJECT, "b.yaml": HEAD + spec, "c.yaml": CALL_HEAD + "  bogus: 1\n"})
    assert [problem.partition(": ")[0] for problem in house.problems()] == [
        "b.yaml:5:10",
        "b.yaml:6:24",
        "b.yaml:6:32",
        "b.yaml:7:28",
        "b.yaml:7:44",
        "c.yaml:5:3",
        "c.yaml:5:3",
    ]


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
    ("project", "provider", "said"),
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
def test_what_does_not_depend_on_the_provider_is_told_without_it(
    house: House, project: str, provider: str, said: str
) -> None:
    head = HEAD.replace("Batch", "Project").replace("name: b", "name: p")
    house.put({"a.yaml": head + project, "b.yaml": HEAD + WITHOUT_A_PROVIDER + provider, "r.csv": "phone\n1\n"})
    found = house.problems()
    (about_it,) = [each for each in found if each.startswith(said)]
    found.remove(about_it)
    assert [problem.partition(": ")[0] for problem in found] == [
        "b.yaml:5:3",  # agnt_id
        "b.yaml:6:3",  # persona
        "b.yaml:8:15",  # expires_at before scheduled_at
        "b.yaml:9:24",  # max_retries
        "b.yaml:9:34",  # no_answr
        "b.yaml:9:74",  # after
        "b.yaml:10:27",  # from is missing
        "b.yaml:10:27",  # to is missing
        "b.yaml:10:34",  # zone
        "b.yaml:10:64",  # country
        "b.yaml:10:92",  # dnc.csv
        "b.yaml:12:16",  # not E.164
        "b.yaml:14:17",  # the same number twice
        "b.yaml:15:31",  # metdata
        "b.yaml:17:12",  # out of the folder
        "b.yaml:18:5",  # no column to_number
    ]


@pytest.mark.parametrize("project", ["spec: {\n", "spec: 5\n", "metadata: {name: p}\n"])
def test_a_project_that_cannot_be_read_is_not_held_against_its_resources(house: House, project: str) -> None:
    house.put({"a.yaml": f"apiVersion: dialctl/v1\nkind: Project\n{project}", "b.yaml": HEAD + PERSON})
    assert {problem.partition(":")[0] for problem in house.problems()} == {"a.yaml"}


def test_a_key_that_is_there_twice_hides_nothing_else(house: House) -> None:
    house.put({"project.yaml": PROJECT, "b.yaml": f"{HEAD}  state: gone\n  agent_id: a\n  agent_id: b\n{PERSON}"})
    assert [problem.partition(": ")[0] for problem in house.problems()] == ["b.yaml:5:10", "b.yaml:7:3"]


def test_twenty_bad_rows_are_named_and_the_rest_counted(house: House) -> None:
    house.put({"project.yaml": PROJECT, "b.yaml": HEAD + FROM})
    house.put({"r.csv": "to_number\n" + "".join(f"{row}\n" for row in range(30))})
    with pytest.raises(ManifestError) as refused:
        house.load()
    said = [str(problem) for problem in refused.value.problems]
    assert len(said) == 21
    assert said[-1] == "r.csv: and 10 more malformed numbers"
    assert refused.value.message == "30 problems in the manifests"


def test_no_message_holds_a_whole_number(house: House) -> None:
    numbers = ["+14155550199", "4155550199", "+1 415 555 0199"]
    rows = "".join(f"  - to_number: {number}\n" for number in (numbers[0], *numbers))
    house.put({"project.yaml": PROJECT, "b.yaml": f"{HEAD}  recipients:\n{rows}{FROM}"})
    house.put({"r.csv": "to_number\n" + "\n".join(numbers), "c.yaml": f"{CALL_HEAD}  to_number: {numbers[1]}\n"})
    said = "\n".join(house.problems())
    assert "0199" in said
    assert not any(number in said for number in numbers)


def test_a_file_that_only_ends_alike_is_not_what_was_meant(house: House) -> None:
    spec = FROM.replace("r.csv", "missing.csv")
    house.put({"project.yaml": PROJECT, "b.yaml": HEAD + spec, "link.csv": ""})
    assert house.problems() == ['b.yaml:5:28: spec.recipients_from[0].file: no such file: "missing.csv"']


def test_terminal_control_characters_do_not_reach_a_message(house: House) -> None:
    house.put({"project.yaml": PROJECT, "b.yaml": f'{HEAD}  "a\\e[31m": 1\n  state: "\\e]0;x\\a"\n{PERSON}'})
    assert not any(ord(letter) < 32 for problem in house.problems() for letter in problem)


def test_zero_documents(house: House) -> None:
    house.put({"empty.yaml": "# nothing\n---\n---\n"})
    assert house.problems() == [f"{house.directory}: no manifests here (dialctl init writes a first one)"]


def test_a_project_without_resources(house: House) -> None:
    house.put({"project.yaml": PROJECT})
    assert house.problems() == [
        f"{house.directory}: no Batch and no Call: a project without resources "
        "(to cancel what is still waiting, use dialctl destroy)"
    ]


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("empty.plan", "empty.plan: is empty"),
        ("notes.yaml", "notes.yaml: contains no manifest"),
        ("sub", "sub: no manifests here"),
        ("project.yaml", "project.yaml: no Batch and no Call: a project without resources"),
    ],
)
@pytest.mark.parametrize("resources", ["", HEAD + PERSON])
def test_a_part_without_resources_is_no_reason_to_destroy_the_rest(
    house: House, path: str, said: str, resources: str
) -> None:
    house.put(
        {"project.yaml": PROJECT, "empty.plan": "", "notes.yaml": "# soon\n", "sub/x.txt": "", "b.yaml": resources}
    )
    assert house.problems(path) == [said]


def test_two_projects(house: House) -> None:
    house.put({"a.yaml": PROJECT, "b.yaml": HEAD + PERSON + "---\n" + PROJECT})
    assert house.problems() == [
        "b.yaml:7:1: a second Project; the first is at a.yaml:1:1 (a run reads one project; keep the other "
        "in its own folder)"
    ]


def test_two_resources_of_one_address(house: House) -> None:
    house.put({"project.yaml": PROJECT, "b.yaml": HEAD + PERSON, "d.yaml": HEAD + PERSON})
    assert "d.yaml:3:18: metadata.name: batch/b appears twice, first at b.yaml:3:18" in house.problems()[0]


@pytest.mark.parametrize(
    ("former", "words"),
    [
        ("batch/a", "batch/a still exists, at a.yaml:3:18"),
        ("call/old", "call/old is claimed twice, first at a.yaml:3:33"),
    ],
)
def test_a_former_address_belongs_to_one_resource(house: House, former: str, words: str) -> None:
    first = HEAD.replace("name: b", "name: a, previously: [call/old]")
    second = HEAD.replace("name: b", f"name: b, previously: [{former}]")
    house.put({"project.yaml": PROJECT, "a.yaml": first + PERSON, "b.yaml": second + PERSON})
    assert words in house.problems()[0]


def test_a_file_of_200_megabytes_is_refused_unread(house: House) -> None:
    house.put({"project.yaml": PROJECT, "big.yaml": ""})
    os.truncate(house.directory / "big.yaml", 200 << 20)
    assert "big.yaml: 200 MiB is too large: at most 32 MiB are read" in house.problems()[0]


def test_an_alias_bomb_is_refused(house: House) -> None:
    lines = "".join(f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]\n" for i in range(1, 10))
    house.put({"bomb.yaml": f"a0: &a0 [x, x]\n{lines}"})
    assert "more than 1,000,000 values, aliases expanded" in house.problems()[0]


def test_a_manifest_not_in_utf8_names_the_byte(house: House) -> None:
    house.put({"b.yaml": HEAD.encode() + b"  agent_id: caf\xe9\n"})
    position = len(HEAD) + len("  agent_id: caf")
    assert house.problems() == [
        f"b.yaml:5:16: not UTF-8: byte 0xe9 at byte position {position} (save the file as UTF-8)"
    ]


@pytest.mark.parametrize("name", ["b.yaml", "r.csv", "folder"])
def test_a_symlink_out_of_the_project_is_refused(house: House, name: str) -> None:
    outside = house.directory.parent / f"{house.directory.name}-outside"
    outside.mkdir()
    (outside / name).write_text(HEAD + PERSON)
    house.put({"project.yaml": PROJECT, "c.yaml": f"{CALL_HEAD}  to_number: +14155550101\n"})
    if name == "r.csv":
        house.put({"b.yaml": HEAD + FROM})
    (house.directory / name).symlink_to(outside if name == "folder" else outside / name)
    (said,) = house.problems()
    assert "leads out of the project's directory" in said or "that leads out of the project's directory" in said


def test_what_a_broken_project_leaves_open_is_not_held_against_its_resources(house: House) -> None:
    project = PROJECT.replace("newer: {type: cartesia", "newer: {type: cartesai")
    house.put({"project.yaml": project, "b.yaml": f"{HEAD}  provider: newer\n{PERSON}"})
    (said,) = house.problems()
    assert said.startswith("project.yaml:7:19: spec.providers.newer.type: unknown provider type")
    assert 'did you mean "cartesia"?' in said
