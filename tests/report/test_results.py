"""Rows of results in every layout, and the file they are written to."""

from __future__ import annotations

import csv
import io
import json
import stat
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from python_calamine import CalamineWorkbook

from declarative.app.call_evidence import EVIDENCE_COLUMNS
from declarative.app.results import RESULT_SCHEMA
from declarative.errors import UsageError
from declarative.report import results

ADA = "+14155550101"
CALLED_AT = datetime(2026, 12, 1, 16, 0, 5, tzinfo=UTC)
PLAIN = [
    "address",
    "number",
    "standing",
    "outcome",
    "reached",
    "attempts",
    "attempts_at_most",
    "called_at",
    "duration_seconds",
    "call_id",
    "error",
]


def frame(*people: dict[str, Any], **changes: Any) -> pl.DataFrame:
    row = {
        "address": "batch/march",
        "number": ADA,
        "standing": "dialed",
        "outcome": "dial_no_answer",
        "reached": False,
        "attempts": 1,
        "attempts_at_most": 1,
        "called_at": CALLED_AT,
        "duration_seconds": 70,
        "call_id": "ac_1",
        "data": '{"metadata":{"plan":"basic"}}',
    }
    return pl.DataFrame([row | changes | person for person in people or [{}]], schema=RESULT_SCHEMA)


def with_data(**fields: object) -> pl.DataFrame:
    return frame(data=json.dumps(fields))


def read_csv(table: pl.DataFrame) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(results.render_results(table, "csv"))))


def test_the_persons_own_data_and_what_was_returned_follow_the_plain_columns() -> None:
    note = {"result": {"confirmed": True, "next": {"on": "2027-01-05"}}, "result_status": "completed"}
    table = frame(data=json.dumps({"metadata": {"plan": "basic", "seats": 3}}), note=json.dumps(note))
    [row] = read_csv(table)
    assert list(row) == [*PLAIN, "plan", "seats", "result.confirmed", "result.next", *EVIDENCE_COLUMNS]
    assert list(row.values())[len(PLAIN) : -len(EVIDENCE_COLUMNS)] == ["basic", "3", "true", '{"on":"2027-01-05"}']
    [line] = map(json.loads, results.render_results(table, "jsonl").splitlines())
    assert list(line) == list(row)
    assert (line["seats"], line["result.next"]) == (3, {"on": "2027-01-05"})


def test_a_key_that_could_be_two_things_names_its_field() -> None:
    table = with_data(metadata={"plan": "a", "number": "b", "result.x": "c"}, context={"plan": "d", "tier": "e"})
    [row] = read_csv(table)
    assert [*row][len(PLAIN) : -len(EVIDENCE_COLUMNS)] == [
        "metadata.plan",
        "metadata.number",
        "metadata.result.x",
        "context.plan",
        "tier",
    ]
    assert row["number"] == ADA


def test_a_key_that_looks_like_a_named_field_loses_nothing() -> None:
    table = with_data(metadata={"plan": "a", "metadata.plan": "b"}, context={"plan": "c"})
    assert [*read_csv(table)[0].values()][len(PLAIN) : -len(EVIDENCE_COLUMNS)] == ["a", "b", "c"]


def test_people_without_a_value_have_an_empty_cell() -> None:
    rows = read_csv(frame({}, {"data": '{"metadata":{"seats":2}}'}, {"data": None}))
    assert [(row["plan"], row["seats"]) for row in rows] == [("basic", ""), ("", "2"), ("", "")]


def test_a_variable_that_came_back_as_it_was_sent_is_no_result() -> None:
    data, back = {"dynamic_variables": {"name": "Ada"}}, {"name": "Ada", "appointment": "monday"}
    [row] = read_csv(frame(data=json.dumps(data), note=json.dumps({"result": back})))
    assert [*row][len(PLAIN) : -len(EVIDENCE_COLUMNS)] == ["name", "result.appointment"]


def test_an_extraction_that_failed_says_so() -> None:
    note = {"answered_by": "machine", "result_status": "failed", "result_error": "empty transcript"}
    [row] = read_csv(frame(note=json.dumps(note)))
    assert {name: row[name] for name in row if name.startswith("result.")} == {
        "result.answered_by": "machine",
        "result.error": "empty transcript",
        "result.status": "failed",
    }


@pytest.mark.parametrize(("layout", "word"), [("csv", "no answer"), ("jsonl", "dial_no_answer")])
def test_outcomes_have_our_words_for_people_and_the_providers_for_machines(layout: str, word: str) -> None:
    assert f"{word}" in results.render_results(frame(), layout)
    assert ("dial_no_answer" in results.render_results(frame(), layout)) is (layout == "jsonl")


