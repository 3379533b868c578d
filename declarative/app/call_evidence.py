"""On whose word a person was called, at what hour of their own, and whether that was allowed: what the lock keeps of
each batch and call, beside the time that the provider tells. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

import orjson
import polars as pl

from declarative.model.calling_hours import RECIPIENT, CallingHours, is_open
from declarative.model.history import Origin
from declarative.model.hours_json import decode_hours
from declarative.model.lock import RemoteRecord
from declarative.model.zones import are_known, with_zones
from declarative.planning.facts import Observation

_TIME = pl.Datetime("us", "UTC")
EVIDENCE_COLUMNS = ("zone", "called_at_local", "within_hours", "run", "commit")
"""What a person may ask of a call.

- `zone`: the person's zones, with spaces between; null where none is known any more.
- `called_at_local`: RFC 3339 by the clock there; null where several zones differ at that moment.
- `within_hours`: by the calling hours under which the request was sent; null where no time or zone is known any more.
- `run`, `commit`: that sent the request; null for what an earlier version sent, or was found by its mark alone.
"""
EVIDENCE_SCHEMA: dict[str, pl.DataType | type[pl.DataType]] = {
    **dict.fromkeys(EVIDENCE_COLUMNS, pl.String),
    "within_hours": pl.Boolean,
    "sent_at": _TIME,
    "later_run": pl.String,
}
"""EVIDENCE_COLUMNS, and two that are not shown: `sent_at`, when the request was sent, and `later_run`, which retried
the batch and may have called the person too, where no time of their last call tells."""
_ORIGIN = ("run", "commit", "hours", "sent_at")
_ORIGIN_SCHEMA = {"address": pl.String, "remote": pl.String} | {
    f"{kind}{name}": _TIME if name == "sent_at" else pl.String for kind in ("", "retry_") for name in _ORIGIN
}


def add_evidence(rows: pl.DataFrame, observations: Sequence[Observation]) -> pl.DataFrame:
    """Add the columns of EVIDENCE_SCHEMA to rows with `address`, `number`, `remote`, `data` and `called_at`."""
    origins = pl.DataFrame(list(_list_origins(observations)), schema=_ORIGIN_SCHEMA, orient="row")
    frame = rows.join(origins, on=["address", "remote"], how="left", maintain_order="left")
    is_of_retry = (pl.col("called_at") >= pl.col("retry_sent_at")).fill_null(False)
    frame = frame.with_columns(
        pl.when(pl.col("called_at").is_null()).then("retry_run").alias("later_run"),
        *(pl.when(is_of_retry).then(f"retry_{name}").otherwise(name).alias(name) for name in _ORIGIN),
    )
    frame = _add_zones(frame)
    frame = frame.with_columns(_within_hours(frame), _local_times(frame))
    return frame.select(*rows.columns, *EVIDENCE_SCHEMA)


def _list_origins(observations: Sequence[Observation]) -> Iterator[tuple[object, ...]]:
    for observation in observations:
        for remote_id, record in observation.facts.resource_record.remotes.items():
            sent_at = record.origin.at if record.origin else record.created_at
            first, retry = _origin_cells(record.origin, sent_at), _origin_cells(*_find_retry(record))
            yield (observation.facts.address, remote_id, *first, *retry)


def _find_retry(record: RemoteRecord) -> tuple[Origin | None, datetime | None]:
    return record.retried, record.retried.at if record.retried else None


def _origin_cells(origin: Origin | None, sent_at: datetime | None) -> tuple[object, ...]:
    if origin is None:
        return (None, None, None, sent_at)
    return (origin.run, origin.commit, orjson.dumps(dict(origin.hours)).decode(), sent_at)


def _add_zones(frame: pl.DataFrame) -> pl.DataFrame:
    """Add `zone`. Under hours that name a column, it is what the person's own data say; without these data it is not
    known any more."""
    column_by_hours = {text: hours.column if hours else None for text, hours in _all_hours(frame).items()}
    frame = frame.with_row_index("row").with_columns(
        pl.col("hours").replace_strict(column_by_hours, default=None, return_dtype=pl.String).alias("zone_column")
    )
    parts = [frame.clear().with_columns(pl.lit(None, dtype=pl.String).alias("zone"))]
    for (column,), part in frame.partition_by("zone_column", as_dict=True).items():
        known = part if column is None else part.filter(pl.col("data").is_not_null())
        zones = with_zones(known.select("row", "number", pl.col("data").alias("payload")), _text(column))
        zones = zones.select("row", pl.when(pl.col("zones") != "").then("zones").alias("zone"))
        parts.append(part.join(zones, on="row", how="left"))
    return pl.concat(parts).sort("row")


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _all_hours(frame: pl.DataFrame) -> dict[str, CallingHours | None]:
    return {text: decode_hours(orjson.loads(text)) for text in frame.get_column("hours").drop_nulls().unique()}


def _within_hours(frame: pl.DataFrame) -> pl.Series:
    """Whether each call was allowed. Equal hours, zones and minutes are judged once: windows begin at whole minutes."""
    keys = ["hours", "zone", "minute"]
    frame = frame.with_columns(pl.col("called_at").dt.truncate("1m").alias("minute"))
    judged = frame.select(keys).unique().drop_nulls(["hours", "minute"])
    all_hours = _all_hours(frame)
    verdicts = [_is_within(all_hours[hours], zone, minute) for hours, zone, minute in judged.iter_rows()]
    table = judged.with_columns(pl.Series("within_hours", verdicts, dtype=pl.Boolean))
    return frame.join(table, on=keys, how="left", nulls_equal=True, maintain_order="left").get_column("within_hours")


def _is_within(hours: CallingHours | None, zone: str | None, moment: datetime) -> bool | None:
    if hours is None:
        return True
    if hours.zone != RECIPIENT:
        return is_open(hours, [hours.zone], moment)
    return is_open(hours, zone.split(), moment) if zone and are_known(zone) else None


def _local_times(frame: pl.DataFrame) -> pl.Series:
    """The time of each call by the clock of its zone."""
    pairs = frame.select("zone", "called_at").unique().drop_nulls()
    texts = [_local_time(zone, moment) for zone, moment in pairs.iter_rows()]
    table = pairs.with_columns(pl.Series("called_at_local", texts, dtype=pl.String))
    joined = frame.join(table, on=["zone", "called_at"], how="left", maintain_order="left")
    return joined.get_column("called_at_local")


def _local_time(zones: str, moment: datetime) -> str | None:
    if not are_known(zones):
        return None
    texts = {moment.astimezone(ZoneInfo(zone)).isoformat(timespec="seconds") for zone in zones.split()}
    return texts.pop() if len(texts) == 1 else None
