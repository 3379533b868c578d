"""Which rows of a file are taken: where, duplicates, invalid, default_region, sha256; and what is counted of others."""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

import polars as pl
import pytest
import xlsxwriter

from ..project_fixture import CALL_HEAD, FROM, HEAD, PERSON, PROJECT, ProjectFolder, people_of

ROWS: list[dict[str, object]] = [
    {"to_number": "+14155550141", "consent": "yes", "age": "3"},
    {"to_number": "+14155550142", "consent": " yes", "age": "4"},
    {"to_number": "+14155550143", "consent": "no", "age": "3"},
    {"to_number": "ask Ada", "consent": "yes", "age": "3"},
    {"to_number": "+1 415 555 0141", "consent": "yes", "age": "5"},
]


def put_rows(folder: ProjectFolder, name: str, rows: list[dict[str, object]]) -> None:
    path = folder.directory / name
    frame = pl.DataFrame(rows)
    match path.suffixes[0]:
        case ".csv":
            text = frame.write_csv().encode()
        case ".jsonl":
            text = "".join(json.dumps(row) + "\n" for row in rows).encode()
        case ".json":
            text = json.dumps(rows, indent=1).encode()
        case ".parquet":
            frame.write_parquet(path)
            return
        case _:
            put_workbook(path, {"People": [list(frame.columns), *map(list, frame.iter_rows())]})
            return
    path.write_bytes(gzip.compress(text) if name.endswith(".gz") else text)


def put_workbook(path: Path, sheets: Mapping[str, list[list[object]]], at: tuple[int, int] = (0, 0)) -> None:
    with xlsxwriter.Workbook(path) as workbook:
        for name, rows in sheets.items():
            sheet = workbook.add_worksheet(name)
            for index, row in enumerate(rows):
                sheet.write_row(at[0] + index, at[1], row)


FILES = ["r.csv", "r.csv.gz", "r.jsonl", "r.jsonl.gz", "r.json", "r.parquet", "r.xlsx"]


@pytest.mark.parametrize("name", FILES)
def test_each_format_counts_the_rows_that_it_leaves_out(folder: ProjectFolder, name: str) -> None:
    put_rows(folder, name, ROWS)
    choice = "where: {consent: yes, age: {not: [4]}}, invalid: skip, duplicates: first"
    batch = folder.batch(f"  recipients_from: [{{file: {name}, {choice}, metadata: [age]}}]\n")
    assert people_of(batch) == {"+14155550141": {"metadata": {"age": "3"}}}
    assert batch.recipients.excluded_counts == {"invalid_number": 1, "duplicate": 1, "not_selected": 2}
    folder.load(cache=folder.cache)
    known = folder.load(cache=folder.cache).resources["batch/b"].recipients
    assert known.excluded_counts == batch.recipients.excluded_counts


@pytest.mark.parametrize("name", FILES)
def test_without_a_choice_each_row_is_called_or_an_error(folder: ProjectFolder, name: str) -> None:
    put_rows(folder, name, ROWS)
    folder.put({"project.yaml": PROJECT, "b.yaml": HEAD + f"  recipients_from: [{{file: {name}}}]\n"})
    bad, twice = folder.problems()
    assert 'found "ask Ada"' in bad + twice
    assert "the same number twice: +1415•••0141" in bad + twice


def test_the_first_of_a_number_may_stand_in_the_manifest_or_an_earlier_file(folder: ProjectFolder) -> None:
    folder.put({"a.csv": "to_number,n\n+14155550101,1\n+14155550102,2\n", "c.csv": "to_number,n\n+14155550102,3\n"})
    entries = "  recipients_from: [{file: a.csv, duplicates: first}, {file: c.csv, duplicates: first}]\n"
    batch = folder.batch(PERSON + entries)
    assert people_of(batch) == {"+14155550101": {}, "+14155550102": {"metadata": {"n": "2"}}}
    assert batch.recipients.excluded_counts == {"duplicate": 2}


