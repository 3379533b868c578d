"""Facts by hand: people by letter, batches and calls with a phase a person, and what the lock remembers of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl

from declarative.model import frames as people
from declarative.model.digest import PersonKey, json_digest
from declarative.model.lock import Intent, RemoteRecord, RequestKind, ResourceRecord
from declarative.model.mark import Mark, address_hash, project_hash, settings_hash
from declarative.model.people import People
from declarative.model.policy import Retry
from declarative.model.recipients import Recipients
from declarative.model.remote import Phase, Remote
from declarative.model.resource import Kind, Resource, Route
from declarative.planning import standing
from declarative.planning.facts import Facts
from tests.planning.capabilities_fixture import FIELDS

NOON = datetime(2026, 12, 1, 12, tzinfo=UTC)
KEY = PersonKey("a secret")
LINEAGE = "k3v9xq"
PROJECT = "spring"
ADDRESS = "batch/march"
SETTINGS = {"agent_id": "agent_a"}
ABLE_TO_RETRY = Retry(max_retries=1, on=frozenset({"dial_no_answer", "dial_busy"}))
COLUMNS = dict.fromkeys(("number", "phase", "outcome", "call_id", "payload", "error", "note"), pl.String)
_OUTCOMES = {Phase.UNREACHED: "dial_no_answer", Phase.REACHED: "completed"}


def number(letter: str) -> str:
    return f"+1415555{100 + ord(letter) - ord('a'):04}"


def letter(of: str) -> str:
    return chr(ord("a") + int(of[-2:]))


def digest(settings: Mapping[str, Any] = SETTINGS) -> str:
    return json_digest(settings)


def crowd(wanted: str | Mapping[str, str], kept_out: Mapping[str, str] | None = None, **facts: Any) -> Recipients:
    """The people of a resource: letters, or letters with their payloads. `kept_out` are letters with their policies."""
    payloads = wanted if isinstance(wanted, Mapping) else dict.fromkeys(wanted, "{}")
    rows = {"number": [number(who) for who in payloads], "payload": list(payloads.values())}
    frame = pl.DataFrame(rows, schema={"number": pl.String, "payload": pl.String})
    pairs = [(number(who), name) for who, name in (kept_out or {}).items()]
    policies = pl.DataFrame(pairs, schema={"number": pl.String, "policy": pl.String}, orient="row")
    return Recipients(
        len(frame),
        lambda: People.of(frame),
        lambda: people.numbers_digest(frame, KEY),
        lambda: people.payloads_digest(frame, KEY),
        excluded=lambda: policies,
        **{"excluded_counts": dict(Counter((kept_out or {}).values())), **facts},
    )


def resource(wanted: str | Mapping[str, str] | Recipients = "a", **changes: Any) -> Resource:
    settings = changes.get("settings", SETTINGS)
    known = {
        "address": ADDRESS, "kind": Kind.BATCH, "route": Route.BATCH, "provider": "cartesia",
        "display_name": "March", "settings": settings, "settings_digest": digest(settings), "fields": FIELDS,
        "recipients": wanted if isinstance(wanted, Recipients) else crowd(wanted),
    }  # fmt: skip
    return Resource(**{**known, **changes})


def call_resource(who: str | Mapping[str, str] | Recipients = "a", **changes: Any) -> Resource:
    return resource(who, **{"address": "call/ada", "kind": Kind.CALL, "route": Route.CALL, **changes})


def a_mark(**changes: Any) -> Mark:
    known = {
        "project": project_hash(PROJECT), "lineage": LINEAGE, "address": address_hash(ADDRESS),
        "generation": 1, "shard": 1, "attempt": 1, "settings": settings_hash(digest()),
    }  # fmt: skip
    return Mark(**{**known, **changes})


def members(**phases: Phase) -> pl.DataFrame:
    """Keyword names are letters."""
    rows = [
        {
            "number": number(who),
            "phase": str(phase),
            "outcome": _OUTCOMES.get(phase),
            "call_id": f"call_{who}",
            "payload": "{}",
            "error": None,
            "note": None,
        }
        for who, phase in phases.items()
    ]
    return pl.DataFrame(rows, schema=COLUMNS)


def batch(remote_id: str, who: pl.DataFrame | None = None, **changes: Any) -> Remote:
    """A batch with these people; `finished` is counted from their phases unless given."""
    phases = [] if who is None else who.get_column("phase").to_list()
    live = sum(phase in (Phase.QUEUED, Phase.IN_FLIGHT, Phase.UNKNOWN) for phase in phases)
    known = {
        "id": remote_id, "route": Route.BATCH, "name": "March", "mark": a_mark(), "status": "processing",
        "cancelled": False, "total": len(phases), "dispatched": len(phases) - live, "finished": len(phases) - live,
        "retry_count": 0, "created_at": NOON - timedelta(hours=2), "members": who,
        "last_updated_at": (NOON - timedelta(hours=1)).isoformat(),
    }  # fmt: skip
    return Remote(**{**known, **changes})


def call(remote_id: str, who: str, phase: Phase, **changes: Any) -> Remote:
    return batch(remote_id, members(**{who: phase}), **{"route": Route.CALL, **changes})


def remembered(**changes: Any) -> RemoteRecord:
    """What the lock keeps of a batch that was sent with the settings wanted now."""
    known = {"route": Route.BATCH, "mark": str(a_mark()), "generation": 1, "settings": digest()}
    return RemoteRecord(**{**known, **changes})


def person(who: str) -> str:
    return KEY.digest_person(LINEAGE, number(who))


def intent(**changes: Any) -> Intent:
    known = {
        "request": RequestKind.SUBMIT, "route": Route.BATCH, "mark": str(a_mark(generation=2)), "generation": 2,
        "shard": 1, "attempt": 1, "sent_at": NOON - timedelta(minutes=1), "count": 1, "numbers": "n", "payloads": "p",
        "settings": digest(),
    }  # fmt: skip
    return Intent(**{**known, **changes})


def open_intents(*several: Intent) -> dict[str, Intent]:
    return {one.mark: one for one in several}


def make_facts(
    *remotes: Remote, wanted: Resource | None, record: ResourceRecord | None = None, **changes: Any
) -> Facts:
    """`record` as given, or one that knows all the remotes as sent with the settings wanted now."""
    resource_record = record or knowing(*remotes)
    known = {
        "address": wanted.address if wanted else ADDRESS, "resource": wanted, "resource_record": resource_record,
        "remotes": {remote.id: remote for remote in remotes}, "now": NOON, "key": KEY, "lineage": LINEAGE,
    }  # fmt: skip
    return Facts(**{**known, **changes})


def knowing(*remotes: Remote, **changes: Any) -> ResourceRecord:
    """A record of these remotes, and of everything as applied in full with the settings wanted now."""
    known = {
        one.id: remembered(
            route=one.route,
            count=one.total,
            mark=str(one.mark),
            attempt=one.mark.attempt if one.mark else 1,
            retry_count=one.retry_count,
            created_at=one.created_at,
        )
        for one in remotes
    }
    facts = {"generation": 1, "provider": "cartesia", "remotes": known, "settings_digest": digest()}
    return ResourceRecord(**{**facts, **changes})


def decisions(of: Facts) -> dict[str, tuple[str, str]]:
    """Letter to verb and reason."""
    rows = standing.decide_all(of).select("number", "verb", "reason").iter_rows()
    return {letter(who): (verb, reason) for who, verb, reason in rows}


def verbs(of: Facts) -> dict[str, str]:
    return {who: verb for who, (verb, _) in decisions(of).items()}


def row(of: Facts, who: str = "a") -> dict[str, Any]:
    """All that is known of one person."""
    return standing.decide_all(of).row(by_predicate=pl.col("number") == number(who), named=True)
