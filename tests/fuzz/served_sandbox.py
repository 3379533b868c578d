"""Requests to a served sandbox. An input is a JSON object: method, path, headers and body, as letters of Latin-1."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import orjson
from hypothesis import strategies as st

from tests.command import start_server
from tests.fuzz.mutation import WORDS, mutated_bytes, mutated_json
from tests.fuzz.search import Check, Surface
from tests.sandbox.request_bodies import ADA, BATCHES, batch_body, box_body, fault_rule

_FOREIGN = ({"Host": "evil.example"}, {"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"})
_KEYS = {"Authorization": "Bearer sk_1", "X-API-Key": "sk_1", "Cartesia-Version": "2026-03-01"}
_REQUESTS: list[tuple[str, str, Any]] = [
    ("POST", BATCHES, batch_body(ADA)),
    ("GET", f"{BATCHES}?limit=2&starting_after=x", None),
    ("GET", f"{BATCHES}/acb_1", None),
    ("POST", f"{BATCHES}/acb_1/cancel", {}),
    ("POST", f"{BATCHES}/acb_1/retry", {}),
    ("GET", "/agents/calls?agent_id=a&limit=3", None),
    ("POST", "/v1/calls", box_body()),
    ("GET", "/v1/calls?limit=2&offset=1", None),
    ("PUT", "/_sandbox/faults", {"faults": [fault_rule("getCall", "lost_answer")]}),
    ("POST", "/_sandbox/advance", {"seconds": 5}),
    ("POST", "/_sandbox/organisation", {"key": "sk_1", "agent_call_limit": 5}),
    ("GET", "/_sandbox/dials?number=x", None),
]
_BODIES = [body for _, _, body in _REQUESTS if body]


@st.composite
def _inputs(draw: st.DrawFn) -> bytes:
    method, path, body = draw(st.sampled_from(_REQUESTS))
    words = st.sampled_from([word.decode("latin-1") for word in WORDS])
    if draw(st.booleans()):
        path = draw(mutated_bytes([path.encode()], 2)).decode("latin-1")
    content = draw(mutated_json(_BODIES) | mutated_bytes([orjson.dumps(body)])) if body is not None else b""
    headers = _KEYS | draw(st.dictionaries(st.sampled_from(["Content-Type", "Cookie", *_KEYS]), words, max_size=2))
    foreign = draw(st.sampled_from([{}, {}, *_FOREIGN]))
    request = {"method": draw(st.sampled_from([method, method, "DELETE", "OPTIONS", "x"])), "path": path}
    return orjson.dumps({**request, "headers": headers, "foreign": foreign, "body": content.decode("latin-1")})


def _as_sent(values: dict[str, Any]) -> bytes:
    body = values["body"].encode("latin-1")
    headers = {"Host": "localhost", "Content-Length": str(len(body)), "Connection": "close"}
    lines = [f"{name}: {value}" for name, value in (headers | values["headers"] | values["foreign"]).items()]
    return "\r\n".join([f"{values['method']} {values['path']} HTTP/1.1", *lines, "", ""]).encode("latin-1") + body


@contextmanager
def _open(folder: Path) -> Iterator[Check]:
    server, url = start_server("--directory", str(folder), "--speed", "0")
    place = httpx.URL(url)
    with server, httpx.Client(base_url=url, trust_env=False) as client:

        def check(content: bytes) -> None:
            values = orjson.loads(content)
            client.put("/_sandbox/faults", json={"faults": []}).raise_for_status()
            with socket.create_connection((place.host, place.port or 80), timeout=10) as connection:
                connection.sendall(_as_sent(values))
                answer = b""
                while part := connection.recv(1 << 16):
                    answer += part
            status = int(answer.split(b" ", 2)[1]) if answer else 0
            assert status < 500, answer[:500]
            # After a line break there may be an end of the headers, and no browser sends one within a header.
            is_whole = not any({"\r", "\n"} & {*text} for text in (values["path"], *values["headers"].values()))
            assert not (values["foreign"] and is_whole and status < 400), answer[:500]
            assert client.get("/_sandbox/clock").status_code == 200

        try:
            yield check
        finally:
            server.kill()


SERVED_SANDBOX = Surface("served-sandbox", _inputs(), _open, examples=60)
