"""Providers' answers. An input is a line of JSON that names the request, status and headers, and the body."""

from __future__ import annotations

import contextlib
import gzip
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import orjson
from hypothesis import strategies as st

from declarative.errors import ProviderError
from declarative.providers.base import Done, MarkMissing
from tests.fuzz.mutation import WORDS, mutated_bytes, mutated_json
from tests.fuzz.search import Check, Surface
from tests.providers.dial_requests import REQUESTS, Request
from tests.providers.read_requests import READS, assert_usable, read_list, read_one
from tests.providers.scripted_provider import Handler, open_exchange

_DIALS = {request.name: request for request in REQUESTS}
_READS = {
    f"{name} {type_name} {route}": (read, type_name, version, route, sample)
    for type_name, version, route, whole, page in READS
    for name, read, sample in (("read", read_one, whole), ("list", read_list, page))
}
_SAMPLES: dict[str, Any] = {
    **{name: request.good for name, request in _DIALS.items()},
    **{name: row[4] for name, row in _READS.items()},
}
_HEADERS = ("date", "retry-after", "content-type", "location", "x-request-id", "content-encoding")
_STATUSES = [200, 201, 202, 204, 206, 301, 400, 401, 402, 403, 404, 405, 409, 413, 422, 429, 500, 503, 599]


@st.composite
def _inputs(draw: st.DrawFn) -> bytes:
    name = draw(st.sampled_from(sorted(_SAMPLES)))
    sample = _SAMPLES[name]
    body = draw(mutated_json([sample]) | mutated_bytes([orjson.dumps(sample)]))
    words = st.sampled_from([word.decode("latin-1") for word in WORDS])
    values = st.sampled_from(["Sun, 14 Jun 2026 12:00:00 GMT", "-1", "1e309", "60", "gzip", "deflate"]) | words
    headers = draw(st.dictionaries(st.sampled_from(_HEADERS), values, max_size=3))
    if draw(st.booleans()):
        body, headers["content-encoding"] = gzip.compress(body), "gzip"
    head = {"request": name, "status": draw(st.sampled_from(_STATUSES)), "headers": headers}
    return orjson.dumps(head) + b"\n" + body


@contextmanager
def _open(folder: Path) -> Iterator[Check]:
    def check(content: bytes) -> None:
        line, _, body = content.partition(b"\n")
        head = orjson.loads(line)
        headers = [(name, value.encode("latin-1", "replace")) for name, value in head["headers"].items()]

        def answer(_: httpx.Request) -> httpx.Response:
            return httpx.Response(head["status"], headers=headers, stream=httpx.ByteStream(body))

        if head["request"] in _DIALS:
            _check_outcome(_DIALS[head["request"]], answer, head["status"])
            return
        read, type_name, version, route, _sample = _READS[head["request"]]
        exchange = open_exchange(answer, type_name, version)
        with contextlib.suppress(ProviderError):
            for remote in read(exchange.channel(route)):
                assert_usable(remote)

    yield check


def _check_outcome(request: Request, answer: Handler, status: int) -> None:
    exchange = open_exchange(answer, request.type_name, request.version)
    outcome = request.send(exchange.channel(request.route))
    assert len(exchange.sent) == 1, "a request that dials is sent exactly once"
    if isinstance(outcome, Done | MarkMissing):
        assert status < 300
        assert_usable(outcome.remote)


ANSWERS = Surface("answers", _inputs(), _open, examples=150)
