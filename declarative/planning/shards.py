"""How people are cut into requests: by the provider's limits of people, and of bytes in a body. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import polars as pl

from declarative.model.capabilities import Capabilities
from declarative.model.people import People
from declarative.model.resource import Resource
from declarative.planning.columns import has_one_value

REQUEST_BYTES = 16 * 1024
"""What a body holds beside its people, at most: settings, name, time."""
LONGEST_NUMBER = 16
"""Bytes of a number, at most: a plus and 15 digits."""


def fit_window(capabilities: Capabilities, resource: Resource) -> Capabilities:
    """Return the capabilities of the resource's route with no more people in a request than can be called before it
    ends, where it has an end and a known number of calls at once."""
    at_once = capabilities.settings.at_once_of(resource.settings)
    if capabilities.window is None or at_once is None:
        return capabilities
    in_window = max(1, capabilities.window // resource.expected_call) * max(1, at_once)
    return replace(capabilities, max_people=min(capabilities.max_people, in_window))


def cut_by_attempt(
    recipients: pl.DataFrame, capabilities: Capabilities, resource: Resource
) -> Iterator[tuple[int, int, pl.DataFrame]]:
    """Cut people of a resource (`number`, `data_row`, `attempt`) into shards of one attempt each. Each comes with the
    number of people of its attempt before it, and with how many these are in all."""
    capabilities = fit_window(capabilities, resource)
    is_mixed = not has_one_value(recipients, "attempt")
    for same_attempt in recipients.partition_by("attempt", maintain_order=True) if is_mixed else [recipients]:
        for start, shard in cut_shards(same_attempt, capabilities, resource.recipients.people):
            yield start, len(same_attempt), shard


def cut_shards(
    recipients: pl.DataFrame, capabilities: Capabilities, people: People
) -> Iterator[tuple[int, pl.DataFrame]]:
    """Cut recipients (columns `number`, `data_row`) into shards that fit into one request each, in their order. Their
    data are those of `people`.

    Each comes with the number of people before it. Somebody whose data alone are too large is a shard of their own, and
    the provider refuses it.
    """
    room = None if capabilities.max_bytes is None else capabilities.max_bytes - REQUEST_BYTES
    longest_person = LONGEST_NUMBER + people.payloads.longest + capabilities.person_bytes
    if room is not None and capabilities.max_people * longest_person <= room:
        room = None  # whoever they are, they fit
    start = 0
    while start < len(recipients):
        shard = recipients.slice(start, capabilities.max_people)
        if room is not None:
            ends = _sum_bytes(people.with_data(shard), capabilities.person_bytes)
            fits_until = ends.search_sorted(room, side="right")
            shard = shard.head(max(1, int(fits_until)))
        yield start, shard
        start += len(shard)


def _sum_bytes(recipients: pl.DataFrame, person_bytes: int) -> pl.Series:
    """For each person the bytes of a body up to their end."""
    data = pl.col("payload").str.len_bytes().fill_null(0)
    return recipients.select(
        (pl.col("number").str.len_bytes().cast(pl.Int64) + data + person_bytes).cum_sum().alias("end")
    ).to_series()
