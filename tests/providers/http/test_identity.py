"""An answer about something else concludes nothing; one without our mark names what has to be cancelled."""

from __future__ import annotations

from dataclasses import replace

import httpx
import pytest

from declarative.model.remote import Remote
from declarative.model.resource import Json, Route
from declarative.providers.base import Ambiguous, Done, MarkMissing
from declarative.providers.http.identity import classify_creation, classify_update
from declarative.providers.http.outcomes import Answer
from tests.providers.scripted_provider import MARK

REMOTE = Remote(
    id="t_1", route=Route.BATCH, name="t", mark=MARK, status="", cancelled=False, total=1, dispatched=0, finished=0
)
OTHER = replace(MARK, generation=MARK.generation + 1)


def answered(data: Json) -> Answer:
    return Answer(200, httpx.Headers(), b"", data)


@pytest.mark.parametrize(
    ("remote", "outcome"),
    [
        (REMOTE, Done(REMOTE)),
        (replace(REMOTE, mark=None), MarkMissing(replace(REMOTE, mark=None))),
        (replace(REMOTE, mark=OTHER), Ambiguous("answered 200 with another event than was sent")),
        (replace(REMOTE, id=""), Ambiguous("answered 200 without the id of an event")),
        (replace(REMOTE, id="", mark=None), Ambiguous("answered 200 without the id of an event")),
    ],
)
def test_a_creation_is_ours_by_id_and_mark(remote: Remote, outcome: object) -> None:
    assert classify_creation(answered({}), remote, MARK, None, "event") == outcome


@pytest.mark.parametrize("data", [None, [], {}, {"id": None}, {"id": "t_2"}, {"id": ["t_1"]}])
def test_an_update_of_something_else_is_no_success(data: Json) -> None:
    outcome = classify_update(answered(data), "t_1", lambda _: REMOTE, "batch")
    assert outcome == Ambiguous("answered 200 without the batch that was asked for")


def test_an_update_shows_the_thing_as_it_is_now() -> None:
    assert classify_update(answered({"key": "t_1"}), "t_1", lambda _: REMOTE, "batch", id_field="key") == Done(REMOTE)