def test_people_are_kept_by_outcome_in_either_word() -> None:
    table = frame({}, {"outcome": "dial_busy"}, {"outcome": None})
    assert results.keep_outcomes(table, ["no answer"]).height == 1
    assert results.keep_outcomes(table, ["dial_busy", "no answer"]).height == 2
    assert results.keep_outcomes(table, ["completed"]).height == 0
    with pytest.raises(UsageError, match='no call ends as "no anwser"'):
        results.keep_outcomes(table, ["no anwser"])


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
    "written",
    ["07700 900123", "0171/123 45 67", "(0)30 1234 5678", "+49 (0)171 1234567", "tel:4155550101", 14155550101.5],
)
def test_a_number_in_somebodys_own_data_is_masked_however_it_is_written(written: str | float) -> None:
    data = json.dumps({"metadata": {"mobile": written, "old": [{"note": f"call {written}!"}]}})
    [row] = results.mask_numbers(frame(data=data)).to_dicts()
    assert "•••" in json.loads(row["data"])["metadata"]["mobile"]
    assert row["data"].count("•••") == 2


@pytest.mark.parametrize(
    "value", ["2026-12-01T16:00:00Z", "cust_123", "10115", 40, 0.8571428571428571, 3.5, None, True]
)
def test_what_is_no_number_in_somebodys_own_data_stays(value: object) -> None:
    [row] = results.mask_numbers(with_data(metadata={"x": value})).to_dicts()
    assert json.loads(row["data"])["metadata"] == {"x": value}


FORMULAS = [
    ("=HYPERLINK(1)", "'=HYPERLINK(1)"),
    ("@SUM(1)", "'@SUM(1)"),
    ("+cmd|' /C calc'!A0", "'+cmd|' /C calc'!A0"),
    ("-2+3", "'-2+3"),
    (" =1", "' =1"),
    ("\t=1", "'\t'=1"),
    ("＝1", "'＝1"),
    (ADA, ADA),
    ("+1415•••0101", "+1415•••0101"),
    ("+1 (415) 555-0101", "+1 (415) 555-0101"),
    ("-12.50", "-12.50"),
    ("0042", "0042"),
    ("a=1", "a=1"),
    ("a;=1+1", "a;'=1+1"),
    ("a; \t@SUM(1)", "a; \t'@SUM(1)"),
    ("a\n-2+cmd|' /C calc'!A0", "a\n'-2+cmd|' /C calc'!A0"),
    ("=1;=2\t+HYPERLINK(1)", "'=1;'=2\t'+HYPERLINK(1)"),
    ("a; -5\n- b\n+1 (415) 555-0101; c", "a; -5\n- b\n+1 (415) 555-0101; c"),
    ("", ""),
]


@pytest.mark.parametrize(("text", "written"), FORMULAS)
def test_a_spreadsheet_runs_no_cell_of_a_csv_and_reads_numbers_as_numbers(text: str, written: str) -> None:
    [row] = read_csv(with_data(metadata={"note": text}))
    assert row["note"] == written
    assert (row["attempts"], row["number"]) == ("1", ADA)


def test_a_spreadsheet_runs_no_heading_of_a_csv() -> None:
    table = with_data(metadata={"=1+1": "a", "'=1+1": "b"})
    assert results.render_results(table, "csv").splitlines()[0].split(",zone")[0].endswith(",error,'=1+1,'=1+1")


