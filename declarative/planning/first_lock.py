"""What holds back a project that has no lock yet: a lock that was lost must not be begun anew. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from declarative.model.lock import Lock
from declarative.planning.decide import Reason
from declarative.planning.facts import Block, Observation


def block_without_lock(observations: Sequence[Observation], lock: Lock | None) -> list[Observation]:
    """Block every address of a project without a lock while one of its providers may hold what an earlier lock placed.

    To submit anything would begin a new lineage. The next run would then trust a lock that knows nothing of the rest.
    """
    doubt = None if lock else _find_doubt(observations)
    if doubt is None:
        return list(observations)
    return [replace(observation, block=observation.block or doubt) for observation in observations]


def _find_doubt(observations: Sequence[Observation]) -> Block | None:
    blocks = [observation.block for observation in observations if observation.block]
    if no_memory := next((block for block in blocks if block.reason is Reason.NO_MEMORY), None):
        return no_memory
    unread = next((observation for observation in observations if observation.block), None)
    if unread is None or unread.block is None or unread.block.reason is not Reason.NOT_READ:
        return None
    detail = f"there is no lock, and {unread.provider} may hold calls of an earlier one: {unread.block.detail}"
    hint = f"{unread.block.hint}; " if unread.block.hint else ""
    return Block(Reason.NOT_READ, detail, f"{hint}the first run of a project reads all of its providers")
