"""How people are cut into requests: by the provider's limits of people, and of bytes in a body. Pure."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from declarative.model.capabilities import Capabilities

REQUEST_BYTES = 16 * 1024
"""What a body holds beside its people, at most: settings, name, time."""


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
