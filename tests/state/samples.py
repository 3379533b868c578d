"""Values to write into locks, strategies that draw them, a clock that tests set, and a sleep that must not happen."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from declarative.model.history import RunRecord
from declarative.model.lock import CancelProgress, Intent, Lock, RemoteRecord, RequestKind, ResourceRecord
from declarative.model.resource import Route
from declarative.state.base import Holder

NOON = datetime(2026, 12, 1, 12, tzinfo=UTC)
ADDRESS = "batch/march"
PUSH = RunRecord(run="00c0ffee", at=NOON, command="state push", by="ada on mill")


def holder(name: str = "ada", **changes: Any) -> Holder:
    return Holder(**{"id": f"id-{name}", "who": name, "host": "mill", "pid": 7, "since": NOON, **changes})


def no_sleep(seconds: float) -> None:
    raise AssertionError("waited although there was nothing to wait for")


class SettableClock:
    """Seconds that pass only when a test says so."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def remote(**changes: Any) -> RemoteRecord:
    return RemoteRecord(**{"route": Route.BATCH, "mark": "~d1.m", "generation": 1, "count": 2, **changes})


def intent(mark: str = "~d1.m", **changes: Any) -> Intent:
    known = {
        "request": RequestKind.SUBMIT, "route": Route.BATCH, "mark": mark, "generation": 1, "shard": 1, "attempt": 1,
        "sent_at": NOON, "count": 2, "numbers": "n", "payloads": "p", "settings": "s",
    }  # fmt: skip
    return Intent(**{**known, **changes})


def lock(**resources: ResourceRecord) -> Lock:
    """Keyword names stand for batch addresses."""
    records = {f"batch/{name}": record for name, record in resources.items()}
    return Lock(project="spring", lineage="k3v9", born=NOON, hosts={"c": "api.example.com"}, resources=records)


_words = st.text('abc~.-é\n"', max_size=4)
_times = st.integers(0, 10**6).map(lambda seconds: NOON + timedelta(seconds=seconds))
_digests = st.lists(st.sampled_from(["a1", "b2", "c3"]), max_size=3, unique=True).map(tuple)
_keys = st.sampled_from(["r1", "r2", "r3"])
_json = st.recursive(
    st.booleans() | st.integers(-5, 5) | _words,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(_words, inner, max_size=2),
    max_leaves=4,
)
remotes = st.builds(
    RemoteRecord,
    route=st.sampled_from(Route),
    mark=st.none() | st.sampled_from(["m1", "m2"]),
    generation=st.integers(0, 3),
    shard=st.integers(1, 3),
    status=_words,
    finished=st.integers(0, 3),
    retry_count=st.none() | st.integers(0, 2),
    last_updated_at=_words,
    created_at=st.none() | _times,
    cancel=st.none() | st.sampled_from(CancelProgress),
    settled=st.booleans(),
)
intents = st.builds(
    Intent,
    request=st.sampled_from(RequestKind),
    route=st.sampled_from(Route),
    mark=st.sampled_from(["m1", "m2"]),
    generation=st.integers(0, 3),
    shard=st.integers(1, 3),
    attempt=st.integers(1, 3),
    sent_at=_times,
    count=st.integers(1, 3),
    numbers=_words,
    payloads=_words,
    settings=_words,
    scheduled_at=st.none() | _times,
    remote=st.none() | _keys,
    retry_count=st.none() | st.integers(0, 2),
    fence=st.none() | _times,
)
_open = st.lists(intents, max_size=2, unique_by=lambda one: one.mark).map(lambda many: {i.mark: i for i in many})
_plain_fields: dict[str, st.SearchStrategy[Any]] = {
    "generation": st.integers(0, 3),
    "provider": _words,
    "settings": st.dictionaries(_words, _json, max_size=3),
    "settings_digest": _words,
    "count": st.integers(0, 3),
    "numbers": _words,
    "tombstone": st.booleans(),
    "placed": _digests,
    "unseen": _digests,
    "also": _digests,
    "revoked": _digests,
    "quiet": st.none() | _words.filter(bool),
}
records = st.builds(ResourceRecord, remotes=st.dictionaries(_keys, remotes, max_size=3), intents=_open, **_plain_fields)
locks = st.builds(
    lambda resources: Lock(project="p", lineage="l", born=NOON, resources=resources),
    st.dictionaries(st.sampled_from(["batch/a", "batch/b", "call/c"]), records, max_size=3),
)
changes = st.fixed_dictionaries(
    {},
    optional={
        "remotes": st.dictionaries(_keys, st.none() | remotes, max_size=2),
        "intents": st.none() | _open,
        **_plain_fields,
    },
)
