"""Whether the people that a batch shows are those that were sent. Pure.

A batch may be read in full by its own count and still leave somebody out, or show a number in another form. A person
who was sent and is not found must never count as never submitted: they would be called twice.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import polars as pl

from declarative import humanize
from declarative.model import frames
from declarative.model.digest import PersonKey
from declarative.model.lock import RemoteRecord
from declarative.model.remote import Remote
from declarative.model.resource import Route
from declarative.planning.facts import Facts

_FORMS = (
    (r"[^0-9]", ""),  # separators, a plus
    (r"^00", ""),  # the international prefix, in place of a plus
    (r"^52(?:1)([0-9]{10})$", "52${1}"),  # Mexico: the 1 that mobile numbers had
    (r"^54(?:9)([0-9]{10})$", "54${1}"),  # Argentina: the 9 of mobile numbers
    (r"^55([0-9]{2})9([0-9]{8})$", "55${1}${2}"),  # Brazil: the ninth digit of mobile numbers
)
"""What is taken out of a number before two forms of it are compared, in order: pattern and replacement."""


def hold_against_lock(facts: Facts, remote_ids: Iterable[str] | None = None) -> Facts:
    """Return the facts with the numbers of batches in the form in which they were sent, and with `unmatched` filled.

    Another form of a number is recognised only where the whole batch is then exactly what was sent. `remote_ids` are
    those to look at; None means all.
    """
    ids = list(facts.remotes) if remote_ids is None else list(remote_ids)
    remotes, unmatched = dict(facts.remotes), set(facts.unmatched) - set(ids)
    for remote_id in ids:
        remote = remotes[remote_id]
        if remote.members is None or _is_recorded_call(facts, remote):
            continue
        remote_record = facts.resource_record.remotes.get(remote_id)
        if not is_as_sent(remote.members, remote_record, facts.key):
            remotes[remote_id] = remote = _restore_forms(facts, remote, remote_record)
        assert remote.members is not None  # restoring changes numbers alone
        if not is_as_sent(remote.members, remote_record, facts.key):
            unmatched.add(remote_id)
    return replace(facts, remotes=remotes, unmatched=frozenset(unmatched))


def find_unreadable(facts: Facts) -> list[str]:
    """Return the ids of remotes that show fewer or more people than they count, or others than were sent."""
    short = {
        remote.id
        for remote in facts.remotes.values()
        if remote.members is not None
        and not _is_recorded_call(facts, remote)
        and _count_readable(remote.members) != remote.total
    }
    return sorted(short | facts.unmatched)


def is_as_sent(members: pl.DataFrame, remote_record: RemoteRecord | None, key: PersonKey) -> bool:
    """Whether these are the people that were sent, as far as the lock knows who they were."""
    if remote_record is None:
        return True
    if remote_record.numbers is None:
        return remote_record.count <= 0 or _count_readable(members) >= remote_record.count
    has_all_numbers = not members.get_column("number").null_count()
    return has_all_numbers and frames.numbers_digest(members, key) == remote_record.numbers


def describe_unreadable(facts: Facts, remote_id: str) -> str:
    """Say in which way one of find_unreadable() does not show who was sent."""
    remote, remote_record = facts.remotes[remote_id], facts.resource_record.remotes.get(remote_id)
    assert remote.members is not None
    readable, total = _count_readable(remote.members), remote.total
    sent = remote_record.count if remote_record is not None and remote_record.count > 0 else total
    if readable != total:
        return f"{remote_id} answers {readable:,} of its {humanize.people(total)}"
    if readable != sent:
        return f"{remote_id} shows {readable:,} of the {humanize.people(sent)} that were sent"
    return f"{remote_id} shows other numbers than were sent"


def _is_recorded_call(facts: Facts, remote: Remote) -> bool:
    return remote.route is Route.CALL and (facts.is_single_call or remote.id in facts.resource_record.remotes)


def _count_readable(members: pl.DataFrame) -> int:
    return members.get_column("number").drop_nulls().n_unique()


def _restore_forms(facts: Facts, remote: Remote, remote_record: RemoteRecord | None) -> Remote:
    """Return the batch with wanted numbers in place of other forms of them, if it is then exactly what was sent."""
    if facts.resource is None or remote_record is None or remote_record.numbers is None or remote.members is None:
        return remote
    wanted = facts.resource.recipients.rows.select(_loose("number").alias("loose"), pl.col("number").alias("sent_as"))
    wanted = wanted.unique("loose", keep="none")
    members = remote.members.with_columns(_loose("number").alias("loose"))
    members = members.join(wanted, on="loose", how="left", maintain_order="left")
    restored = members.with_columns(pl.coalesce("sent_as", "number").alias("number")).select(remote.members.columns)
    return replace(remote, members=restored) if is_as_sent(restored, remote_record, facts.key) else remote


def _loose(column: str) -> pl.Expr:
    """A number without what its forms differ in."""
    number = pl.col(column)
    for pattern, replacement in _FORMS:
        number = number.str.replace_all(pattern, replacement)
    return number
