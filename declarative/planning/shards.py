"""How people are cut into requests: by the provider's limits of people, and of bytes in a body. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import polars as pl

from declarative.model.capabilities import Capabilities
from declarative.model.resource import Resource

REQUEST_BYTES = 16 * 1024
"""What a body holds beside its people, at most: settings, name, time."""


def fit_window(capabilities: Capabilities, resource: Resource) -> Capabilities:
    """Return the capabilities of the resource's route with no more people in a request than can be called before it
    ends, where it has an end and a known number of calls at once."""
    at_once = capabilities.settings.at_once_of(resource.settings)
    if capabilities.window is None or at_once is None:
        return capabilities
    in_window = max(1, capabilities.window // resource.expected_call) * max(1, at_once)
    return replace(capabilities, max_people=min(capabilities.max_people, in_window))


def cut_shards(recipients: pl.DataFrame, capabilities: Capabilities) -> Iterator[tuple[int, pl.DataFrame]]:
    """Cut recipients (columns `number`, `payload`) into shards that fit into one request each, in their order.

    Each comes with the number of people before it. Somebody whose data alone are too large is a shard of their own, and
    the provider refuses it.
    """
    ends = _sum_bytes(recipients, capabilities.person_bytes) if capabilities.max_bytes is not None else None
    start, sent_bytes = 0, 0
    while start < len(recipients):
        end = min(start + capabilities.max_people, len(recipients))
        if ends is not None and capabilities.max_bytes is not None:
            fits_until = ends.search_sorted(sent_bytes + capabilities.max_bytes - REQUEST_BYTES, side="right")
            end = max(start + 1, min(end, int(fits_until)))
            sent_bytes = int(ends[end - 1])
        yield start, recipients.slice(start, end - start)
        start = end


def _sum_bytes(recipients: pl.DataFrame, person_bytes: int) -> pl.Series:
    """For each person the bytes of a body up to their end."""
    data = pl.col("payload").str.len_bytes().fill_null(0)
    return recipients.select(
        (pl.col("number").str.len_bytes().cast(pl.Int64) + data + person_bytes).cum_sum().alias("end")
    ).to_series()
