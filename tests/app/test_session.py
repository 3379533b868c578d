"""A session opens a project with few arguments, and refuses a lock that is not this project's."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from declarative.app.run_history import open_ledger
from declarative.app.session import Session
from declarative.app.state_init import new_lock
from declarative.errors import LeaseHeld, ManifestError, StateError, UsageError
from tests.project_fixture import APPLY, BATCH, PROJECT, ProjectFixture

HOST = "127.0.0.1"


def start_lock(project: ProjectFixture, **hosts: str) -> None:
    with project.session() as session, open_ledger(session, 0, APPLY) as (ledger, _):
        ledger.start(new_lock(session, hosts, session.connections.connected_providers["cartesia"].now()))


def test_the_current_directory_and_the_real_providers_are_the_defaults(project: ProjectFixture) -> None:
    with Session() as session:
        assert session.options.directory == Path.cwd()
        assert (session.options.path, session.options.sandbox) == (Path(), False)
        assert list(session.desired.resources) == ["batch/outreach"]
        assert session.project_directory == project.root


def test_paths_may_be_texts_and_start_at_the_directory(
    project: ProjectFixture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    project.write(vars_yaml="WHO: agent_two\n", batch_yaml=BATCH.replace("agent_one", "${var.WHO}"))
    with Session("batch.yaml", directory=str(project.root), variable_files=["vars.yaml"]) as session:
        assert session.desired.resources["batch/outreach"].settings["agent_id"] == "agent_two"


@pytest.mark.parametrize("environment", [{}, {"DIALCTL_VAR_WHO": "agent_env"}])
def test_a_given_variable_wins_over_the_environment(project: ProjectFixture, environment: Mapping[str, str]) -> None:
    project.write(batch_yaml=BATCH.replace("agent_one", "${var.WHO}"))
    with Session(variables={"WHO": "agent_two"}, environment=environment) as session:
        assert session.desired.resources["batch/outreach"].settings["agent_id"] == "agent_two"


def test_targets_narrow_the_run(project: ProjectFixture) -> None:
    project.write(other_yaml=BATCH.replace("name: outreach", "name: other"))
    with Session(targets=["batch/other"]) as session:
        assert list(session.desired.resources) == ["batch/other"]


def test_a_path_that_is_not_there_is_named(project: ProjectFixture) -> None:
    with pytest.raises(UsageError, match='there is no "nowhere" here'):
        Session("nowhere")


def test_problems_of_manifests_are_raised_on_first_use(project: ProjectFixture) -> None:
    project.write(batch_yaml="kind: Nonsense\n")
    with Session() as session, pytest.raises(ManifestError):
        _ = session.desired


def test_without_an_apply_there_is_no_lock(project: ProjectFixture) -> None:
    with project.session() as session:
        assert (session.lock(), session.local_lock(), session.holder()) == (None, None, None)


def test_the_lock_of_another_project_is_refused(project: ProjectFixture) -> None:
    start_lock(project, cartesia=HOST)
    project.write(project_yaml=PROJECT.replace("name: spring", "name: autumn"))
    with project.session() as session, pytest.raises(StateError, match=r'of project "spring".*"autumn"'):
        session.lock()


def test_the_lock_of_another_host_is_refused(project: ProjectFixture) -> None:
    start_lock(project, cartesia="api.cartesia.ai", callingbox="api.callingbox.io")
    with project.session() as session, pytest.raises(StateError, match=r"written against api\.cartesia\.ai"):
        session.lock()


def test_a_lock_written_under_a_person_key_needs_that_key(project: ProjectFixture) -> None:
    start_lock(project, cartesia=HOST)
    keyed = {"DIALCTL_PERSON_KEY": "secret"}
    with (
        Session(directory=project.root, sandbox=True, environment=keyed) as session,
        pytest.raises(StateError, match="without a DIALCTL_PERSON_KEY") as refused,
    ):
        session.lock()
    assert refused.value.hint == "unset DIALCTL_PERSON_KEY"


def test_a_lease_that_is_held_is_waited_for_in_pause_and_its_holder_named(project: ProjectFixture) -> None:
    pauses: list[float] = []
    remarks: list[str] = []
    with project.session() as first, open_ledger(first, 0, APPLY):
        with (
            project.session(pause=pauses.append, progress=remarks.append) as second,
            pytest.raises(LeaseHeld),
            open_ledger(second, 2, APPLY),
        ):
            pass
        with project.session() as third:
            assert third.holder() is not None
    assert sum(pauses) == pytest.approx(2)
    assert any(remark.startswith("waiting for ") and "to finish" in remark for remark in remarks)


def test_what_was_recorded_is_folded_even_after_an_error(project: ProjectFixture) -> None:
    start_lock(project, cartesia=HOST)

    def fail_under_the_lease(session: Session) -> None:
        with open_ledger(session, 0, APPLY) as (ledger, _):
            ledger.update("batch/outreach", generation=3)
            raise RuntimeError

    with project.session() as session, pytest.raises(RuntimeError):
        fail_under_the_lease(session)
    with project.session() as session:
        lock = session.lock()
        assert lock is not None
        assert lock.resources["batch/outreach"].generation == 3
    assert not list(project.root.rglob("*.journal"))
