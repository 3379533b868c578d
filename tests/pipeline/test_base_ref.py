"""`plan --base-ref`: what a branch caused, told from what was due anyway."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from declarative import schemas
from declarative.app.git_changes import find_changed_addresses
from declarative.app.session import Session
from declarative.errors import UsageError

from .house import ADA, BATCH, BEN, CAY, PROJECT, Team
from .pipes import Runner

OTHER = BATCH.replace("name: outreach", "name: other").replace("people.csv", "others.csv")
HEADING = "Not caused by this pull request"


@pytest.fixture
def git(team: Team) -> Runner:
    """A repository whose main has two batches, and whose branch `work` is checked out."""
    runner = Runner.at(team.root, team.root.parent / "bin")
    team.write(other_yaml=OTHER, others_csv=f"to_number\n{CAY}\n", _gitignore=".dialctl/\n")
    runner.git("init", "-q", "-b", "main")
    runner.git("add", ".")
    runner.git("commit", "-qm", "first")
    runner.git("checkout", "-qb", "work")
    return runner


def addresses(team: Team, ref: str = "main", path: str = ".", variable_files: Sequence[Path] = ()) -> set[str]:
    with Session(path, directory=team.root, environment={}, variable_files=variable_files) as session:
        return set(find_changed_addresses(session, ref))


def test_an_untouched_branch_causes_nothing(team: Team, git: Runner) -> None:
    assert addresses(team) == set()


def test_comments_labels_of_files_and_order_cause_nothing(team: Team, git: Runner) -> None:
    team.write(batch_yaml=f"# a word\n{BATCH}")
    team.people(BEN, ADA)
    assert addresses(team) == set()


def test_a_changed_setting_is_caused_committed_or_not(team: Team, git: Runner) -> None:
    team.write(batch_yaml=BATCH.replace("agent_one", "agent_two"))
    assert addresses(team) == {"batch/outreach"}
    git.git("commit", "-qam", "second")
    assert addresses(team) == {"batch/outreach"}


def test_a_changed_file_of_people_is_caused(team: Team, git: Runner) -> None:
    team.people(ADA, BEN, CAY)
    assert addresses(team) == {"batch/outreach"}


def test_new_removed_and_renamed_resources_are_caused(team: Team, git: Runner) -> None:
    (team.root / "other.yaml").unlink()
    team.write(third_yaml=OTHER.replace("name: other", "name: third"))
    assert addresses(team) == {"batch/other", "batch/third"}


def test_a_policy_of_the_project_is_caused_for_all(team: Team, git: Runner) -> None:
    team.write(project_yaml=f"{PROJECT}  policy: {{countries: [US]}}\n")
    assert addresses(team) == {"batch/outreach", "batch/other"}


def test_what_main_did_since_the_branch_left_it_is_not_the_branchs(team: Team, git: Runner) -> None:
    git.git("checkout", "-q", "main")
    team.people(ADA, BEN, CAY)
    git.git("commit", "-qam", "main goes on")
    git.git("checkout", "-q", "work")
    team.write(others_csv=f"to_number\n{CAY}\n{ADA}\n")
    git.git("commit", "-qam", "so does work")
    assert addresses(team) == {"batch/other"}


def test_a_variable_file_of_then_is_read_as_it_was(team: Team, git: Runner) -> None:
    team.write(batch_yaml=BATCH.replace("agent_one", "${var.WHO}"), vars_yaml="WHO: agent_one\n")
    git.git("add", ".")
    git.git("commit", "-qm", "by variable")
    git.git("branch", "-f", "main")
    files = (Path("vars.yaml"),)
    assert addresses(team, variable_files=files) == set()
    team.write(vars_yaml="WHO: agent_two\n")
    assert addresses(team, variable_files=files) == {"batch/outreach"}


def test_a_project_in_a_folder_of_the_repository(team: Team, git: Runner) -> None:
    for name in ("project.yaml", "batch.yaml", "people.csv", "other.yaml", "others.csv"):
        (team.root / "calls").mkdir(exist_ok=True)
        (team.root / name).rename(team.root / "calls" / name)
    assert addresses(team, path="calls") == {"batch/outreach", "batch/other"}  # there was no such folder
    git.git("add", "--all")
    git.git("commit", "-qm", "moved")
    git.git("branch", "-f", "main")
    assert addresses(team, path="calls") == set()
    (team.root / "calls" / "people.csv").write_text(f"to_number\n{ADA}\n")
    assert addresses(team, path="calls") == {"batch/outreach"}


def test_where_then_cannot_be_read_everything_counts(team: Team, git: Runner) -> None:
    team.write(batch_yaml="kind: Nonsense\n")
    git.git("commit", "-qam", "broken")
    git.git("branch", "-f", "main")
    team.write(batch_yaml=BATCH)
    assert addresses(team) == {"batch/outreach", "batch/other"}


def test_links_and_hostile_revisions_do_no_harm(team: Team, git: Runner) -> None:
    (team.root / "link.csv").symlink_to("/etc/passwd")
    git.git("add", ".")
    git.git("commit", "-qm", "a link")
    git.git("branch", "-f", "main")
    assert addresses(team) == set()
    with pytest.raises(UsageError):
        addresses(team, "--output=stolen")
    assert not (team.root / "stolen").exists()


def test_nothing_is_written_into_the_repository(team: Team, git: Runner) -> None:
    before = team.snapshot()
    team.write(batch_yaml=BATCH)
    addresses(team)
    assert {name: of for name, of in team.snapshot().items() if "cache" not in name} == before


def test_an_unknown_revision_says_how_to_fetch_it(team: Team, git: Runner) -> None:
    said = team.dialctl("plan", "--base-ref", "origin/main")
    assert said.exit == 64
    assert 'git knows no revision "origin/main"' in said.err
    assert "fetch-depth: 0" in said.err


def test_a_shallow_clone_says_how_to_fetch_it(team: Team, git: Runner) -> None:
    git.git("commit", "-q", "--allow-empty", "-m", "second")
    git.git("clone", "-q", "--depth", "1", "--no-single-branch", f"file://{team.root}", "../shallow")
    shallow = Team(team.root.parent / "shallow")
    with pytest.raises(UsageError, match="no history in common") as refused:
        addresses(shallow, "origin/main")
    assert "fetch-depth: 0" in refused.value.hint


def test_outside_of_git_it_is_refused(team: Team) -> None:
    said = team.dialctl("plan", "--base-ref", "main")
    assert (said.exit, "git repository" in said.err) == (64, True)


def test_the_comment_sets_apart_what_the_branch_did_not_cause(team: Team, git: Runner) -> None:
    team.write(batch_yaml=BATCH.replace("agent_one", "agent_two"))
    mine, _, others = team.dialctl("plan", "--format", "markdown", "--base-ref", "main").out.partition(HEADING)
    assert "`batch/outreach`" in mine
    assert "`batch/other`" not in mine
    assert "`batch/other`" in others


def test_json_says_of_each_action_whether_the_branch_caused_it(team: Team, git: Runner) -> None:
    team.write(batch_yaml=BATCH.replace("agent_one", "agent_two"))
    planned = team.plan("--base-ref", "main")
    assert {one["address"]: one["caused"] for one in planned["actions"]} == {
        "batch/outreach": True,
        "batch/other": False,
    }
    Draft202012Validator(schemas.load_schema("plan.v1")).validate(planned)
    assert all("caused" not in one for one in team.plan()["actions"])


def test_the_text_names_what_the_branch_did_not_cause(team: Team, git: Runner) -> None:
    team.write(batch_yaml=BATCH.replace("agent_one", "agent_two"))
    said = team.dialctl("plan", "--base-ref", "main").out
    assert "Not caused by the changes since the base: batch/other." in said