def test_json_values_are_compared_as_json_writes_them(folder: ProjectFolder) -> None:
    rows = [{"to_number": f"+1415555010{n}", "a": value} for n, value in enumerate([1, True, None, "1", 1.5])]
    put_rows(folder, "r.jsonl", rows)
    batch = folder.batch("  recipients_from: [{file: r.jsonl, where: {a: [1, true]}}]\n")
    assert list(people_of(batch)) == ["+14155550100", "+14155550101", "+14155550103"]


@pytest.mark.parametrize(("name", "step"), [("r.csv", 5), ("r.jsonl", 5)])
def test_a_column_of_where_must_exist(folder: ProjectFolder, name: str, step: int) -> None:
    put_rows(folder, name, ROWS)
    spec = f"  recipients_from: [{{file: {name}, where: {{consnt: yes}}, invalid: skip, duplicates: first}}]\n"
    folder.put({"project.yaml": PROJECT, "b.yaml": HEAD + spec})
    [reported] = folder.problems()
    assert '"consnt"' in reported
    assert '(did you mean "consent"?)' in reported


@pytest.mark.parametrize(
    "project",
    [
        PROJECT.replace("defaults: {provider: cartesia}", "defaults: {provider: cartesia, default_region: FR}"),
        PROJECT.replace("from_number_id: ap_1}", "from_number_id: ap_1, default_region: FR}", 1),
    ],
)
def test_a_default_region_holds_for_files_the_manifest_and_calls(folder: ProjectFolder, project: str) -> None:
    folder.put({"project.yaml": project, "r.csv": "to_number\n06 39 98 00 45\n+14155550101\n"})
    folder.put({"b.yaml": f"{HEAD}  recipients: [{{to_number: 06.39.98.00.46}}]\n{FROM}"})
    folder.put({"c.yaml": CALL_HEAD + "  to_number: 06 39 98 00 47\n"})
    batch, call = folder.load().resources.values()
    assert list(people_of(batch)) == ["+33639980046", "+33639980045", "+14155550101"]
    assert list(people_of(call)) == ["+33639980047"]


def test_an_entry_has_its_own_region_and_a_wrong_one_is_an_error(folder: ProjectFolder) -> None:
    spec = "  recipients_from: [{file: r.csv, default_region: US}]\n"
    assert list(people_of(folder.batch(spec, **{"r.csv": "to_number\n(415) 555-0101\n"}))) == ["+14155550101"]
    folder.put({"b.yaml": HEAD + spec.replace("US", "UK")})
    assert folder.problems() == [
        'b.yaml:5:51: spec.recipients_from[0].default_region: no phone number belongs to a country "UK" '
        '(did you mean "GB"?)'
    ]


def test_a_file_of_another_digest_is_refused_with_the_digest_found(folder: ProjectFolder) -> None:
    text = "to_number\n+14155550101\n"
    digest = hashlib.sha256(text.encode()).hexdigest()
    spec = f"  recipients_from: [{{file: r.csv, sha256: {digest}}}]\n"
    assert folder.batch(spec, **{"r.csv": text}).recipients.count == 1
    folder.put({"r.csv": text + "+14155550102\n"})
    [reported] = folder.problems()
    assert reported.startswith("b.yaml:5:43: spec.recipients_from[0].sha256: r.csv has other content than was agreed")
    assert hashlib.sha256((text + "+14155550102\n").encode()).hexdigest() in reported


def test_a_workbook_is_read_where_its_rows_are_and_dates_as_iso(folder: ProjectFolder) -> None:
    people = [["to_number", "n", "x"], ["+14155550101", 3.0, True], [], [14155550102, 3.1, ""]]
    put_workbook(folder.directory / "r.xlsx", {"Notes": [["x"]], "People": people}, at=(2, 1))
    spec = "  recipients_from: [{file: r.xlsx, sheet: People, default_region: US}]\n"
    assert people_of(folder.batch(spec)) == {
        "+14155550101": {"metadata": {"n": "3", "x": "true"}},
        "+14155550102": {"metadata": {"n": "3.1", "x": ""}},
    }
    folder.put({"b.yaml": HEAD + spec.replace(", default_region: US", "")})
    [reported] = folder.problems()
    assert reported.startswith('r.xlsx:6:2: to_number: found "1415•••0102", without + and country code')
    folder.put({"b.yaml": HEAD + spec.replace("People", "Peple")})
    [reported] = folder.problems()
    assert 'r.xlsx has no sheet "Peple" (did you mean "People"?)' in reported


