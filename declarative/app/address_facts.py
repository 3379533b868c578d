"""What is known of one address, for a command that settles something there. Reads only."""

from __future__ import annotations

from declarative.app.session import Session
from declarative.engine.observe import observe
from declarative.errors import Refused, UsageError
from declarative.planning.facts import Facts, Observation
from declarative.state.ledger import Ledger


def observe_facts(session: Session, ledger: Ledger, address: str) -> Facts:
    """Read an address in full. Raises UsageError if no manifest has it, Refused if something blocks it."""
    observation = observe_address(session, ledger, address, everything=True)
    if observation is None:
        raise UsageError(f"{address} is in no manifest that was read", hint="name the whole project with --path")
    if observation.block is not None:
        raise Refused(f"{address}: {observation.block.detail}", hint=observation.block.hint)
    return observation.facts


def observe_address(session: Session, ledger: Ledger, address: str, *, everything: bool = False) -> Observation | None:
    observations = observe(session.scope(ledger.lock, everything=everything))
    return next((observation for observation in observations if observation.facts.address == address), None)
