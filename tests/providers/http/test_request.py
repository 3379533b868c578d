"""Requests of other APIs: forms, other methods, keys in other headers, reads that are POSTs."""

from __future__ import annotations

import httpx
import pytest

from declarative.errors import ProviderError
from declarative.providers.base import Ambiguous, Outcome, Rejected
from declarative.providers.http.client import HttpClient
from declarative.providers.http.endpoint import Endpoint
from declarative.providers.http.outcomes import Answer
from declarative.providers.http.pages import PageForm, read_pages
from declarative.providers.http.request import Body
from tests.providers.scripted_provider import answering

KEY = "a-key-of-nobody"


def open_client(*answers: httpx.Response | Exception) -> tuple[HttpClient, list[httpx.Request]]:
    sent: list[httpx.Request] = []
    handler = answering(*answers)

    def record(request: httpx.Request) -> httpx.Response:
        sent.append(request)
        return handler(request)

    endpoint = Endpoint(
        provider="relay",
        key_variables=("RELAY_API_KEY",),
        base_url="https://relay.example",
        host="relay.example",
        loopback=False,
        key=KEY,
    )
    client = HttpClient(
        endpoint,
        lambda answer: "no" if isinstance(answer.data, dict) else None,
        key_headers=lambda key: {"xi-api-key": key},
        transport=httpx.MockTransport(record),
        sleep=lambda _: None,
    )
    return client, sent


def taken(_: Answer) -> Outcome:
    return Rejected(0, "taken")  # any value stands for the outcome here


def test_a_form_is_sent_with_its_media_type_and_the_key_in_its_own_header() -> None:
    client, sent = open_client(httpx.Response(201, json={}))
    form = Body.from_form({"To": "+14155550101", "From": "+1 4"})
    client.post_once("/calls", form, taken, headers={"Idempotency-Key": "k"})
    [request] = sent
    assert request.content == b"To=%2B14155550101&From=%2B1+4"
    assert request.headers["content-type"] == "application/x-www-form-urlencoded"
    assert (request.headers["xi-api-key"], request.headers["idempotency-key"]) == (KEY, "k")
    assert "authorization" not in request.headers


def test_a_read_by_post_is_repeated_and_a_failure_names_its_method() -> None:
    client, sent = open_client(httpx.Response(503), httpx.Response(200, json={"items": []}))
    assert client.read_by_post("/list", Body.from_json({"limit": 5})) == {"items": []}
    assert [(request.method, request.content) for request in sent] == [("POST", b'{"limit":5}')] * 2
    client, _ = open_client(httpx.Response(404, json={}))
    with pytest.raises(ProviderError, match="POST /list answered 404"):
        client.read_by_post("/list", Body.from_json({}))


@pytest.mark.parametrize(("is_idempotent", "sends"), [(True, 2), (False, 1)])
def test_a_cancel_by_delete_is_repeated_only_where_that_is_harmless(*, is_idempotent: bool, sends: int) -> None:
    client, sent = open_client(httpx.ReadTimeout("slow"), httpx.Response(204))
    outcome = client.cancel("/events/1", taken, method="DELETE", is_idempotent=is_idempotent)
    assert [request.method for request in sent] == ["DELETE"] * sends
    assert isinstance(outcome, Rejected if is_idempotent else Ambiguous)


def test_pages_of_another_form_are_read_to_their_end() -> None:
    form = PageForm(
        entries="campaigns", entry_id="campaign_id", size_parameter="page_size", size=2,
        cursor_parameter="cursor", next_field="next_cursor", ids_are_cursors=False,
    )  # fmt: skip

    def page(cursor: str | None, *ids: str) -> httpx.Response:
        campaigns = [{"campaign_id": name} for name in ids]
        return httpx.Response(200, json={"campaigns": campaigns, "next_cursor": cursor, "has_more": cursor is not None})

    client, sent = open_client(page("x", "c4", "c3"), page("y", "c2"), page(None, "c1", "c0"))
    pages = list(read_pages(client, "/campaigns", {"search": "dialctl"}, form=form))
    assert [str(entry["campaign_id"]) for entries in pages for entry in entries] == ["c4", "c3", "c2", "c1", "c0"]
    assert [request.url.params.get("cursor") for request in sent] == [None, "x", "y"]
    assert sent[0].url.params["page_size"] == "2"
