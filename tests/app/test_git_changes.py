"""`plan --base-ref`: what a branch caused, told from what was due anyway."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from declarative import schemas
from declarative.app.git_changes import find_changed_addresses
from declarative.app.git_repository import GitRepository
from declarative.app.session import Session
from declarative.errors import UsageError
from tests.pipeline.ci_runner import Runner
from tests.project_fixture import ADA, BATCH, BEN, CAY, PROJECT, ProjectFixture

OTHER = BATCH.replace("name: outreach", "name: other").replace("people.csv", "others.csv")
HEADING = "Not caused by this pull request"


@pytest.fixture
def git(project: ProjectFixture) -> Runner:
    """A repository whose main has two batches, and whose branch `work` is checked out."""
    runner = Runner.at(project.root, project.root.parent / "bin")
    project.write(other_yaml=OTHER, others_csv=f"to_number\n{CAY}\n", _gitignore=".dialctl/\n")
    runner.git("init", "-q", "-b", "main")
    runner.git("add", ".")
    runner.git("commit", "-qm", "first")
    runner.git("checkout", "-qb", "work")
    return runner


def addresses(
    project: ProjectFixture, ref: str = "main", path: str = ".", variable_files: Sequence[Path] = ()
) -> set[str]:
    with Session(path, directory=project.root, environment={}, variable_files=variable_files) as session:
        return set(find_changed_addresses(session, ref))


def test_an_untouched_branch_causes_nothing(project: ProjectFixture, git: Runner) -> None:
    assert addresses(project) == set()


def test_comments_labels_of_files_and_order_cause_nothing(project: ProjectFixture, git: Runner) -> None:
    project.write(batch_yaml=f"# a word\n{BATCH}")
    project.people(BEN, ADA)
    assert addresses(project) == set()


def test_a_changed_setting_is_caused_committed_or_not(project: ProjectFixture, git: Runner) -> None:
    project.write(batch_yaml=BATCH.replace("agent_one", "agent_two"))
    assert addresses(project) == {"batch/outreach"}
    git.git("commit", "-qam", "second")
    assert addresses(project) == {"batch/outreach"}


def test_a_changed_file_of_people_is_caused(project: ProjectFixture, git: Runner) -> None:
    project.people(ADA, BEN, CAY)
    assert addresses(project) == {"batch/outreach"}


def test_new_removed_and_renamed_resources_are_caused(project: ProjectFixture, git: Runner) -> None:
    (project.root / "other.yaml").unlink()
    project.write(third_yaml=OTHER.replace("name: other", "name: third"))
    assert addresses(project) == {"batch/other", "batch/third"}


def test_a_policy_of_the_project_is_caused_for_all(project: ProjectFixture, git: Runner) -> None:
    project.write(project_yaml=f"{PROJECT}  policy: {{countries: [US]}}\n")
    assert addresses(project) == {"batch/outreach", "batch/other"}


def test_what_main_did_since_the_branch_left_it_is_not_the_branchs(project: ProjectFixture, git: Runner) -> None:
    git.git("checkout", "-q", "main")
    project.people(ADA, BEN, CAY)
    git.git("commit", "-qam", "main goes on")
    git.git("checkout", "-q", "work")
    project.write(others_csv=f"to_number\n{CAY}\n{ADA}\n")
    git.git("commit", "-qam", "so does work")
    assert addresses(project) == {"batch/other"}


def test_a_variable_file_of_then_is_read_as_it_was(project: ProjectFixture, git: Runner) -> None:
    project.write(batch_yaml=BATCH.replace("agent_one", "${var.WHO}"), vars_yaml="WHO: agent_one\n")
    git.git("add", ".")
    git.git("commit", "-qm", "by variable")
    git.git("branch", "-f", "main")
    files = (Path("vars.yaml"),)
    assert addresses(project, variable_files=files) == set()
    project.write(vars_yaml="WHO: agent_two\n")
    assert addresses(project, variable_files=files) == {"batch/outreach"}


def test_a_project_in_a_folder_of_the_repository(project: ProjectFixture, git: Runner) -> None:
    for name in ("project.yaml", "batch.yaml", "people.csv", "other.yaml", "others.csv"):
        (project.root / "calls").mkdir(exist_ok=True)
        (project.root / name).rename(project.root / "calls" / name)
    assert addresses(project, path="calls") == {"batch/outreach", "batch/other"}  # there was no such folder
    git.git("add", "--all")
    git.git("commit", "-qm", "moved")
    git.git("branch", "-f", "main")
    assert addresses(project, path="calls") == set()
    (project.root / "calls" / "people.csv").write_text(f"to_number\n{ADA}\n")
    assert addresses(project, path="calls") == {"batch/outreach"}


def test_where_then_cannot_be_read_everything_counts(project: ProjectFixture, git: Runner) -> None:
    project.write(batch_yaml="apiVersion: dialctl/v1\nkind: Nonsense\n")
    git.git("commit", "-qam", "broken")
    git.git("branch", "-f", "main")
    project.write(batch_yaml=BATCH)
    assert addresses(project) == {"batch/outreach", "batch/other"}


def test_links_and_hostile_revisions_do_no_harm(project: ProjectFixture, git: Runner) -> None:
    (project.root / "link.csv").symlink_to("/etc/passwd")
    git.git("add", ".")
    git.git("commit", "-qm", "a link")
    git.git("branch", "-f", "main")
    assert addresses(project) == set()
    with pytest.raises(UsageError):
        addresses(project, "--output=stolen")
    assert not (project.root / "stolen").exists()


def test_nothing_is_written_into_the_repository(project: ProjectFixture, git: Runner) -> None:
    before = project.snapshot()
    project.write(batch_yaml=BATCH)
    addresses(project)
    assert {name: of for name, of in project.snapshot().items() if "cache" not in name} == before


def test_an_unknown_revision_says_how_to_fetch_it(project: ProjectFixture, git: Runner) -> None:
    said = project.dialctl("plan", "--base-ref", "origin/main")
    assert said.exit == 64
    assert 'git knows no revision "origin/main"' in said.err
    assert "fetch-depth: 0" in said.err


def test_a_shallow_clone_says_how_to_fetch_it(project: ProjectFixture, git: Runner) -> None:
    git.git("commit", "-q", "--allow-empty", "-m", "second")
    git.git("clone", "-q", "--depth", "1", "--no-single-branch", f"file://{project.root}", "../shallow")
    shallow = ProjectFixture(project.root.parent / "shallow")
    with pytest.raises(UsageError, match="no history in common") as refused:
        addresses(shallow, "origin/main")
    assert "fetch-depth: 0" in refused.value.hint


def test_a_base_whose_objects_are_not_all_here_is_refused_by_name(project: ProjectFixture, git: Runner) -> None:
    blob_id = git.git("rev-parse", "main:batch.yaml").strip()
    (project.root / ".git" / "objects" / blob_id[:2] / blob_id[2:]).unlink()
    with pytest.raises(UsageError, match=f"lacks object {blob_id}") as refused:
        addresses(project)
    assert "git fetch --refetch" in refused.value.hint


def test_a_folder_whose_name_is_no_utf_8_is_read(project: ProjectFixture, git: Runner) -> None:
    renamed = project.root.with_name("caf\udce9")
    try:
        project.root.rename(renamed)
    except OSError:
        pytest.skip("this file system takes UTF-8 alone")
    os.chdir(renamed)
    assert addresses(ProjectFixture(renamed)) == set()


def test_of_the_base_only_what_its_manifests_name_is_read(
    project: ProjectFixture, git: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[str] = []
    write_blobs = GitRepository.write_blobs

    def note_and_write(self: GitRepository, blob_ids: Mapping[Path, str]) -> None:
        written.extend(file.name for file in blob_ids)
        write_blobs(self, blob_ids)

    monkeypatch.setattr(GitRepository, "write_blobs", note_and_write)
    project.write(
        batch_yaml=BATCH.replace("people.csv", '"${var.LIST}.csv"'), unused_csv="nobody\n", vars_yaml="LIST: people\n"
    )
    git.git("add", ".")
    git.git("commit", "-qm", "a list by variable, and one that nobody reads")
    git.git("branch", "-f", "main")
    assert addresses(project, variable_files=(Path("vars.yaml"),)) == set()
    assert sorted(written) == ["batch.yaml", "other.yaml", "others.csv", "people.csv", "project.yaml", "vars.yaml"]


def test_a_checkout_that_another_user_owns_is_told_as_what_it_is(
    project: ProjectFixture, git: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
    with pytest.raises(UsageError, match="because another user owns it") as refused:
        addresses(project)
    assert refused.value.hint == f"git config --global --add safe.directory {project.root}"


def test_outside_of_git_it_is_refused(project: ProjectFixture) -> None:
    said = project.dialctl("plan", "--base-ref", "main")
    assert (said.exit, "git repository" in said.err) == (64, True)


def test_the_comment_sets_apart_what_the_branch_did_not_cause(project: ProjectFixture, git: Runner) -> None:
    project.write(batch_yaml=BATCH.replace("agent_one", "agent_two"))
    mine, _, others = project.dialctl("plan", "--format", "markdown", "--base-ref", "main").out.partition(HEADING)
    assert "`batch/outreach`" in mine
    assert "`batch/other`" not in mine
    assert "`batch/other`" in others


def test_json_says_of_each_action_whether_the_branch_caused_it(project: ProjectFixture, git: Runner) -> None:
    project.write(batch_yaml=BATCH.replace("agent_one", "agent_two"))
    planned = project.plan("--base-ref", "main")
    assert {one["address"]: one["caused"] for one in planned["actions"]} == {
        "batch/outreach": True,
        "batch/other": False,
    }
    Draft202012Validator(schemas.load_schema("plan.v1")).validate(planned)
    assert all("caused" not in one for one in project.plan()["actions"])


def test_the_text_names_what_the_branch_did_not_cause(project: ProjectFixture, git: Runner) -> None:
    project.write(batch_yaml=BATCH.replace("agent_one", "agent_two"))
    said = project.dialctl("plan", "--base-ref", "main").out
    assert "Not caused by the changes since the base: batch/other." in said