def test_a_workbook_holds_text_as_text_numbers_as_numbers_and_times_as_times(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    metadata = {"note": "=1+1", "seats": 3, "code": "0042", "account": 12345678901234567}
    results.write_results(with_data(metadata=metadata), "xlsx", path)
    heading, row = CalamineWorkbook.from_path(str(path)).get_sheet_by_index(0).to_python()
    cells = dict(zip(heading, row, strict=True))
    assert heading == [*PLAIN, *metadata, *EVIDENCE_COLUMNS]
    assert {name: cells[name] for name in metadata} == metadata | {"seats": 3.0, "account": "12345678901234567"}
    assert (cells["number"], cells["outcome"], cells["reached"]) == (ADA, "no answer", False)
    assert cells["called_at"] == CALLED_AT.replace(tzinfo=None)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_parquet_file_keeps_types_and_the_providers_words(tmp_path: Path) -> None:
    results.write_results(frame(), "parquet", tmp_path / "a.parquet")
    read = pl.read_parquet(tmp_path / "a.parquet")
    assert read.row(0, named=True) == {
        **dict.fromkeys((*PLAIN, *EVIDENCE_COLUMNS)),
        **frame().drop("data", "note", "is_due", "sent_at", "later_run").row(0, named=True),
    } | {"plan": "basic"}


def test_times_are_in_the_display_zone_and_say_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(results.humanize, "display_zone_name", lambda: "America/New_York")
    [row] = read_csv(frame())
    assert row["called_at"] == "2026-12-01T11:00:05-05:00"
    assert "2026-12-01 11:00 EST" in results.render_results(frame(), "table")
    assert json.loads(results.render_results(frame(), "jsonl"))["called_at"] == "2026-12-01T16:00:05Z"


def test_a_table_leads_with_what_is_the_persons_own() -> None:
    heading, row = results.render_results(frame(), "table").splitlines()
    assert heading.split() == ["plan", "number", "standing", "outcome", "attempts", "called_at", "duration", "call_id"]
    assert row.split("  ")[0] == "basic"
    assert "1m10s" in row


def test_a_narrow_table_keeps_number_and_outcome_and_names_what_it_leaves_out() -> None:
    heading, row, note = results.render_results(frame(), "table", width=58).splitlines()
    assert heading.split() == ["plan", "number", "standing", "outcome", "attempts"]
    assert max(map(len, (heading, row))) <= 58
    assert note == "Not shown, for want of room: called_at, duration, call_id. A file has all: -o results.csv"


def test_addresses_are_told_apart_where_there_are_several() -> None:
    table = results.render_results(frame({}, {"address": "batch/april"}), "table")
    assert "address" in table.splitlines()[0].split()


def test_attempts_that_are_only_bounded_are_said_to_be_at_most() -> None:
    assert "at most 2" in results.render_results(frame(attempts=None, attempts_at_most=2), "table")


def test_a_table_shows_no_control_characters_of_a_provider() -> None:
    assert "\x1b" not in results.render_results(frame(outcome="\x1b[31mbusy"), "table")


def test_json_is_one_list_of_the_same_rows() -> None:
    table = frame({}, {"number": "+14155550102"})
    assert json.loads(results.render_results(table, "json")) == [
        json.loads(line) for line in results.render_results(table, "jsonl").splitlines()
    ]


@pytest.mark.parametrize("layout", ["table", "csv", "jsonl", "json", "xlsx", "parquet"])
def test_no_people_are_an_empty_list_in_every_layout(layout: str, tmp_path: Path) -> None:
    results.write_results(frame().clear(), layout, tmp_path / "none")
    assert (tmp_path / "none").exists()


@pytest.mark.parametrize(
    ("name", "layout"),
    [
        ("a.jsonl", "jsonl"),
        ("a.NDJSON", "jsonl"),
        ("a.csv", "csv"),
        ("a.json", "json"),
        ("a.xlsx", "xlsx"),
        ("a.parquet", "parquet"),
    ],
)
def test_the_ending_of_a_file_chooses_its_layout(name: str, layout: str) -> None:
    assert results.layout_for(Path(name)) == layout


@pytest.mark.parametrize("name", ["a", "a.xls", "a.txt"])
def test_an_unknown_ending_is_refused_with_those_that_are_known(name: str) -> None:
    with pytest.raises(UsageError) as refused:
        results.layout_for(Path(name))
    assert refused.value.hint == "known: .csv, .jsonl, .ndjson, .json, .xlsx, .parquet; or name --format"


def test_a_file_of_results_is_its_owners_alone_even_where_one_was_there(tmp_path: Path) -> None:
    path = tmp_path / "results.csv"
    path.write_text("an older and much longer file\n" * 100)
    path.chmod(0o644)
    results.write_results(frame(), "csv", path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.read_text() == results.render_results(frame(), "csv") + "\n"


def test_people_are_not_written_through_a_link(tmp_path: Path) -> None:
    """It may be committed, and lead out of the checkout."""
    (tmp_path / "results.csv").symlink_to(tmp_path / "elsewhere.csv")
    with pytest.raises(UsageError, match=r"results\.csv is a symbolic link"):
        results.write_results(frame(), "csv", tmp_path / "results.csv")
    assert not (tmp_path / "elsewhere.csv").exists()


def test_a_file_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="nowhere") as raised:
        results.write_results(frame(), "csv", tmp_path / "nowhere" / "results.csv")
    assert raised.value.filename == str(tmp_path / "nowhere" / "results.csv")


def test_a_field_that_is_one_text_is_one_column() -> None:
    [row] = read_csv(with_data(name="Ada", variableValues={"plan": "pro"}))
    assert (row["name"], row["plan"]) == ("Ada", "pro")
    [row] = read_csv(with_data(name="Ada", variableValues={"name": "A."}))
    assert (row["name.name"], row["variableValues.name"]) == ("Ada", "A.")
