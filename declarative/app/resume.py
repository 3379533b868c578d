"""`dialctl resolve --resume`: a person lets a campaign go on that was halted, or stopped at the provider. Writes to the
ledger and to the halts beside it; never dials, never cancels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from declarative import humanize
from declarative.app.address_facts import observe_address
from declarative.app.emergency_halts import end_halts, select_halts
from declarative.app.run_history import Purpose, new_record, open_ledger
from declarative.app.session import Session
from declarative.errors import ProviderError, UsageError
from declarative.model import records
from declarative.model.halts import EVERYTHING, EmergencyHalt
from declarative.model.history import PeopleCounts
from declarative.model.lock import CancelProgress, RemoteRecord, ResourceRecord
from declarative.planning import blocks
from declarative.planning.decide import Reason
from declarative.planning.facts import Observation
from declarative.planning.halting import find_ended, find_halt
from declarative.state import history
from declarative.state.base import Holder
from declarative.state.ledger import Ledger


class NothingToSettle(UsageError):
    """There is nothing at an address that the verdict is about."""


def resume_everything(session: Session, addresses: Sequence[str], wait: float, purpose: Purpose) -> list[str]:
    """Resume each of these addresses, and end every halt, that of the project too. An address that cannot be read stays
    as it is. `purpose` goes into the history. Raises NothingToSettle if there is nothing to resume."""
    messages = []
    for address in addresses:
        try:
            messages += [f"{address}: {message}" for message in resume_address(session, address, wait, purpose)]
        except NothingToSettle:
            continue
        except ProviderError as error:
            messages.append(f"{error.message}; run dialctl resolve {address} --resume once it can be read")
    halts = select_halts(session.backend, None)
    messages += _end_halts(session, halts, purpose, has_line=False)
    if not messages:
        raise NothingToSettle("there is nothing to settle at any address", hint="dialctl status shows what is unsure")
    return messages


def resume_address(session: Session, address: str, wait: float, purpose: Purpose) -> list[str]:
    """Let an address go on, and return a sentence for each thing settled. `purpose` goes into the history. Raises
    NothingToSettle if it is not held."""
    messages: list[str] = []
    names = [address, *(resource.previously if (resource := session.desired.resources.get(address)) else ())]
    halts = [halt for name in names for halt in select_halts(session.backend, name)]
    with open_ledger(session, wait, purpose) as (ledger, _):
        if ledger.is_started:
            rename_earlier_addresses(session, ledger, address)
        if ledger.is_started and address in ledger.lock.resources:
            try:
                messages = _resume_cancelled(session, ledger, address)
            except NothingToSettle:
                if not halts:
                    _refuse_under_project_halt(session, address)
                    raise
        elif not halts:
            raise UsageError(f'the lock knows nothing of "{address}"')
    # The halt ends last: what it cancelled counts as ours by then, and a run that reads both calls nobody in between.
    messages += _end_halts(session, halts, purpose, has_line=bool(messages))
    messages += [f"{halt} still: {halt.way_out}" for halt in _find_project_halts(session)]
    return messages


def _end_halts(session: Session, halts: Sequence[EmergencyHalt], purpose: Purpose, *, has_line: bool) -> list[str]:
    """End these halts, and return a sentence for each. The history has a line of it already where the lock changed."""
    end_halts(session.backend, halts, session.options.environment)
    if halts and not has_line:
        record = new_record(session, Holder.from_environment(session.options.environment), purpose)
        addresses = {halt.address: PeopleCounts() for halt in halts if halt.address != EVERYTHING}
        history.write_line(session.backend, session.lock(), replace(record, addresses=addresses, exit=0))
    return [f"{halt}; it goes on" for halt in halts]


def _find_project_halts(session: Session) -> list[EmergencyHalt]:
    return [halt for halt in session.read_halts().standing if halt.address == EVERYTHING]


def _refuse_under_project_halt(session: Session, address: str) -> None:
    """Raises NothingToSettle where nothing but a halt of everything holds an address."""
    for halt in _find_project_halts(session):
        raise NothingToSettle(f"{address} alone cannot be resumed: {halt}", hint=halt.way_out)


def rename_earlier_addresses(session: Session, ledger: Ledger, address: str) -> None:
    """Move lock records of earlier addresses (`metadata.previously`) to this one. What is unsure may stand there."""
    resource = session.desired.resources.get(address)
    for earlier_address in resource.previously if resource else ():
        if earlier_address in ledger.lock.resources and not ledger.resource_record(earlier_address).is_forgotten:
            ledger.rename(earlier_address, address)


def _resume_cancelled(session: Session, ledger: Ledger, address: str) -> list[str]:
    """Treat batches cancelled without us as cancelled by us, and batches that lost their mark as of an earlier
    generation, so that their people may be submitted again; and end a halt."""
    resource_record = ledger.resource_record(address)
    observation = observe_address(session, ledger, address)
    if observation and observation.block is not None and observation.block.reason is Reason.NOT_READ:
        raise ProviderError(f"{address}: {observation.block.detail}", hint=observation.block.hint)
    messages = _resume_halted(ledger, observation) if observation else []
    cancelled_elsewhere = _find_cancelled_elsewhere(observation, resource_record) if observation else {}
    freed_records = {
        remote_id: replace(remote_record, cancel=CancelProgress.DONE)
        for remote_id, remote_record in cancelled_elsewhere.items()
    }
    unmarked_ids = blocks.batches_without_mark(resource_record)
    if not freed_records and not unmarked_ids:
        if messages:
            return messages
        raise NothingToSettle(
            f"no batch of {address} was cancelled by someone else, and it is not halted",
            hint="dialctl drift shows what was",
        )
    ledger.update(
        address, remotes=freed_records, generation=resource_record.generation + bool(unmarked_ids), quiet=None
    )
    return messages + [
        f"{remote_id}: its people who were not called may be submitted again"
        for remote_id in sorted({*freed_records, *unmarked_ids})
    ]


def _resume_halted(ledger: Ledger, observation: Observation) -> list[str]:
    """End the halt of a campaign: its calls count from now on. Empty where it is not halted."""
    facts = observation.facts
    if facts.resource_record.halted is None and find_halt(facts) is None:
        return []
    ended = find_ended(facts)
    ledger.update(facts.address, halted=None, resumed=ended, quiet=None)
    people = humanize.plural(ended.people, "call that is", "calls that are")
    return [f"it goes on: halt_when counts from here, without the {people} over"]


def _find_cancelled_elsewhere(observation: Observation, resource_record: ResourceRecord) -> dict[str, RemoteRecord]:
    """The records, by remote id, of batches that are cancelled and that no run of ours cancelled."""
    facts = observation.facts
    remote_records = {
        remote.id: resource_record.remotes.get(remote.id) or records.from_mark(remote)
        for remote in facts.remotes.values()
        if remote.cancelled and remote.id not in facts.also
    }
    return {
        remote_id: remote_record
        for remote_id, remote_record in remote_records.items()
        if remote_record.cancel is None and remote_record.generation <= resource_record.generation
    }
