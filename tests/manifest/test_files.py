"""People from CSV, JSON lines and Parquet: what becomes of a cell, and what is wrong with a file."""

from __future__ import annotations

import json

import polars as pl
import pytest

from .house import FROM, HEAD, PROJECT, House, rows


def put_parquet(house: House, columns: dict[str, list[object]]) -> None:
    pl.DataFrame(columns).write_parquet(house.directory / "r.parquet")


def test_csv_cells_are_text_and_never_interpreted(house: House) -> None:
    text = 'to_number,zip,amount,flag,note,empty\n+14155550101,02134,1e3,true,"a ""b"", \\c\nd\t€",\n'
    batch = house.batch(FROM, **{"r.csv": text})
    expected = {"zip": "02134", "amount": "1e3", "flag": "true", "note": 'a "b", \\c\nd\t€', "empty": ""}
    assert rows(batch) == {"+14155550101": {"metadata": expected}}


@pytest.mark.parametrize("bom", ["", "\ufeff"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_csv_with_bom_crlf_blank_rows_and_spaces_around_numbers(house: House, bom: str, line_end: str) -> None:
    lines = [f"{bom}to_number,plan", " +14155550101 , pro", "", ",", "+14155550102,basic", ""]
    batch = house.batch(FROM, **{"r.csv": line_end.join(lines)})
    assert rows(batch) == {
        "+14155550101": {"metadata": {"plan": " pro"}},
        "+14155550102": {"metadata": {"plan": "basic"}},
    }


def test_only_the_columns_asked_for_become_data(house: House) -> None:
    spec = "  recipients_from: [{file: r.csv, to_number: phone, metadata: [plan]}]\n"
    batch = house.batch(spec, **{"r.csv": "secret,phone,plan\nx,+14155550101,pro\n"})
    assert rows(batch) == {"+14155550101": {"metadata": {"plan": "pro"}}}


def test_no_columns_asked_for_is_no_data(house: House) -> None:
    batch = house.batch(FROM.replace("}", ", metadata: []}"), **{"r.csv": "to_number,plan\n+14155550101,pro\n"})
    assert batch.recipients.frame.rows() == [("+14155550101", "{}")]


def test_each_field_takes_its_columns_and_the_first_takes_the_rest(house: House) -> None:
    spec = "  provider: callingbox\n  recipients_from: [{file: r.csv, context: [notes]}]\n"
    batch = house.batch(spec, **{"r.csv": "to_number,notes,plan\n+14155550101,hi,pro\n"})
    assert rows(batch) == {"+14155550101": {"context": {"notes": "hi"}, "metadata": {"plan": "pro"}}}


def test_jsonl_keeps_types_and_leaves_out_what_is_null(house: House) -> None:
    lines = [
        {"to_number": "+14155550101", "n": 1, "deep": {"b": [1.5, None], "a": True}},
        {"to_number": "+14155550102", "n": 1.0, "none": None},
        {"to_number": "+14155550103"},
    ]
    text = "\ufeff" + "\n\n".join(json.dumps(line) for line in lines)
    batch = house.batch(FROM.replace("r.csv", "r.jsonl"), **{"r.jsonl": text})
    assert batch.recipients.frame.get_column("payload").to_list() == [
        '{"metadata":{"deep":{"a":true,"b":[1.5,null]},"n":1}}',
        '{"metadata":{"n":1.0}}',
        "{}",
    ]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("{", "r.ndjson:2:1: not JSON"),
        ("[]", "r.ndjson:2:1: found a list, expected an object"),
        (f'{{"to_number": "+14155550102", "a": {"[" * 400}{"]" * 400}}}', "r.ndjson:2:1: nested too deeply"),
        (
            '{"to_number": 14155550102}',
            "r.ndjson:2:1: to_number: found the number 1415•••0102, expected text",
        ),
        ('{"a": 1}', "r.ndjson:2:1: to_number: found no number"),
        (
            '{"to_number": "+14155550102", "dialctl": 1}',
            'r.ndjson:2:1: dialctl: the key "dialctl" is reserved',
        ),
        (
            '{"to_number": "+14155550102", "to_number" : "+14155550103"}',
            'r.ndjson:2:1: "to_number" is given twice',
        ),
        ('{"to_number": "+14155550102", "deep": {"a": 1, "a": 2}}', 'r.ndjson:2:1: "a" is given twice'),
        (
            '{"to_number": "+14155550102", "order": 18446744073709551616}',
            'r.ndjson:2:1: the number "1844•••1616" is too large',
        ),
        (
            '{"to_number": "+14155550101"}',
            "r.ndjson:2:1: to_number: the same number twice: +1415•••0101, first at",
        ),
    ],
)
def test_what_is_wrong_with_a_line_of_json(house: House, line: str, words: str) -> None:
    house.put({"project.yaml": PROJECT, "b.yaml": HEAD + FROM.replace("r.csv", "r.ndjson")})
    house.put({"r.ndjson": '{"to_number": "+14155550101"}\n' + line + "\n"})
    said = house.problems()
    assert any(words in each for each in said), said


@pytest.mark.parametrize(
    "text",
    [
        "to_number,plan,ref\n+14155550101,pro,1\n+14155550102,p",
        "plan,to_number\npro,+14155550101\npro,+141555501",
        "to_number\n+14155550101\n+1415555010",
    ],
)
def test_a_file_that_ends_within_its_last_row_is_refused_unless_a_line_break_says_that_it_is_whole(
    house: House, text: str
) -> None:
    house.put({"project.yaml": PROJECT, "b.yaml": HEAD + FROM, "r.csv": text})
    [said] = house.problems()
    assert said.startswith("r.csv: ends within its last row: it may be half written")
    house.put({"r.csv": text + "\n"})
    assert house.problems() == []


