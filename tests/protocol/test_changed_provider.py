"""A resource whose manifest names another provider than the one where its people wait: whoever must be taken off there
is taken off, nobody is called at the new one, and the printed ways out end."""

from __future__ import annotations

import pytest

from tests.protocol.advice import follow_advice
from tests.protocol.project_fixture import InProcessProject, never, once, people
from tests.protocol.run_process import Run


@pytest.fixture
def project(quick: InProcessProject) -> InProcessProject:
    """Four people wait at Cartesia until the guard is over."""
    quick.batch("march", people(4))
    quick.batch("april", people(1, 50))
    assert quick.apply().code == 0
    return quick


def _move(project: InProcessProject, numbers: list[str], *, more: str = "") -> Run:
    project.box("march", numbers)
    manifest = project.directory / "march.yaml"
    manifest.write_text(manifest.read_text() + more)
    run = project.apply()
    assert (run.code, "provider_changed" in project.run("plan", "--json").said) == (3, True), run
    return run


def test_whoever_left_the_list_is_taken_off_at_the_old_provider(project: InProcessProject) -> None:
    """A batch goes as a whole; the three who stay are submitted again where the provider is put back."""
    run = _move(project, people(3))
    assert ("4 people taken off" in run.said, "put it back" in run.said) == (True, True), run
    project.batch("march", people(3))
    follow_advice(project, "apply", "-y")
    project.check_calls(never(people(1, 3)) | once([*people(3), *people(1, 50)]))


def test_a_pause_takes_everybody_off_there(project: InProcessProject) -> None:
    assert "4 people taken off" in _move(project, people(4), more="  state: cancelled\n").said
    project.check_calls(never(people(4)) | once(people(1, 50)))


def test_to_destroy_takes_everybody_off_there(project: InProcessProject) -> None:
    _move(project, people(4))
    assert "taken off" in project.run("destroy", "-y").said
    project.check_calls(never([*people(4), *people(1, 50)]))


def test_whoever_stays_is_called_by_the_old_one_alone(project: InProcessProject) -> None:
    _move(project, people(4))
    project.check_calls(once([*people(4), *people(1, 50)]))


def test_a_new_campaign_under_a_new_name_goes_on_at_the_new_provider(project: InProcessProject) -> None:
    run = _move(project, people(4), more="  state: cancelled\n")
    assert "cancel it, and give the new campaign a new name" in run.said
    project.remove("march")
    assert project.apply().code == 0
    project.box("spring", people(4))
    follow_advice(project, "apply", "-y")
    project.check_lock()
    project.check_calls(once([*people(4), *people(1, 50)]))


def test_a_provider_that_is_not_declared_any_more_is_named(quick: InProcessProject) -> None:
    manifest = quick.directory / "project.yaml"
    before = manifest.read_text()
    manifest.write_text(f"{before}  providers: {{old: {{type: cartesia}}, cartesia: {{type: cartesia}}}}\n")
    quick.batch("march", people(2), more="  provider: old\n")
    assert quick.apply().code == 0
    manifest.write_text(before)
    quick.batch("march", people(2))
    run = quick.plan()
    assert (run.code, "declare it under spec.providers while the lock names it" in run.said) == (1, True), run
    manifest.write_text(f"{before}  providers: {{old: {{type: cartesia}}, cartesia: {{type: cartesia}}}}\n")
    quick.batch("march", people(2), more="  provider: old\n")
    follow_advice(quick, "apply", "-y")
    quick.check_calls(once(people(2)))
