"""A do-not-call list that changes while a run dials: whoever is put on it is not called any more, and nobody who was on
it is called because it became shorter or cannot be read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

import declarative as dialctl
from tests.protocol.project_fixture import InProcessProject, never, once, people

CROWD = people(36)
AT = 6
"""People who were placed before the list changes; a call is placed in four seconds."""
LATE = CROWD[26:]
"""They are called more than a minute after that."""
LISTED = CROWD[22:25]


@pytest.fixture
def project(tmp_path: Path) -> InProcessProject:
    project = InProcessProject(tmp_path / "it")
    project.begin(extra="  policy: {suppress_from: [{file: dnc.csv}]}\n")
    write_list(project, LISTED)
    return project


def write_list(project: InProcessProject, numbers: Sequence[str]) -> None:
    project.file("dnc.csv", "\n".join(["to_number", *numbers]) + "\n")


def write_box(project: InProcessProject) -> None:
    """A Batch that is lowered to single calls."""
    project.box("march", CROWD)
    pace = "  pace: {calls_per_second: 0.25, max_in_flight: 100}\n"
    project.file("march.yaml", (project.directory / "march.yaml").read_text() + pace)


def apply_while(project: InProcessProject, change: Callable[[], None]) -> dialctl.ApplyReport:
    """Apply, and make the change once AT people were placed."""

    def progress(text: str) -> None:
        if text.endswith(f": {AT} of 33 people submitted"):
            change()

    with dialctl.Session(project.directory, sandbox=True, progress=progress) as session:
        return dialctl.apply(session, approve=lambda _: True)


def test_who_is_put_on_the_list_is_not_called(project: InProcessProject) -> None:
    write_box(project)
    report = apply_while(project, lambda: write_list(project, [*LISTED, *LATE]))
    (finding,) = report.all_findings
    assert finding.message == f"not called: {len(LATE)} people put on a do-not-call list while this run dialed"
    assert report.exit_code == 0
    assert project.plan().code == 0
    project.check_calls({**once([*CROWD[:22], CROWD[25]]), **never([*LISTED, *LATE])})


def test_a_list_that_becomes_shorter_releases_nobody_in_this_run(project: InProcessProject) -> None:
    write_box(project)
    report = apply_while(project, lambda: write_list(project, LATE[:1]))
    assert report.exit_code == 0
    assert project.remembered()["lists"] == {"dnc.csv": len(LISTED)}
    assert project.plan().code == 3
    project.check_calls({**once([who for who in CROWD if who not in (*LISTED, LATE[0])]), **never([*LISTED, LATE[0]])})


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda file: file.unlink(), '"dnc.csv" cannot be read: No such file or directory'),
        (lambda file: file.write_text("to_number\nnobody\n"), '"dnc.csv" is damaged: line 2'),
        (lambda file: file.write_text("to_number\n"), '"dnc.csv" is empty now'),
    ],
    ids=["gone", "damaged", "empty"],
)
def test_a_list_that_cannot_be_read_ends_the_calls_within_a_minute(
    project: InProcessProject, damage: Callable[[Path], None], message: str
) -> None:
    write_box(project)
    report = apply_while(project, lambda: damage(project.directory / "dnc.csv"))
    (problem,) = report.results["batch/march"].problems
    assert message in problem.message
    assert report.exit_code == 1
    called = sum(project.calls().values())
    assert AT <= called <= AT + 15
    write_list(project, LISTED)
    assert project.apply().code == 0
    project.check_calls({**once([who for who in CROWD if who not in LISTED]), **never(LISTED)})


def test_a_list_that_changes_before_the_first_request_counts(project: InProcessProject) -> None:
    project.batch("march", CROWD)
    with dialctl.Session(project.directory, sandbox=True) as session:

        def approve(plan: dialctl.Plan) -> bool:
            assert plan.people_to_call == 33
            write_list(project, [*LISTED, *LATE])
            return True

        report = dialctl.apply(session, approve=approve)
    assert report.exit_code == 0
    project.check_calls({**once([*CROWD[:22], CROWD[25]]), **never([*LISTED, *LATE])})
    assert project.plan().code == 0


def test_a_retry_request_calls_nobody_who_was_put_on_the_list(project: InProcessProject) -> None:
    silent = ["+12005550191", "+12015550191"]
    project.batch("march", silent, more="  retry: {max_retries: 1, on: [dial_no_answer]}\n")
    assert project.apply("--wait").code == 0
    project.advance(86_400)
    with dialctl.Session(project.directory, sandbox=True) as session:

        def approve(plan: dialctl.Plan) -> bool:
            assert plan.people_to_call == 2
            write_list(project, [*LISTED, silent[0]])
            return True

        dialctl.apply(session, approve=approve)
    assert project.apply().code == 0
    project.check_calls({silent[0]: (1, 1), silent[1]: (2, 2)})
