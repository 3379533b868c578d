"""CSV is read as RFC 4180 says and not otherwise: the reading agrees with a strict reader, written here by itself."""

from __future__ import annotations

import json
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from declarative.manifest.document import Document
from declarative.manifest.problems import ProblemCollector
from declarative.manifest.recipients import csv_file
from declarative.manifest.recipients.csv_file import open_csv, read_csv
from declarative.manifest.recipients.csv_grammar import cut_rows, is_strict, read_rows
from declarative.manifest.recipients.do_not_call import load_suppressed_numbers
from declarative.manifest.recipients.fields import PersonSchema
from declarative.manifest.recipients.file_rows import join_rows
from declarative.manifest.recipients.source import Source, UnreadableFile
from declarative.manifest.recipients.tables import load_recipients
from declarative.model.digest import PersonKey
from declarative.model.numbers import normalize_numbers

HEADER = "to_number,a,b\n"
WIDTH = 3


def strict_rows(text: str) -> list[list[str]] | None:
    """The rows of a text by RFC 4180, one character at a time, without empty lines; None for a text that is not
    strict."""
    rows: list[list[str]] = []
    cells: list[str] = []
    place = 0
    while place < len(text):
        cell = ""
        if not cells and (line_end := next((end for end in ("\n", "\r\n") if text.startswith(end, place)), "")):
            place += len(line_end)
            continue
        if text[place] == '"':
            place += 1
            while True:
                if place >= len(text):
                    return None
                if text[place] != '"':
                    cell += text[place]
                elif text[place + 1 : place + 2] == '"':
                    cell += '"'
                    place += 1
                else:
                    break
                place += 1
            place += 1
        else:
            while place < len(text) and text[place] not in ',"\r\n':
                cell += text[place]
                place += 1
        cells.append(cell)
        if text[place : place + 1] == ",":
            place += 1
            if place < len(text):
                continue
            cells.append("")
        if text.startswith("\r\n", place):
            place += 2
        elif text.startswith("\n", place):
            place += 1
        elif place < len(text):
            return None
        rows.append(cells)
        cells = []
    return rows


def accepted_rows(text: str) -> list[list[str]] | None:
    """Rows with some text, of a text whose rows are strict and of one width; None for others."""
    rows = strict_rows(text)
    if rows is None or any(len(row) != WIDTH for row in rows):
        return None
    return [row for row in rows if any(row)]


def source_of(directory: str, text: str, *, suppresses: bool = False) -> Source:
    path = Path(directory, "r.csv")
    path.write_bytes(text.encode())
    document = Document(path, "b.yaml", {}, None)  # type: ignore[arg-type]  # no problem of the manifest is made here
    schema = PersonSchema(() if suppresses else ("metadata",), "cartesia")
    list_name = "list.csv" if suppresses else ""
    return Source(path, "to_number", document, (), schema, rest_field="metadata", list_name=list_name)


CELLS = st.text(alphabet='a+1 é\t;"\n\r,', max_size=5) | st.sampled_from(
    ["", '""', '"a"', '"a,b"', '"\n"', '"a""b"', "x"]
)
ROWS = st.lists(CELLS, min_size=1, max_size=4).map(",".join)
TEXTS = st.lists(st.tuples(ROWS, st.sampled_from(["\n", "\r\n", "\n\n", "\r", "\r\r\n"])), max_size=6).map(
    lambda rows: "".join(row + end for row, end in rows)
) | st.text(alphabet='a1,"\n\r', max_size=20)


def _read(directory: str, text: str) -> pl.DataFrame:
    return pl.concat(read_csv(open_csv(source_of(directory, text)), ["to_number", "a", "b"]))


@settings(max_examples=1000, deadline=None)
@given(text=TEXTS)
@example(text='1,"a\n2,b,"c",\n')
@example(text='1,a,"b" \n')
@example(text="1,a,b\r\r\n")
@example(text="1\n")
def test_reading_agrees_with_a_strict_reader(text: str) -> None:
    expected = accepted_rows(text)
    with TemporaryDirectory() as directory:
        try:
            rows = _read(directory, HEADER + text).rows()
        except UnreadableFile:
            assert expected is None, text
            return
    assert expected is not None, text
    assert [list(row) for row in rows] == expected


