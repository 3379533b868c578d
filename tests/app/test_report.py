"""What the report counts: calls by attempt, by hour and over time."""

from __future__ import annotations

import time
from datetime import datetime, timedelta

import polars as pl

from declarative.app.ended_calls import list_calls
from declarative.app.report import CallCount, build_report
from declarative.app.results import add_details
from declarative.model.frames import numbers_digest, payloads_digest
from declarative.model.lock import RemoteRecord, ResourceRecord
from declarative.model.people import People
from declarative.model.recipients import Recipients
from declarative.model.remote import Phase, Remote
from declarative.planning.facts import Observation
from declarative.report.html import render_report
from tests.planning.facts_fixture import (
    COLUMNS,
    KEY,
    NOON,
    a_mark,
    batch,
    make_facts,
    members,
    remembered,
    resource,
)

NO_DETAILS = pl.DataFrame(schema={"call_id": pl.String, "details": pl.String})


def observed(*remotes: Remote, letters: str = "abc", records: dict[str, RemoteRecord] | None = None) -> Observation:
    record = ResourceRecord(generation=1, remotes=records) if records else None
    return Observation(facts=make_facts(*remotes, wanted=resource(letters), record=record), provider="cartesia")


def details_of(times: dict[str, datetime]) -> pl.DataFrame:
    notes = [f'{{"called_at":"{moment.isoformat()}"}}' for moment in times.values()]
    return pl.DataFrame({"call_id": list(times), "details": notes}, schema=NO_DETAILS.schema)


def test_calls_are_counted_by_attempt_and_by_their_hour() -> None:
    first = batch("acb_1", members(a=Phase.REACHED, b=Phase.UNREACHED, c=Phase.UNREACHED))
    second = batch("acb_2", members(b=Phase.REACHED).with_columns(call_id=pl.lit("again_b")), mark=a_mark(attempt=2))
    records = {"acb_1": remembered(), "acb_2": remembered(attempt=2)}
    times = {"call_a": NOON, "call_b": NOON + timedelta(minutes=5), "again_b": NOON + timedelta(hours=3)}
    observation = observed(first, second, records=records)
    report = build_report("spring", [observation], [add_details(list_calls([observation]), details_of(times))])
    assert report.by_attempt == [CallCount("1", 1, 2), CallCount("2", 1, 0)]
    assert report.by_hour == [
        CallCount(*hour) for hour in [("12:00", 1, 1), ("13:00", 0, 0), ("14:00", 0, 0), ("15:00", 1, 0)]
    ]
    hours = [("1 Dec 12:00", 1, 1), ("1 Dec 13:00", 0, 0), ("1 Dec 14:00", 0, 0), ("1 Dec 15:00", 1, 0)]
    assert report.over_time == [CallCount(*hour) for hour in hours]
    assert (report.ended_count, report.timed_count) == (4, 3)


def test_after_a_retry_request_no_attempt_is_claimed_for_the_reached() -> None:
    retried = batch("acb_1", members(a=Phase.REACHED, b=Phase.UNREACHED), retry_count=1)
    observation = observed(retried, letters="ab")
    report = build_report("spring", [observation], [add_details(list_calls([observation]), NO_DETAILS)])
    assert report.by_attempt == [CallCount("1 to 2", 1, 0), CallCount("2", 0, 1)]


def test_long_campaigns_are_shown_by_day() -> None:
    remote = batch("acb_1", members(a=Phase.REACHED, b=Phase.REACHED))
    observation = observed(remote, letters="ab")
    details = details_of({"call_a": NOON, "call_b": NOON + timedelta(days=3)})
    report = build_report("spring", [observation], [add_details(list_calls([observation]), details)])
    assert [count.label for count in report.over_time] == ["1 Dec", "2 Dec", "3 Dec", "4 Dec"]


def test_waiting_people_and_those_in_a_call_are_no_ended_calls() -> None:
    observation = observed(batch("acb_1", members(a=Phase.QUEUED, b=Phase.IN_FLIGHT, c=Phase.REFUSED)))
    assert list_calls([observation]).is_empty()


def make_campaign() -> tuple[Observation, pl.DataFrame]:
    """200 batches of 500 people each, all over, with the time of every call."""
    count = 200 * 500
    numbers = pl.select(
        pl.format("+1{}", pl.int_range(2_000_000_000, 2_000_000_000 + count)).alias("number")
    ).to_series()
    index = pl.int_range(count, eager=True)
    is_reached = index % 4 != 0
    frame = pl.DataFrame({"number": numbers, "is_reached": is_reached, "index": index}).select(
        "number",
        pl.when("is_reached").then(pl.lit("reached")).otherwise(pl.lit("unreached")).alias("phase"),
        pl.when("is_reached").then(pl.lit("agent_hangup")).otherwise(pl.lit("dial_busy")).alias("outcome"),
        pl.format("ac_{}", "index").alias("call_id"),
        *(pl.lit(None, dtype=pl.String).alias(name) for name in ("payload", "error", "note")),
    )
    remotes = {
        f"acb_{shard}": batch_of(shard, frame.slice(shard * 500, 500).select(list(COLUMNS))) for shard in range(200)
    }
    wanted_frame = pl.DataFrame({"number": numbers}).with_columns(payload=pl.lit("{}"))
    digests = (lambda: numbers_digest(wanted_frame, KEY), lambda: payloads_digest(wanted_frame, KEY))
    wanted = Recipients(count, lambda: People.of(wanted_frame), *digests)
    records = {remote_id: remembered(shard=shard + 1) for shard, remote_id in enumerate(remotes)}
    facts = make_facts(*remotes.values(), wanted=resource(wanted), record=ResourceRecord(generation=1, remotes=records))
    hour = (index % 10 + 10).cast(pl.String)
    moments = ('{"called_at":"2026-12-01T' + hour + ':30:00Z"}').alias("details").to_frame()
    return Observation(facts=facts, provider="cartesia"), frame.select("call_id").hstack(moments)


def batch_of(shard: int, people: pl.DataFrame) -> Remote:
    return Remote(
        id=f"acb_{shard}", route=batch("x").route, name="", mark=a_mark(shard=shard + 1), status="completed",
        cancelled=False, total=500, dispatched=500, finished=500, retry_count=0, created_at=NOON, members=people,
    )  # fmt: skip


def test_200_batches_are_a_small_page_and_their_people_cost_little() -> None:
    """A million people take ten times as long as these, and make a page of the same size."""
    observation, details = make_campaign()
    began = time.process_time()
    report = build_report("spring", [observation], [add_details(list_calls([observation]), details)])
    page = render_report(report)
    assert time.process_time() - began < 5  # about 1 on an idle machine
    assert len(page.encode()) < 200_000
    assert (report.timed_count, sum(count.reached for count in report.by_hour)) == (100_000, 75_000)
    assert "100,000 people in all. 100,000 were called so far; 75,000 of them were reached (75%)." in page
