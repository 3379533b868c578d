"""Each lie of the provider alone, in one short history: told from the first run on, and told once all is placed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.protocol.histories import History
from tests.protocol.histories_lies import LIES, Lie, make_rule
from tests.protocol.histories_project import POOL, SILENT

CASES = [pytest.param(lie, id=lie.name) for lie in LIES]


@pytest.fixture
def history(tmp_path: Path) -> Iterator[History]:
    made = History(tmp_path)
    address = made.manifests.add("batch", (*POOL[:3], SILENT)).address
    made.manifests.edit(address, retries=1)
    made.manifests.add("call", POOL[1:2])
    made.commit()
    yield made
    made.close()


def edit_and_apply(history: History) -> None:
    """Take somebody off, add somebody, change data; apply at once, within the guard, and after everybody was called."""
    (address, batch), *_ = history.manifests.wanted.items()
    people = dict(list(batch.people.items())[1:]) | {POOL[4]: 0}
    people[POOL[1]] += 1
    history.manifests.edit(address, people=people)
    history.commit()
    for seconds in (0, 200, 3600):
        history.advance(seconds)
        history.apply()


@pytest.mark.parametrize("lie", CASES)
def test_a_lie_from_the_first_run_on(history: History, lie: Lie) -> None:
    history.faults(make_rule(lie, lie.do[0], 0, lie.times[-1]))
    history.apply()
    edit_and_apply(history)
    history.come_to_rest()


@pytest.mark.parametrize("lie", CASES)
def test_a_lie_once_all_is_placed(history: History, lie: Lie) -> None:
    history.apply()
    history.faults(make_rule(lie, lie.do[-1], 0, lie.times[-1]))
    edit_and_apply(history)
    history.come_to_rest()
