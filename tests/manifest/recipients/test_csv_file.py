"""CSV files: what becomes of a cell, and why a file cannot be read."""

from __future__ import annotations

import pytest

from ..mistakes import Mistake, csv, find_problem
from ..project_fixture import FROM, HEAD, NUMBER, PROJECT, ProjectFolder, people_of


def test_csv_cells_are_text_and_never_interpreted(folder: ProjectFolder) -> None:
    text = 'to_number,zip,amount,flag,note,empty\n+14155550101,02134,1e3,true,"a ""b"", \\c\nd\t€",\n'
    batch = folder.batch(FROM, **{"r.csv": text})
    expected = {"zip": "02134", "amount": "1e3", "flag": "true", "note": 'a "b", \\c\nd\t€', "empty": ""}
    assert people_of(batch) == {"+14155550101": {"metadata": expected}}


@pytest.mark.parametrize("bom", ["", "\ufeff"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_csv_with_bom_crlf_blank_rows_and_spaces_around_numbers(folder: ProjectFolder, bom: str, line_end: str) -> None:
    lines = [f"{bom}to_number,plan", " +14155550101 , pro", "", ",", "+14155550102,basic", ""]
    batch = folder.batch(FROM, **{"r.csv": line_end.join(lines)})
    assert people_of(batch) == {
        "+14155550101": {"metadata": {"plan": " pro"}},
        "+14155550102": {"metadata": {"plan": "basic"}},
    }


@pytest.mark.parametrize(
    "text",
    [
        "to_number,plan,ref\n+14155550101,pro,1\n+14155550102,p",
        "plan,to_number\npro,+14155550101\npro,+141555501",
        "to_number\n+14155550101\n+1415555010",
    ],
)
def test_a_file_that_ends_within_its_last_row_needs_a_line_break(folder: ProjectFolder, text: str) -> None:
    folder.put({"project.yaml": PROJECT, "b.yaml": HEAD + FROM, "r.csv": text})
    [reported] = folder.problems()
    assert reported.startswith("r.csv: ends within its last row: it may be half written")
    folder.put({"r.csv": text + "\n"})
    assert folder.problems() == []


@pytest.mark.parametrize("last", ["+14155550102,pro,", '+14155550102,pro,"a, b"', "+14155550102,pro,x"])
def test_a_whole_last_row_needs_no_line_break(folder: ProjectFolder, last: str) -> None:
    assert len(people_of(folder.batch(FROM, **{"r.csv": f"to_number,plan,ref\n+14155550101,pro,1\n{last}"}))) == 2


def test_a_file_name_is_not_a_pattern(folder: ProjectFolder) -> None:
    folder.batch(FROM.replace("r.csv", '"[r].csv"'), **{"[r].csv": "to_number\n+14155550101\n", "r.csv": "x\n"})


MISTAKES = [
    csv("header only", "to_number,a\n", "r.csv: ", "has a header and no rows"),
    csv("empty file", "", "r.csv: ", "is empty"),
    csv(
        "not UTF-8",
        b"to_number,a\n+14155550101,caf\xe9\n",
        "r.csv:2:17",
        "not UTF-8: byte 0xe9 at byte position 28",
    ),
    csv("UTF-16", "to_number,a\n+14155550101,b\n".encode("utf-16"), "r.csv:1:1", "not UTF-8"),
    csv("old line ends", "to_number,a\r+14155550101,b\r", "r.csv: ", "lines end in CR alone"),
    csv("a cell too many", "to_number,a\n+14155550101,b,c\n", "r.csv:2:1", "3 cells, and the header has 2"),
    csv("quotes that do not match", 'to_number,a\n+14155550101,"b\n', "r.csv:2:1", "quotes that do not match"),
    csv("a quote within a cell", 'to_number,a\n+14155550101,b"\n', "r.csv:2:1", "a quote within a cell"),
    csv("a column twice", "to_number,a,a\n+14155550101,b,c\n", "r.csv:1:1", 'the column "a" appears twice'),
    csv(
        "CSV not E.164",
        'to_number,a\n+14155550101,b\n\n"+14155550102","x\ny"\n4155550103,c\n',
        "r.csv:6:1",
        f'to_number: found "415•••0103", {NUMBER}',
    ),
    csv("CSV empty number", "a,to_number\n1,+14155550101\n22,\n", "r.csv:3:4", f"found no number, {NUMBER}"),
]


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.name)
def test_each_mistake_has_its_own_message_at_its_place(folder: ProjectFolder, mistake: Mistake) -> None:
    find_problem(folder, mistake)
