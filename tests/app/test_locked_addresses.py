"""What a command on the lock is about: an address, a pattern, a bare name, labels."""

from __future__ import annotations

import pytest

from declarative.app.locked_addresses import select_addresses
from declarative.errors import UsageError
from declarative.model.selection import Selection
from tests.project_fixture import BATCH, ProjectFixture

EAST, WEST, NEW = "batch/spring-east", "batch/spring-west", "batch/new"


@pytest.fixture
def campaigns(project: ProjectFixture) -> ProjectFixture:
    """Two addresses in the lock, one of them without a manifest by now, and one that is only in a manifest."""
    (project.root / "batch.yaml").unlink()
    project.write(east_yaml=_named("spring-east"), west_yaml=_named("spring-west"))
    assert project.apply().exit == 0
    (project.root / "west.yaml").unlink()
    project.write(new_yaml=_named("new"))
    return project


def _named(name: str) -> str:
    return BATCH.replace("{name: outreach}", f"{{name: {name}, labels: {{team: growth}}}}")


@pytest.mark.parametrize(
    ("targets", "labels", "chosen"),
    [
        ((EAST,), (), [EAST]),
        (("spring-west",), (), [WEST]),
        (("batch/spring-*",), (), [EAST, WEST]),
        (("new",), (), [NEW]),
        ((), ("team=growth",), [EAST, NEW]),
        (("batch/spring-*",), ("team=growth",), [EAST]),
        ((), ("!team",), [WEST]),
    ],
)
def test_addresses_are_those_of_lock_and_manifests(
    targets: tuple[str, ...], labels: tuple[str, ...], chosen: list[str], campaigns: ProjectFixture
) -> None:
    with campaigns.session() as session:
        assert select_addresses(session, Selection(targets, labels)) == chosen


def test_what_names_nothing_is_said_with_what_there_is(campaigns: ProjectFixture) -> None:
    with campaigns.session() as session:
        with pytest.raises(UsageError, match='does not know "winter"') as refusal:
            select_addresses(session, Selection(("winter",)))
        assert EAST in refusal.value.hint
        with pytest.raises(UsageError, match="no resource matches team=hr"):
            select_addresses(session, Selection((), ("team=hr",)))
