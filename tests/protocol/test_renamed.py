"""Campaigns renamed, merged, split, or applied in part: a person who was called under an old name is not called under a
new one, and the printed way out leads out."""

from __future__ import annotations

import re

import pytest

from tests.protocol.embedded_project import EmbeddedProject

ADA, BOB, CLEO, DORA, EVE = (f"+1212555010{place}" for place in range(1, 6))
PROJECT = """\
apiVersion: dialctl/v1
kind: Project
metadata: {name: renamed}
spec: {defaults: {provider: cartesia}}
---
"""
CARTESIA = "  agent_id: agent_A\n  from_number_id: ap_A\n"
BOX = "  provider: callingbox\n  agent_id: 00000000-0000-4000-8000-000000000001\n"


def batch(name: str, *numbers: str, before: str = "", spec: str = CARTESIA) -> str:
    previously = f", previously: [{before}]" if before else ""
    people = "".join(f'    - to_number: "{number}"\n' for number in numbers)
    head = f"apiVersion: dialctl/v1\nkind: Batch\nmetadata: {{name: {name}{previously}}}\n"
    return f"{head}spec:\n{spec}  recipients:\n{people}---\n"


def applied(ground: EmbeddedProject, *manifests: str) -> None:
    ground.write(PROJECT + "".join(manifests))
    assert ground.apply().exit == 0
    ground.advance(900)


def advised(text: str) -> str:
    """What stands in `metadata.previously: [...]`."""
    [found] = set(re.findall(r"metadata\.previously: \[(.*?)\]", text))
    return found


def test_two_batches_merged_into_one_call_nobody_again(ground: EmbeddedProject) -> None:
    applied(ground, batch("a", ADA, BOB), batch("b", CLEO, DORA))
    ground.write(PROJECT + batch("m", ADA, BOB, CLEO, DORA, EVE))
    shown = ground.run("plan")
    assert (shown.exit, advised(shown.text)) == (3, "batch/a, batch/b")
    applied(ground, batch("m", ADA, BOB, CLEO, DORA, EVE, before=advised(shown.text)))
    assert ground.calls() == dict.fromkeys([ADA, BOB, CLEO, DORA, EVE], 1)


def test_naming_one_of_two_merged_batches_is_not_enough(ground: EmbeddedProject) -> None:
    applied(ground, batch("a", ADA, BOB), batch("b", CLEO, DORA))
    ground.write(PROJECT + batch("m", ADA, BOB, CLEO, DORA, before="batch/a"))
    for _ in range(2):
        shown = ground.apply()
        assert (shown.exit, advised(shown.text)) == (3, "batch/a, batch/b"), shown.text
        ground.advance(900)
    assert set(ground.calls().values()) == {1}


def test_a_batch_split_in_two_calls_nobody_again(ground: EmbeddedProject) -> None:
    applied(ground, batch("m", ADA, BOB, CLEO, DORA))
    ground.write(PROJECT + batch("a", ADA, BOB) + batch("b", CLEO, DORA))
    assert ground.apply().exit == 3
    ground.write(PROJECT + batch("a", ADA, BOB, before="batch/m") + batch("b", CLEO, DORA))
    for _ in range(2):
        shown = ground.apply()
        assert shown.exit == 3
        assert "2 of its people were submitted as batch/m, which batch/a takes over without them" in shown.text
        ground.advance(900)
    assert set(ground.calls().values()) == {1}


def test_a_split_batch_may_be_called_anew_on_purpose(ground: EmbeddedProject) -> None:
    applied(ground, batch("m", ADA, BOB))
    heir = batch("a", ADA, before="batch/m")
    ground.write(PROJECT + heir + batch("b", BOB))
    assert "apply once without batch/b" in ground.run("plan").text
    applied(ground, heir)
    applied(ground, heir, batch("b", BOB))
    assert ground.calls() == {ADA: 1, BOB: 2}


def test_a_renamed_batch_that_is_all_of_a_project_may_be_called_anew_on_purpose(ground: EmbeddedProject) -> None:
    """Without it nothing would be left to apply."""
    applied(ground, batch("old", ADA, BOB))
    ground.write(PROJECT + batch("new", ADA, BOB))
    assert "if not, run dialctl destroy once" in ground.apply().text
    assert ground.run("destroy", "-y").exit == 0
    applied(ground, batch("new", ADA, BOB))
    assert ground.calls() == {ADA: 2, BOB: 2}


@pytest.mark.parametrize("narrow", [("--target", "batch/new"), ("new.yaml",)], ids=["--target", "PATH"])
def test_a_renamed_batch_is_seen_in_a_narrower_run(ground: EmbeddedProject, narrow: tuple[str, ...]) -> None:
    applied(ground, batch("old", ADA, BOB))
    ground.write(PROJECT)
    (ground.directory / "new.yaml").write_text(batch("new", ADA, BOB), encoding="utf-8")
    where = [str(ground.directory / one) if one.endswith(".yaml") else one for one in narrow]
    shown = ground.apply(*where)
    assert (shown.exit, advised(shown.text)) == (3, "batch/old"), shown.text
    assert "destroy" not in shown.text, "it would take off the rest of the project"
    ground.advance(900)
    assert ground.calls() == {ADA: 1, BOB: 1}


def test_people_of_another_campaign_that_goes_on_are_called_for_this_one_too(ground: EmbeddedProject) -> None:
    applied(ground, batch("march", ADA, BOB))
    (ground.directory / "april.yaml").write_text(batch("april", ADA, BOB), encoding="utf-8")
    assert ground.apply(str(ground.directory / "april.yaml")).exit == 0
    ground.advance(900)
    assert ground.calls() == {ADA: 2, BOB: 2}


def test_a_batch_of_single_calls_is_seen_as_renamed(ground: EmbeddedProject) -> None:
    applied(ground, batch("old", ADA, BOB, spec=BOX))
    ground.write(PROJECT + batch("new", ADA, BOB, spec=BOX))
    shown = ground.apply()
    assert (shown.exit, advised(shown.text)) == (3, "batch/old"), shown.text
    applied(ground, batch("new", ADA, BOB, before="batch/old", spec=BOX))
    assert ground.calls() == {ADA: 1, BOB: 1}
