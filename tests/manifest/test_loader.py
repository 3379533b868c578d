"""A whole project is read: what is complete, in which order problems come, what is not loaded without need."""

from __future__ import annotations

import gc
import subprocess
import sys
from pathlib import Path

import pytest

from declarative.errors import ManifestError
from declarative.manifest import Variables

from .project_fixture import CALL, CALL_HEAD, FROM, HEAD, PERSON, PROJECT, ProjectFolder


def test_all_problems_come_at_once_in_the_order_of_reading(folder: ProjectFolder) -> None:
    people = "  recipients: [{to_number: 1}, {to_number: 2}]\n"
    spec = f"  state: gone\n  retry: {{max_retries: x, on: [dial_bsy]}}\n{people}"
    folder.put({"project.yaml": PROJECT, "b.yaml": HEAD + spec, "c.yaml": CALL_HEAD + "  bogus: 1\n"})
    assert [problem.partition(": ")[0] for problem in folder.problems()] == [
        "b.yaml:5:10",
        "b.yaml:6:24",
        "b.yaml:6:32",
        "b.yaml:7:28",
        "b.yaml:7:44",
        "c.yaml:5:3",
        "c.yaml:5:3",
    ]


def test_no_message_contains_a_whole_number(folder: ProjectFolder) -> None:
    numbers = ["+14155550199", "4155550199", "+1 415 555 0199"]
    rows = "".join(f"  - to_number: {number}\n" for number in (numbers[0], *numbers))
    folder.put({"project.yaml": PROJECT, "b.yaml": f"{HEAD}  recipients:\n{rows}{FROM}"})
    folder.put({"r.csv": "to_number\n" + "\n".join(numbers), "c.yaml": f"{CALL_HEAD}  to_number: {numbers[1]}\n"})
    reported = "\n".join(folder.problems())
    assert "0199" in reported
    assert not any(number in reported for number in numbers)


def test_terminal_control_characters_do_not_reach_a_message(folder: ProjectFolder) -> None:
    folder.put({"project.yaml": PROJECT, "b.yaml": f'{HEAD}  "a\\e[31m": 1\n  state: "\\e]0;x\\a"\n{PERSON}'})
    assert not any(ord(letter) < 32 for problem in folder.problems() for letter in problem)


def test_zero_documents(folder: ProjectFolder) -> None:
    folder.put({"empty.yaml": "# nothing\n---\n---\n"})
    assert folder.problems() == ["empty.yaml: contains no manifest (delete the file if that is intended)"]
    (folder.directory / "empty.yaml").unlink()
    assert folder.problems() == [f"{folder.directory}: no manifests here (dialctl init writes a first one)"]


def test_a_project_without_resources(folder: ProjectFolder) -> None:
    folder.put({"project.yaml": PROJECT})
    assert folder.problems() == [
        f"{folder.directory}: no Batch and no Call: a project without resources "
        "(to cancel what is still waiting, use dialctl destroy)"
    ]


@pytest.mark.parametrize(
    ("path", "reported"),
    [
        ("empty.plan", "empty.plan: is empty"),
        ("notes.yaml", "notes.yaml: contains no manifest"),
        ("sub", "sub: no manifests here"),
        ("project.yaml", "project.yaml: no Batch and no Call: a project without resources"),
    ],
)
@pytest.mark.parametrize("resources", ["", HEAD + PERSON])
def test_a_part_without_resources_does_not_suggest_destroy(
    folder: ProjectFolder, path: str, reported: str, resources: str
) -> None:
    folder.put(
        {"project.yaml": PROJECT, "empty.plan": "", "notes.yaml": "# soon\n", "sub/x.txt": "", "b.yaml": resources}
    )
    assert folder.problems(path) == [reported]


def test_two_projects(folder: ProjectFolder) -> None:
    folder.put({"a.yaml": PROJECT, "b.yaml": HEAD + PERSON + "---\n" + PROJECT})
    assert folder.problems() == [
        "b.yaml:7:1: a second Project; the first is at a.yaml:1:1 (a run reads one project; keep the other "
        "in its own folder)"
    ]


def test_targets_narrow_the_project_and_are_never_the_whole(tree: ProjectFolder) -> None:
    desired = tree.load("p", targets=["call/c"])
    assert (list(desired.resources), desired.is_complete) == (["call/c"], False)
    assert desired.digest != tree.load("p").digest


def test_the_order_is_that_of_the_manifests(folder: ProjectFolder) -> None:
    first, second = (HEAD.replace("name: b", f"name: {name}") + PERSON for name in ("z", "a"))
    folder.put({"1.yaml": PROJECT + "---\n" + first + "---\n" + second, "0.yaml": CALL})
    assert list(folder.load().resources) == ["call/c", "batch/z", "batch/a"]


def test_comments_and_order_of_keys_do_not_change_the_digest(folder: ProjectFolder) -> None:
    folder.put({"project.yaml": PROJECT, "b.yaml": f"{HEAD}  state: present\n  agent_id: a\n{PERSON}"})
    first = folder.load().digest
    folder.put({"b.yaml": f"# moved\n{HEAD}  agent_id: a   # here\n{PERSON}  state: present\n"})
    assert folder.load().digest == first


def test_values_of_variables_change_the_digest(folder: ProjectFolder) -> None:
    folder.put({"project.yaml": PROJECT, "b.yaml": HEAD + "  agent_id: ${var.a}\n" + PERSON})
    digests = {folder.load(variables=Variables({"a": value})).digest for value in ("x", "x", "y")}
    assert len(digests) == 2


SCRIPT = """
import sys
from pathlib import Path
sys.path.insert(0, {tests!r})
from manifest.project_fixture import TYPES
from declarative.model.digest import PersonKey
from declarative.manifest import Variables, load_desired
project, cache = Path({project!r}), Path({cache!r})
desired = load_desired(project, provider_types=TYPES, variables=Variables(), key=PersonKey(None), cache=cache)
assert desired.resources["batch/b"].recipients.count == 1
print(*(name for name in ("polars", "phonenumbers", "httpx", "rich", "difflib") if name in sys.modules))
"""


def loaded(folder: ProjectFolder) -> list[str]:
    """The heavy packages that a fresh process has loaded after reading the project."""
    places = {
        "tests": Path(__file__).parent.parent,
        "project": folder.directory,
        "cache": folder.directory / ".c",
    }
    script = SCRIPT.format(**{name: str(path) for name, path in places.items()})
    return subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True).stdout.split()


def test_people_in_manifests_need_no_table(folder: ProjectFolder) -> None:
    folder.put({"project.yaml": PROJECT, "b.yaml": HEAD + PERSON})
    assert loaded(folder) == ["phonenumbers"]


def test_a_known_file_needs_no_table(folder: ProjectFolder) -> None:
    folder.put({"project.yaml": PROJECT, "b.yaml": HEAD + FROM, "r.csv": "to_number\n+14155550101\n"})
    assert "polars" in loaded(folder)
    assert loaded(folder) == []


def test_the_garbage_collector_runs_again_after_reading(folder: ProjectFolder) -> None:
    folder.batch(PERSON)
    assert gc.isenabled()
    with pytest.raises(ManifestError):
        folder.batch("  bogus: 1\n")
    assert gc.isenabled()
