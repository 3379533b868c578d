"""The sandbox's own time for a batch of 5,000 and for a page of a long list: it must not be what benchmarks measure.

Its targets (100 ms, 20 ms) are times on one machine. The check compares with the time in which Python's json reads the
body of 5,000, which is 2.5 ms there.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median

import httpx
from bench import Claims, main
from campaign import AGENT, NUMBER, number

from declarative.sandbox.embedded import open_sandbox

HEADERS = {"Authorization": "Bearer sk_sandbox", "Cartesia-Version": "2026-03-01", "Content-Type": "application/json"}


def measure(claims: Claims, directory: Path) -> None:
    body = _body(5_000)
    ahead = _body(1, scheduled_at=f"{datetime.now(UTC) + timedelta(days=9):%Y-%m-%dT%H:%M:%SZ}")
    with (
        open_sandbox(directory) as embedded,
        httpx.Client(base_url="http://sandbox/cartesia", transport=embedded.transport(), headers=HEADERS) as client,
    ):

        def create(content: bytes) -> None:
            client.post("/agents/calls/batches", content=content).raise_for_status()

        def page() -> None:
            assert len(client.get("/agents/calls/batches?limit=100").raise_for_status().json()["data"]) == 100

        reading = _seconds(lambda: json.loads(body), 20)
        accepting = _seconds(lambda: create(body), 20)
        for _ in range(5_000 if claims.full else 200):
            create(ahead)
        listing = _seconds(page, 20)
    print(
        f"  reading a body {reading * 1e3:.1f} ms, accepting it {accepting * 1e3:.1f} ms, a page {listing * 1e3:.1f} ms"
    )
    claims.check_at_most("accepting a batch of 5,000, beside json reading it", accepting / reading, 40)
    claims.check_at_most("a page of 100 of a long list, beside the same", listing / reading, 8)


def _body(people: int, **more: str) -> bytes:
    recipients = [{"to_number": number(at), "metadata": {"customer_id": f"cust_{at}"}} for at in range(people)]
    order = {"name": "benchmark", "agent_id": AGENT, "from_number_id": NUMBER, "recipients": recipients}
    return json.dumps(order | more).encode()


def _seconds(act: Callable[[], object], times: int) -> float:
    taken = []
    for _ in range(times):
        began = time.process_time()
        act()
        taken.append(time.process_time() - began)
    return median(taken)


if __name__ == "__main__":
    main("The sandbox itself", measure)
