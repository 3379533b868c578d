"""Providers that do not return a person's data: nobody is changed in silence, and nobody is called with old data."""

from __future__ import annotations

import pytest

from declarative.model.resource import Route
from declarative.providers import catalog
from tests.protocol.embedded_project import EmbeddedProject, come_to_rest
from tests.protocol.voices import BUSY, REACHED, SILENT, VAPI, Voice

_CARTESIA = Voice(
    "cartesia",
    "createCallBatch",
    "cancelCallBatch",
    "listCallBatches",
    "dial_no_answer",
    {"agent_id": "agent_A", "from_number_id": "ap_A"},
    '"2026-08-14"',
)
_ROWS = {("cartesia", "2026-08-14"): _CARTESIA, ("vapi", "v2"): VAPI}
_ALL = [REACHED, SILENT, BUSY]
silent = pytest.mark.parametrize("key", _ROWS, ids=" ".join)


def test_every_silent_type_with_batches_has_its_row() -> None:
    found = {
        (name, version)
        for name, provider_type in catalog.types().items()
        for version, routes in provider_type.routes.items()
        if Route.BATCH in routes and not routes[Route.BATCH].returns_data
    }
    assert found == set(_ROWS)


def manifest(key: tuple[str, str], *plans: str, more: str = "") -> str:
    """Three people, each with a plan of their own."""
    voice = _ROWS[key]
    field = catalog.types()[key[0]].routes[key[1]][Route.BATCH].personal[0]
    text = voice.batch(_ALL[: len(plans)], more=more)
    for number, plan in zip(_ALL, plans, strict=False):
        text = text.replace(f'"{number}"', f'"{number}", {field}: {{plan: {plan}}}')
    return text


@silent
def test_where_one_persons_data_change_all_who_wait_with_them_move_and_the_plan_says_so(
    ground: EmbeddedProject, key: tuple[str, str]
) -> None:
    ground.write(manifest(key, "free", "free", "free"))
    assert ground.apply().exit == 0
    assert ground.run("plan", "--detailed-exitcode").exit == 0, "nothing changed: nobody moves"
    ground.write(manifest(key, "free", "pro", "free"))
    plan = ground.run("plan")
    assert "3 people move to what the manifest says of them now" in plan.text, plan.text
    assert "3 people move together: somebody's data changed in a batch where they wait" in plan.text
    assert ground.apply().exit == 0
    assert ground.run("plan", "--detailed-exitcode").exit == 0
    come_to_rest(ground)
    assert ground.calls() == dict.fromkeys(_ALL, 1)


@silent
def test_data_that_were_added_or_taken_away_are_a_change_too(ground: EmbeddedProject, key: tuple[str, str]) -> None:
    ground.write(_ROWS[key].batch(_ALL))
    assert ground.apply().exit == 0
    ground.write(manifest(key, "free", "free", "free"))
    assert "3 moved" in ground.run("plan").text
    ground.apply()
    ground.write(_ROWS[key].batch(_ALL))
    assert "3 moved" in ground.run("plan").text
    come_to_rest(ground)
    assert ground.calls() == dict.fromkeys(_ALL, 1)


@silent
def test_who_leaves_beside_a_change_is_off_and_the_others_have_the_new_data(
    ground: EmbeddedProject, key: tuple[str, str]
) -> None:
    ground.write(manifest(key, "free", "free", "free"))
    ground.apply()
    ground.write(manifest(key, "free", "pro"))
    come_to_rest(ground)
    assert ground.calls() == {REACHED: 1, SILENT: 1}


@silent
def test_after_a_rebuild_nobody_counts_as_unchanged_of_whom_that_is_not_known(
    ground: EmbeddedProject, key: tuple[str, str]
) -> None:
    """The mark tells settings, and no data: what was sent is not known any more."""
    ground.write(manifest(key, "free", "free", "free"))
    ground.apply()
    for file in (ground.directory / ".dialctl" / "sandbox").glob("dialctl.lock*"):
        file.unlink()
    ground.write(manifest(key, "free", "pro", "free"))
    assert ground.run("state", "rebuild").exit == 0
    plan = ground.run("plan")
    assert "3 people move together: it is not known any more with which data they wait" in plan.text, plan.text
    assert ground.apply().exit == 0
    assert ground.run("plan", "--detailed-exitcode").exit == 0, "now it is known"
    come_to_rest(ground)
    assert ground.calls() == dict.fromkeys(_ALL, 1)
