"""`dialctl state rekey`: writes the lock under the first of two person keys. Reads the providers; never dials, never
cancels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import polars as pl

from declarative import humanize
from declarative.app.run_history import Purpose, open_ledger
from declarative.app.session import Session
from declarative.engine.observe import observe
from declarative.errors import Refused, StateError, UsageError
from declarative.model import frames
from declarative.model.digest import PersonKey
from declarative.model.lock import Lock, RemoteRecord, ResourceRecord
from declarative.model.resource import Route
from declarative.planning.facts import Facts, Observation


def rekey_lock(session: Session, wait: float, reason: str = "") -> str:
    """Write every digest of the lock under the first key, and return a sentence about it. `wait` is how many seconds to
    wait for the lease.

    Raises UsageError unless two keys are set, StateError without a lock, and Refused where somebody's digest cannot be
    made again: then nothing is written, and the lock stays under the old key.
    """
    new_key = PersonKey.from_environment(session.options.environment)
    if not new_key.others:
        raise UsageError("rekey needs both keys", hint="DIALCTL_PERSON_KEY=NEW,OLD dialctl state rekey")
    if not session.desired.is_complete:
        raise Refused("a lock is rewritten for the whole project", hint="name the project's directory with --path")
    with open_ledger(session, wait, Purpose(command="state rekey", reason=reason or None)) as (ledger, _):
        if not ledger.is_started:
            raise StateError("there is no lock yet", hint="dialctl apply starts one, under the first key")
        lock = ledger.lock
        if lock.person_key == new_key.fingerprint:
            return "the lock is under the first key already: set DIALCTL_PERSON_KEY to that one alone"
        _refuse_open_requests(lock)
        scope = replace(session.scope(lock, everything=True), include_removed=True)
        observations = {observation.facts.address: observation for observation in observe(scope)}
        rekeyer = _Rekeyer(session.key, new_key, lock.lineage, _list_numbers(list(observations.values())))
        rewritten = {
            address: rekeyer.rewrite(record, observations.get(address)) for address, record in lock.resources.items()
        }
        if missing := {address: count for address, (_, count) in rewritten.items() if count}:
            people = humanize.plural(sum(missing.values()), "person still needs", "people still need")
            raise Refused(
                f"{people} the old key, at {', '.join(sorted(missing))}: their digests cannot be made again, so "
                "nothing was rewritten",
                hint="keep DIALCTL_PERSON_KEY=NEW,OLD: nobody is called twice under it",
            )
        records = {address: record for address, (record, _) in rewritten.items()}
        ledger.start(replace(lock, person_key=new_key.fingerprint, resources=records))
    return f"{humanize.plural(len(records), 'address is', 'addresses are')} under the first key now: set it alone"


def _refuse_open_requests(lock: Lock) -> None:
    open_addresses = [address for address, record in lock.resources.items() if record.intents]
    if open_addresses:
        raise Refused(
            f"requests are still open at {', '.join(sorted(open_addresses))}",
            hint="dialctl apply settles them; then rekey",
        )


def _list_numbers(observations: list[Observation]) -> pl.Series:
    """Every number that the manifests want, or that a provider shows."""
    parts = [pl.Series("number", [], dtype=pl.String)]
    for observation in observations:
        facts = observation.facts
        parts += [facts.resource.recipients.rows.get_column("number")] if facts.resource else []
        parts += [facts.resource.recipients.excluded.get_column("number")] if facts.resource else []
        parts += [
            remote.members.get_column("number") for remote in facts.remotes.values() if remote.members is not None
        ]
    return pl.concat(parts).drop_nulls().unique()


@dataclass
class _Rekeyer:
    """Rewrites records from the old key to the new one."""

    old_key: PersonKey
    """The key that the lock is under."""
    new_key: PersonKey
    """The key that it comes under."""
    lineage: str
    """The lineage of the lock."""
    numbers: pl.Series
    """Every number that is known."""

    def __post_init__(self) -> None:
        self._persons = {
            self.old_key.digest_person(self.lineage, number): self.new_key.digest_person(self.lineage, number)
            for number in self.numbers.to_list()
        }

    def rewrite(self, record: ResourceRecord, observation: Observation | None) -> tuple[ResourceRecord, int]:
        """The record under the new key, and how many people's digests could not be made again."""
        facts = observation.facts if observation else None
        remotes = {key: self._rewrite_remote(key, remote, facts) for key, remote in record.remotes.items()}
        persons = {*record.placed, *record.unseen}
        marks = {name for name in persons if not _is_person(name)}
        lost = [name for name in persons - marks if name not in self._persons]
        rewritten = replace(
            record,
            remotes={key: remote for key, (remote, _) in remotes.items()},
            placed=self._rewrite_persons(record.placed),
            unseen=self._rewrite_persons(record.unseen),
            # They only say whether something changed: the next plan reads, and sees that nothing did.
            numbers="",
            payloads="",
            quiet=None,
        )
        return rewritten, len(lost) + sum(count for _, count in remotes.values())

    def _rewrite_persons(self, names: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(sorted(self._persons.get(name, name) for name in names))

    def _rewrite_remote(self, remote_id: str, record: RemoteRecord, facts: Facts | None) -> tuple[RemoteRecord, int]:
        if record.closed:
            return replace(record, numbers=None, payloads=None, person=_lookup(self._persons, record.person)), 0
        if record.route is Route.CALL:
            person = _lookup(self._persons, record.person)
            return replace(record, numbers=None, payloads=None, person=person), int(bool(record.person and not person))
        remote = facts.remotes.get(remote_id) if facts else None
        if record.numbers is None:
            return replace(record, payloads=None), 0
        if facts is None or remote is None or remote.members is None:
            return record, max(record.count, 1)
        members = remote.members.select("number")
        if members.get_column("number").null_count() or frames.numbers_digest(members, self.old_key) != record.numbers:
            return record, max(record.count, 1)
        payloads = None
        if facts.resource is not None:
            people = facts.resource.recipients.people
            wanted = people.rows.join(members, on="number", how="semi")
            if len(wanted) == len(members) and people.rows_digest(wanted, self.old_key) == record.payloads:
                payloads = people.rows_digest(wanted, self.new_key)
        return replace(record, numbers=frames.numbers_digest(members, self.new_key), payloads=payloads), 0


def _is_person(name: str) -> bool:
    """Whether it is a person's digest, and not a mark."""
    return len(name) == 16 and all(letter in "0123456789abcdef" for letter in name)


def _lookup(persons: Mapping[str, str], person: str | None) -> str | None:
    return persons.get(person) if person else None
