"""Rows of results as a table, CSV and JSON lines, and the file they are written to."""

from __future__ import annotations

import csv
import io
import json
import stat
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from declarative.report import results

ADA = "+14155550101"


def frame(**changes: Any) -> pl.DataFrame:
    row = {
        "address": "batch/march",
        "number": ADA,
        "standing": "dialed",
        "outcome": "reached",
        "attempts": 1,
        "attempts_at_most": 1,
        "call_id": "ac_1",
        "data": '{"metadata":{"plan":"basic"}}',
        "note": None,
    }
    schema = {"attempts": pl.Int64, "attempts_at_most": pl.Int64, "note": pl.String}
    return pl.DataFrame([row | changes], schema_overrides=schema)


def test_masking_touches_the_numbers_alone() -> None:
    [row] = results.mask_numbers(frame()).to_dicts()
    assert row["number"] == "+1415•••0101"
    assert row | {"number": ADA} == frame().to_dicts()[0]


def test_numbers_in_somebodys_own_data_are_masked_as_the_number_itself_is() -> None:
    data = json.dumps({"metadata": {"mobile": ADA, "other": 14155550102, "zip": "10115", "age": 40, "old": [ADA]}})
    [row] = results.mask_numbers(frame(data=data, error=f"cannot call {ADA}")).to_dicts()
    masked = "+1415•••0101"
    assert json.loads(row["data"])["metadata"] == {
        "mobile": masked,
        "other": "1415•••0102",
        "zip": "10115",
        "age": 40,
        "old": [masked],
    }
    assert row["error"] == f"cannot call {masked}"


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("=HYPERLINK(1)", "'=HYPERLINK(1)"),
        ("@SUM(1)", "'@SUM(1)"),
        ("+cmd|' /C calc'!A0", "'+cmd|' /C calc'!A0"),
        ("-2+3", "'-2+3"),
        (" =1", "' =1"),
        ("\t=1", "'\t=1"),
        ("＝1", "'＝1"),
        (ADA, ADA),
        ("+1415•••0101", "+1415•••0101"),
        ("+1 (415) 555-0101", "+1 (415) 555-0101"),
        ("-12.50", "-12.50"),
        ("a=1", "a=1"),
        ("", ""),
    ],
)
def test_a_spreadsheet_runs_no_cell_of_a_csv_and_reads_numbers_as_numbers(text: str, written: str) -> None:
    lines = results.render_results(frame(outcome=text), "csv")
    [row] = csv.DictReader(io.StringIO(lines))
    assert row["outcome"] == written
    assert (row["attempts"], row["number"]) == ("1", ADA)


def test_attempts_that_are_only_bounded_are_said_to_be_at_most() -> None:
    table = results.render_results(frame(attempts=None, attempts_at_most=2), "table")
    heading, row = table.splitlines()
    assert heading.split() == ["number", "standing", "outcome", "attempts", "call_id", "address"]
    assert row.split() == [ADA, "dialed", "reached", "at", "most", "2", "ac_1", "batch/march"]


def test_a_table_shows_no_control_characters_of_a_provider() -> None:
    assert "\x1b" not in results.render_results(frame(outcome="\x1b[31mbusy"), "table")


def test_a_json_line_holds_data_as_a_value() -> None:
    row = json.loads(results.render_results(frame(), "jsonl"))
    assert (row["data"], row["note"]) == ({"metadata": {"plan": "basic"}}, None)


@pytest.mark.parametrize(
    ("name", "layout"), [("a.jsonl", "jsonl"), ("a.NDJSON", "jsonl"), ("a.csv", "csv"), ("a.json", "csv"), ("a", "csv")]
)
def test_the_ending_of_a_file_chooses_its_layout(name: str, layout: str) -> None:
    assert results.layout_for(Path(name)) == layout


def test_a_file_of_results_is_its_owners_alone_even_where_one_was_there(tmp_path: Path) -> None:
    path = tmp_path / "results.csv"
    path.write_text("an older and much longer file\n" * 100)
    path.chmod(0o644)
    results.write_results(frame(), "csv", path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.read_text() == results.render_results(frame(), "csv") + "\n"


def test_a_file_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="nowhere") as raised:
        results.write_results(frame(), "csv", tmp_path / "nowhere" / "results.csv")
    assert raised.value.filename == str(tmp_path / "nowhere" / "results.csv")