@pytest.mark.parametrize("last", ["+14155550102,pro,", '+14155550102,pro,"a, b"', "+14155550102,pro,x"])
def test_a_whole_last_row_needs_no_line_break(house: House, last: str) -> None:
    assert len(rows(house.batch(FROM, **{"r.csv": f"to_number,plan,ref\n+14155550101,pro,1\n{last}"}))) == 2


def test_a_column_that_no_line_of_json_has(house: House) -> None:
    house.put(
        {
            "project.yaml": PROJECT,
            "b.yaml": f"{HEAD}  recipients_from: [{{file: r.jsonl, metadata: [plam]}}]\n",
        }
    )
    house.put({"r.jsonl": '{"to_number": "+14155550101", "plan": 1}\n'})
    (said,) = house.problems()
    assert 'no line of r.jsonl has "plam" (did you mean "plan"?)' in said


def test_parquet_keeps_types(house: House) -> None:
    put_parquet(
        house,
        {"to_number": ["+14155550101", "+14155550102"], "n": [1, None], "x": [1.5, 2.0], "l": [["a"], None]},
    )
    batch = house.batch(FROM.replace("r.csv", "r.parquet"))
    assert batch.recipients.frame.get_column("payload").to_list() == [
        '{"metadata":{"l":["a"],"n":1,"x":1.5}}',
        '{"metadata":{"x":2.0}}',
    ]


def test_what_is_not_a_number_in_parquet_is_missing(house: House) -> None:
    put_parquet(house, {"to_number": ["+14155550101"], "nan": [float("nan")], "inf": [float("inf")], "x": [1.5]})
    batch = house.batch(FROM.replace("r.csv", "r.parquet"))
    assert batch.recipients.frame.get_column("payload").to_list() == ['{"metadata":{"x":1.5}}']


@pytest.mark.parametrize(("value", "kind"), [([1], "List(Int64)"), ({"k": 1}, "Struct({'k': Int64})")])
def test_a_variable_out_of_parquet_is_a_plain_value(house: House, value: object, kind: str) -> None:
    house.put({"project.yaml": PROJECT, "b.yaml": f"{HEAD}  provider: newer\n{FROM.replace('csv', 'parquet')}"})
    put_parquet(house, {"to_number": ["+14155550101"], "a": [value], "b": [True]})
    (said,) = house.problems()
    assert f'dynamic_variables: column "a" of r.parquet holds {kind}: a variable' in said


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        ({"to_number": [14155550101]}, "holds Int64, expected text"),
        (
            {"to_number": ["+14155550101"], "raw": [b"x"]},
            'column "raw" holds values that JSON cannot represent',
        ),
        ({"to_number": [None, "+14155550101"], "a": ["x", "y"]}, "row 1, to_number: found no number"),
        ({"to_number": ["+14155550101", "+14155550101"]}, "first at r.parquet, row 1, to_number"),
        ({"phone": ["+14155550101"]}, 'no column "to_number", it has: phone'),
        ({"to_number": []}, "expected text"),
    ],
)
def test_what_is_wrong_with_parquet(house: House, columns: dict[str, list[object]], words: str) -> None:
    house.put({"project.yaml": PROJECT, "b.yaml": HEAD + FROM.replace("r.csv", "r.parquet")})
    put_parquet(house, columns)
    said = house.problems()
    assert any(words in each for each in said), said


def test_what_is_no_parquet(house: House) -> None:
    house.put(
        {
            "project.yaml": PROJECT,
            "b.yaml": HEAD + FROM.replace("r.csv", "r.parquet"),
            "r.parquet": "PAR1xPAR1",
        }
    )
    assert house.problems() == ["r.parquet: cannot be read as Parquet"]


def test_a_file_name_is_no_pattern(house: House) -> None:
    house.batch(FROM.replace("r.csv", '"[r].csv"'), **{"[r].csv": "to_number\n+14155550101\n", "r.csv": "x\n"})


@pytest.mark.parametrize("names", [["dialctl"], ["1a"], ["secret__x"], [f"v{count}" for count in range(65)]])
def test_variables_have_the_limits_of_the_provider_in_files_too(house: House, names: list[str]) -> None:
    spec = "  provider: newer\n  recipients_from: [{file: r.csv}]\n"
    house.put({"project.yaml": PROJECT, "b.yaml": HEAD + spec})
    house.put({"r.csv": f"to_number,{','.join(names)}\n+14155550101{',x' * len(names)}\n"})
    (said,) = house.problems()
    assert said.startswith("b.yaml:6:21: spec.recipients_from[0].dynamic_variables: ")


def test_a_row_of_variables_has_at_most_16_kib(house: House) -> None:
    house.put({"project.yaml": PROJECT, "b.yaml": f"{HEAD}  provider: newer\n{FROM}"})
    fits = 16_384 - len('{"a":""}')
    house.put({"r.csv": f"to_number,a\n+14155550101,{'x' * fits}\n+14155550102,{'x' * (fits + 1)}\n"})
    assert house.problems() == ["r.csv:3:1: dynamic_variables: more than 16,384 bytes as JSON"]
