"""CSV files: what becomes of a cell, and why a file cannot be read."""

from __future__ import annotations

import gzip
import os

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
@pytest.mark.parametrize("above", ["", "{line_end}", "{line_end}{line_end}", ",{line_end}"])
def test_csv_with_bom_crlf_blank_rows_and_spaces_around_numbers(
    folder: ProjectFolder, bom: str, line_end: str, above: str
) -> None:
    lines = [
        f"{bom}{above.format(line_end=line_end)}to_number,plan",
        " +14155550101 , pro",
        "",
        ",",
        "+14155550102,basic",
        "",
    ]
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
def test_a_file_that_ends_within_its_last_row_may_be_half_written(folder: ProjectFolder, text: str) -> None:
    folder.put({"project.yaml": PROJECT, "b.yaml": HEAD + FROM, "r.csv": text})
    [reported] = folder.problems()
    assert reported.startswith("r.csv: ends within its last row: it may be half written")
    folder.put({"r.csv": text + "\n"})
    [reported] = folder.problems()
    assert reported.startswith("r.csv:3:")


@pytest.mark.parametrize("last", ["+14155550102,pro,", '+14155550102,pro,"a, b"', "+14155550102,pro,x"])
def test_a_whole_last_row_needs_no_line_break(folder: ProjectFolder, last: str) -> None:
    assert len(people_of(folder.batch(FROM, **{"r.csv": f"to_number,plan,ref\n+14155550101,pro,1\n{last}"}))) == 2


PEOPLE = {"+14155550101": {"metadata": {"plan": "é, a"}}, "+14155550102": {"metadata": {"plan": "b"}}}


def _compress(text: str) -> bytes:
    """Pack a text the same at every second: all workers must find tests of the same names."""
    return gzip.compress(text.encode(), mtime=0)


TEXT = 'to_number,plan\n+14155550101,"é, a"\n+14155550102,b\n'


@pytest.mark.parametrize(
    ("name", "content", "fields"),
    [
        ("r.CSV", TEXT, ""),
        ("r.csv", "\ufeff\ufeff" + TEXT, ""),
        ("r.csv", "\n\r\n" + TEXT, ""),
        ("r.csv", "sep=,\n" + TEXT, ""),
        ("r.csv", 'sep=;\r\nto_number;plan\n+14155550101;"é, a"\n+14155550102;b\n', ""),
        ("r.csv", 'to_number;plan\n+14155550101;"é, a"\n+14155550102;b\n', ""),
        ("r.csv", "to_number|plan\n+14155550101|é, a\n+14155550102|b\n", ""),
        ("r.tsv", "to_number\tplan\n+14155550101\té, a\n+14155550102\tb\n", ""),
        ("r.csv", 'to_number;plan\n+14155550101;"é, a"\n+14155550102;b\n', ', delimiter: ";"'),
        ("r.csv", TEXT.encode("utf-16"), ""),
        ("r.csv", TEXT.encode("utf-16-le"), ", encoding: utf-16-le"),
        ("r.csv", TEXT.encode("windows-1252"), ", encoding: windows-1252"),
        ("r.csv.gz", _compress(TEXT), ""),
        ("r.csv.GZ", _compress(TEXT[:20]) + _compress(TEXT[20:]), ""),
    ],
)
def test_text_files_are_read_as_people_have_them(
    folder: ProjectFolder, name: str, content: str | bytes, fields: str
) -> None:
    spec = FROM.replace("r.csv", name).replace("}", fields + "}")
    assert people_of(folder.batch(spec, **{name: content})) == PEOPLE


def test_a_column_without_a_name_is_left_out_and_said(folder: ProjectFolder) -> None:
    batch = folder.batch(FROM, **{"r.csv": "to_number,,plan\n+14155550101,x,pro\n"})
    assert people_of(batch) == {"+14155550101": {"metadata": {"plan": "pro"}}}
    assert batch.recipients.warnings == ("r.csv: 1 column without a name left out",)


@pytest.mark.parametrize("content", [b"no gzip", _compress(TEXT)[:-4], b""])
def test_what_is_no_whole_gzip_is_refused(folder: ProjectFolder, content: bytes) -> None:
    spec = FROM.replace("r.csv", "r.csv.gz")
    folder.put({"project.yaml": PROJECT, "b.yaml": HEAD + spec, "r.csv.gz": content})
    [reported] = folder.problems()
    assert reported.startswith("r.csv.gz: ")


