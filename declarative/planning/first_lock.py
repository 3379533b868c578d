"""What holds back a project that has no lock yet: a lock that was lost must not be begun anew. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from declarative.model.lock import Lock
from declarative.planning.blocks import MARKS_WITHOUT_LOCK_HINT
from declarative.planning.decide import Reason
from declarative.planning.facts import Block, Observation


def block_without_lock(observations: Sequence[Observation], lock: Lock | None) -> list[Observation]:
    """Block every address of a project without a lock, or with one that nothing was sent under, while one of its
    providers may hold what an earlier lock placed.

    To submit anything would begin a new lineage. The next run would then trust a lock that knows nothing of the rest.
    """
    doubt = None if lock and not lock.is_unused else _find_doubt(observations, lock)
    if doubt is None:
        return list(observations)
    return [replace(observation, block=_keep_unread(observation.block) or doubt) for observation in observations]


def _keep_unread(block: Block | None) -> Block | None:
    """The block of an address whose provider was not read. Any other is that of the whole project, told once."""
    return block if block and block.reason is Reason.NOT_READ else None


def _find_doubt(observations: Sequence[Observation], lock: Lock | None) -> Block | None:
    blocked = [(observation.provider, observation.block) for observation in observations if observation.block]
    no_memory = [block for _, block in blocked if block.reason is Reason.NO_MEMORY]
    if no_memory:
        return next((block for block in no_memory if block.hint == MARKS_WITHOUT_LOCK_HINT), no_memory[0])
    for provider, block in blocked if lock is None else ():
        if block.reason is Reason.NOT_READ:
            detail = f"there is no lock, and {provider} may hold calls of an earlier one: {block.detail}"
            hint = f"{block.hint}; " if block.hint else ""
            return Block(Reason.NOT_READ, detail, f"{hint}the first run of a project reads all of its providers")
    return None
