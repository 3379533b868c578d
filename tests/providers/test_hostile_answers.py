"""Whatever is answered: a request that dials is sent once and has an outcome, a read gives values or ProviderError."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

import httpx
import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from declarative.errors import ProviderError
from declarative.model.remote import Remote
from declarative.model.resource import Json, Route
from declarative.providers.base import Ambiguous, Channel, Done, MarkMissing
from declarative.providers.http.parse import UNREADABLE_ID
from tests.hostile_json import GARBAGE, encode, mutated
from tests.providers.dial_requests import BOX, CREATE, REQUESTS, Request, outcome
from tests.providers.read_requests import PERSON, READS, assert_usable, read_list, read_one
from tests.providers.scripted_provider import MARK, answering, batch, open_exchange

LEAVES: list[Any] = [
    *GARBAGE, False, 0, 1, "acb_1", "+14155550101", "cancelled", "queued", "failed", "2026-06-14T12:00:00Z",
    str(MARK), f"x {MARK}",
]  # fmt: skip
VALUES = st.recursive(
    st.sampled_from(LEAVES) | st.integers(-(2**63), 2**63) | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=8,
)


def respond(status: int, answer: Json) -> httpx.Response:
    return httpx.Response(status, content=encode(answer))


@pytest.mark.parametrize("dials", REQUESTS, ids=lambda dials: dials.name)
@settings(max_examples=40, deadline=10_000)
@given(data=st.data())
def test_any_answer_to_a_request_that_dials_has_one_outcome(dials: Request, data: st.DataObject) -> None:
    status = data.draw(st.sampled_from([200, 201, 202, 400, 402, 403, 429, 500]))
    found = outcome(dials, respond(status, data.draw(mutated(dials.good, VALUES) | VALUES)))
    if isinstance(found, Done | MarkMissing):
        assert status < 300
        assert_usable(found.remote)


@pytest.mark.parametrize(("type_name", "version", "route", "whole", "page"), READS)
@pytest.mark.parametrize("read", [read_one, read_list])
@settings(max_examples=40, deadline=10_000)
@given(data=st.data())
def test_any_answer_to_a_read_gives_usable_values_or_an_error(
    read: Callable[[Channel], list[Remote]],
    type_name: str,
    version: str,
    route: Route,
    whole: Json,
    page: Json,
    data: st.DataObject,
) -> None:
    answer = data.draw(mutated(whole if read is read_one else page, VALUES) | VALUES)
    exchange = open_exchange(answering(respond(200, answer)), type_name, version)
    remotes: list[Remote] = []
    with contextlib.suppress(ProviderError):
        remotes = read(exchange.channel(route))
    for remote in remotes:
        assert_usable(remote)


@pytest.mark.parametrize("bad_id", [None, "", ".", "..", "../agents", "a" * 70_000, "acb\u001b[2J", "acb 1", 7, [], {}])
def test_a_creation_without_a_usable_id_is_ambiguous(bad_id: Json) -> None:
    assert isinstance(outcome(CREATE, httpx.Response(201, json=batch(id=bad_id))), Ambiguous)
    assert isinstance(outcome(BOX, httpx.Response(201, json={"id": bad_id, "status": "queued"})), Ambiguous)


@pytest.mark.parametrize("bad_id", ["../x", "a" * 201, 7, ["ac_1"], {"id": "ac_1"}, True])
def test_a_person_with_an_odd_call_id_is_no_person_without_one(bad_id: Json) -> None:
    """Cancelled and without a call id would mean never called, and free for another batch."""
    person = {**PERSON, "status": "cancelled", "agent_call_id": bad_id}
    exchange = open_exchange(answering(httpx.Response(200, json=batch(recipients=[person]))))
    remote = exchange.channel(Route.BATCH).read("acb_1")
    assert remote is not None
    assert remote.members is not None
    [row] = remote.members.iter_rows(named=True)
    assert (row["phase"], row["call_id"]) == ("unknown", UNREADABLE_ID)


def test_data_nested_deeper_than_any_that_is_sent_cannot_be_read() -> None:
    person = {**PERSON, "metadata": {"a": "DEEP"}}
    body = orjson.dumps(batch(recipients=[person])).replace(b'"DEEP"', b"[" * 400 + b"]" * 400)
    exchange = open_exchange(answering(httpx.Response(200, content=body)))
    with pytest.raises(ProviderError, match="data of a person that cannot be read"):
        exchange.channel(Route.BATCH).read("acb_1")


@pytest.mark.parametrize("generation", ["zzzzzzzzzzzz", "z" * 5000, "00", "01", "zzzzzz"])
def test_a_name_that_only_looks_like_a_mark_is_none(generation: str) -> None:
    """Of a garbage generation every lock would look older."""
    name = f"x ~d1.aaaaa.bbbbbb.ccccccc.{generation}.1.1.ddddd"
    found = outcome(CREATE, httpx.Response(201, json=batch(name=name)))
    assert isinstance(found, MarkMissing)