@pytest.mark.parametrize(
    ("part", "count", "told"),
    [
        (b"\n" * (1 << 20), 65, "unfolds to more than 100 times its size (do not pack it, if this is meant)"),
        (os.urandom(20_000) * 52, 520, "unfolds to more than 512 MiB (split the file, or do not pack it)"),
    ],
)
def test_a_small_file_that_unfolds_to_much_is_refused(
    folder: ProjectFolder, part: bytes, count: int, told: str
) -> None:
    (folder.directory / "r.csv.gz").write_bytes(gzip.compress(part) * count)
    folder.put({"project.yaml": PROJECT, "b.yaml": HEAD + FROM.replace("r.csv", "r.csv.gz")})
    assert folder.problems() == [f"r.csv.gz: {told}"]


def test_a_file_name_is_not_a_pattern(folder: ProjectFolder) -> None:
    folder.batch(FROM.replace("r.csv", '"[r].csv"'), **{"[r].csv": "to_number\n+14155550101\n", "r.csv": "x\n"})


MISTAKES = [
    csv("header only", "to_number,a\n", "r.csv: ", "contains no one"),
    csv("empty file", "", "r.csv: ", "is empty"),
    csv(
        "not UTF-8",
        b"to_number,a\n+14155550101,caf\xe9\n",
        "r.csv:2:17",
        "not UTF-8: byte 0xe9 at byte position 28 (save the file as UTF-8, or name its encoding in the entry, such as "
        "encoding: windows-1252)",
    ),
    csv(
        "UTF-16 without its mark",
        "to_number,a\n+14155550101,b\n".encode("utf-16-le"),
        "r.csv:1:1",
        "NUL bytes in a text file: it is UTF-16 without its mark (save the file as UTF-8, or write encoding: utf-16",
    ),
    csv("a NUL byte", "to_number,a\n+14155550101,b\0\n", "r.csv:2:15", "a NUL byte at byte position 26"),
    csv("old line ends", "to_number,a\r+14155550101,b\r", "r.csv:1:12", "lines end in CR alone"),
    csv("a lone CR", "to_number,a\n+14155550101,b\r+14155550102,c\n", "r.csv:2:15", "lines end in CR alone"),
    csv("CR CR LF", "to_number,a\r\n+14155550101,b\r\r\n", "r.csv:2:15", "lines end in CR CR LF"),
    csv("a cell too many", "to_number,a\n+14155550101,b,c\n", "r.csv:2:1", "3 cells, and the header has 2"),
    csv("a cell too few", "to_number,a,b\n+14155550101,b\n", "r.csv:2:1", "2 cells, and the header has 3"),
    csv(
        "one cell of two", "to_number,a\n+14155550101\n", "r.csv:2:1", "1 cell, and the header has 2 (write the missing"
    ),
    csv("quotes that do not match", 'to_number,a\n+14155550101,"b\n', "r.csv:2:14", "quotes that do not match"),
    csv("a quote within a cell", 'to_number,a\n+14155550101,b"\n', "r.csv:2:15", "a quote within a cell"),
    csv(
        "inch marks in a quoted cell",
        'to_number,a\n+14155550101,"a 12" pipe"\n+14155550102,"a 10" pipe"\n',
        "r.csv:2:20",
        "text behind the quote that closes a cell (double each quote within a cell, and quote the whole of it)",
    ),
    csv("a column twice", "to_number,a,a\n+14155550101,b,c\n", "r.csv:1:1", 'the column "a" appears twice'),
    csv(
        "CSV not E.164",
        'to_number,a\n+14155550101,b\n\n"+14155550102","x\ny"\n4155550103,c\n',
        "r.csv:6:1",
        f'to_number: found "415•••0103", without + and country code, {NUMBER}: +, country code, number, digits only, '
        "such as +14155550101 (+1415•••0103, if default_region is US)",
    ),
    csv("CSV empty number", "a,to_number\n1,+14155550101\n22,\n", "r.csv:3:4", f"found no number, {NUMBER}"),
    csv(
        "several delimiters",
        "to_number;a,b\n+14155550101;1,2\n",
        "r.csv:1:1",
        "the first line holds commas and semicolons (write",
    ),
    csv("a pointer of Git LFS", "version https://git-lfs.github.com/spec/v1\noid x\n", "r.csv: ", "git lfs pull"),
    csv("200,000 columns", ",".join(map(str, range(200_000))) + "\n", "r.csv: ", "has 200,000 columns, at most 4,096"),
]


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.name)
def test_each_mistake_has_its_own_message_at_its_place(folder: ProjectFolder, mistake: Mistake) -> None:
    find_problem(folder, mistake)
