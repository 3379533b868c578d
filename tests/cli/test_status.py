"""Which exit code blocked addresses have."""

from __future__ import annotations

import pytest

from declarative.cli.status import exit_code_of_blocks
from declarative.errors import Exit
from declarative.planning.decide import Reason
from declarative.planning.facts import Block

UNREAD, LOST = Block(Reason.NOT_READ, "no answer"), Block(Reason.LOST, "not found")


@pytest.mark.parametrize(
    ("blocks", "code"),
    [
        ([], Exit.DONE),
        ([None, None], Exit.DONE),
        ([None, UNREAD], Exit.FAILED),
        ([LOST], Exit.NEEDS_HUMAN),
        ([UNREAD, LOST, None], Exit.NEEDS_HUMAN),
    ],
)
def test_an_unread_provider_is_a_failure_and_any_other_block_needs_a_person(
    blocks: list[Block | None], code: Exit
) -> None:
    assert exit_code_of_blocks(blocks) == code