NUMBERS = st.sampled_from(
    [
        "+14155550101",
        "+1 (415) 555-0102",
        '"+14155550103"',
        "+44 (0)7700 900123",
        '"+1 415\n555 0104"',
        "x",
        "415 555",
        '"a',
    ]
)
LISTS = st.lists(
    st.tuples(NUMBERS, ROWS, st.sampled_from(["\n", "\r\n", "\n,,\n", "\r"])).map(
        lambda row: f"{row[0]},{row[1]}{row[2]}"
    ),
    max_size=5,
).map("".join)


@settings(max_examples=500, deadline=None)
@given(text=LISTS)
@example(text='+14155550101,"a\n2,b,"c",\n')
@example(text='+14155550101,a 12" disc,b\n+14155550102,a 10" disc,c\n')
@example(text="+14155550101,a,b\r+14155550102,c,d\n")
def test_lists_of_people_and_do_not_call_lists_agree_with_a_strict_reader(text: str) -> None:
    """Every row of a list that is accepted is a person; of every do-not-call list each row protects one."""
    people_problems, suppressed_problems = ProblemCollector(), ProblemCollector()
    with TemporaryDirectory() as directory:
        people = load_recipients(source_of(directory, HEADER + text), people_problems)
        source = source_of(directory, HEADER + text, suppresses=True)
        suppressed = load_suppressed_numbers(source, suppressed_problems, PersonKey(None))
    rows = accepted_rows(text)
    if rows is None:
        assert [str(problem) for problem in people_problems] == [str(problem) for problem in suppressed_problems] != []
        return
    numbers = normalize_numbers([row[0] for row in rows])
    good = [(number, {"a": row[1], "b": row[2]}) for number, row in zip(numbers, rows, strict=True) if number]
    assert [
        (number, json.loads(payload)["metadata"]) for number, payload in join_rows([people.rows]).frame.rows()
    ] == good
    assert people_problems.is_empty is (len(good) == len(rows) > 0)
    assert suppressed.matches(pl.Series([number for number, _ in good], dtype=pl.String)).all()
    assert not suppressed_problems.is_empty or suppressed.numbers.len() + suppressed.endings.len() >= len(set(numbers))


@settings(max_examples=500, deadline=None)
@given(text=TEXTS)
def test_the_quick_check_agrees_with_the_grammar(text: str) -> None:
    assert is_strict(text.encode(), b",", WIDTH) is (accepted_rows(text) is not None)
    if is_strict(text.encode(), b",", WIDTH):
        rows = [row.cells for row in read_rows(text.encode(), b",") if row.cells != [""]]
        assert rows == strict_rows(text)


@settings(max_examples=500, deadline=None)
@given(text=TEXTS, size=st.integers(1, 30))
@example(text='1,"a\n2,b",c\n1,2,3\n', size=4)
@example(text='1,"a\n2,b,"c",\n', size=4)
def test_a_text_is_strict_if_its_parts_are(text: str, size: int) -> None:
    data = text.encode()
    parts = list(cut_rows(data, 0, size))
    assert b"".join(parts) == data
    assert all(is_strict(part, b",", WIDTH) for part in parts) == is_strict(data, b",", WIDTH)
    if is_strict(data, b",", WIDTH):
        rows = [row.cells for part in parts for row in read_rows(part, b",")]
        assert rows == [row.cells for row in read_rows(data, b",")]


@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_a_large_file_with_quotes_is_read_row_by_row(
    line_end: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(csv_file, "_PART", 100_000)
    # Large enough to be read in several parts: no part may begin within a cell.
    rows = [f'+1415555{number:04},"a{line_end}, ""{number}""",{number}' for number in range(60_000)]
    text = HEADER + line_end.join(rows)
    frame = _read(str(tmp_path), text)
    assert frame.height == 60_000
    assert frame.get_column("b").to_list() == [str(number) for number in range(60_000)]
    assert frame.item(59_999, "a") == f'a{line_end}, "59999"'