def test_numbers_that_are_possible_and_not_assigned_are_counted_in_a_warning(folder: ProjectFolder) -> None:
    text = "to_number\n+14155550101\n+447700900123\n+11115550101\n"
    [warning] = folder.batch(FROM, **{"r.csv": text}).recipients.warnings
    assert warning.startswith("2 numbers are possible, but not assigned")
    [warning] = folder.batch("  recipients: [{to_number: +447700900123}]\n").recipients.warnings
    assert warning.startswith("1 number is possible")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('[{"to_number": "+14155550101"}', "r.json:1:31: not JSON"),
        ('[{"to_number": "+14155550101"},]', "r.json:1:32: not JSON"),
        ('[{"to_number": "+14155550101"}] x', "r.json:1:32: not JSON"),
        ('{"to_number": "+14155550101"}', "r.json: is no JSON array (a .json file holds an array of objects)"),
        ('[{"to_number": "+14155550101"},\n 5]', "r.json:2:1: found the number 5, expected an object"),
        ('[\n{"to_number": "+14155550101", "a": 1, "a": 2}]', 'r.json:2:1: "a" is given twice'),
        ("[]", "r.json: contains no one"),
        ("[" * 100_000, "r.json:1:1: nested too deeply"),
        ('[{"to_number": "+14155550101", "a": 123456789012345678901}]', "is too large; in quotes it is text"),
    ],
)
def test_what_is_wrong_with_a_json_array(folder: ProjectFolder, text: str, words: str) -> None:
    folder.put({"project.yaml": PROJECT, "b.yaml": HEAD + FROM.replace("csv", "json"), "r.json": text})
    [reported] = folder.problems()
    assert words in reported


def test_an_array_under_the_name_of_json_lines_is_told(folder: ProjectFolder) -> None:
    text = json.dumps([{"to_number": "+14155550101"}], indent=2)
    folder.put({"project.yaml": PROJECT, "b.yaml": HEAD + FROM.replace("csv", "jsonl"), "r.jsonl": text})
    assert folder.problems() == ["r.jsonl: holds an array (one object a line is wanted; an array is named .json)"]


def test_an_error_of_a_spreadsheet_is_no_empty_cell(folder: ProjectFolder) -> None:
    with xlsxwriter.Workbook(folder.directory / "r.xlsx") as workbook:
        workbook.add_worksheet("Notes").write_formula(0, 0, "=1/0", None, "#DIV/0!")
        sheet = workbook.add_worksheet("People")
        sheet.write_row(0, 0, ["to_number", "n", "spare"])
        sheet.write_row(1, 0, ["+14155550101", "a"])
        sheet.write_formula(1, 2, "=NA()", None, "#N/A")
        sheet.write_row(2, 0, ["+14155550102", "b"])
    spec = "  recipients_from: [{file: r.xlsx, sheet: People, metadata: [n]}]\n"
    assert len(people_of(folder.batch(spec))) == 2
    folder.put({"b.yaml": HEAD + spec.replace("[n]", "[spare]")})
    assert folder.problems() == [
        'r.xlsx:2:3: "#N/A", an error of the spreadsheet (correct the formula, or clear the cell)'
    ]


@pytest.mark.parametrize("name", ["r.csv", "r.jsonl"])
@pytest.mark.parametrize("column", ["do_not_call", "Do Not Call", "DNC", "consent", "optedOut"])
def test_a_column_that_tells_who_may_be_called_is_not_overlooked(folder: ProjectFolder, name: str, column: str) -> None:
    put_rows(folder, name, [{"to_number": "+14155550101", column: "Y"}, {"to_number": "+14155550102", column: "N"}])
    spec = f"  recipients_from: [{{file: {name}}}]\n"
    [warning] = folder.batch(spec).recipients.warnings
    assert warning.startswith(f'{name} has a column "{column}", and its rows are called whatever it says')
    batch = folder.batch(spec.replace("}", f", where: {{{column}: N}}}}"))
    assert batch.recipients.warnings == ()
    assert list(people_of(batch)) == ["+14155550102"]
