"""JSON lines: values keep their types, and each line is checked by itself."""

from __future__ import annotations

import json

import pytest

from ..project_fixture import FROM, HEAD, PROJECT, ProjectFolder, people_of


def test_jsonl_keeps_types_and_leaves_out_what_is_null(folder: ProjectFolder) -> None:
    lines = [
        {"to_number": "+14155550101", "n": 1, "deep": {"b": [1.5, None], "a": True}},
        {"to_number": "+14155550102", "n": 1.0, "none": None},
        {"to_number": "+14155550103"},
    ]
    text = "\ufeff" + "\n\n".join(json.dumps(line) for line in lines)
    batch = folder.batch(FROM.replace("r.csv", "r.jsonl"), **{"r.jsonl": text})
    assert batch.recipients.frame.get_column("payload").to_list() == [
        '{"metadata":{"deep":{"a":true,"b":[1.5,null]},"n":1}}',
        '{"metadata":{"n":1.0}}',
        "{}",
    ]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("{", "r.ndjson:2:2: not JSON"),
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
def test_what_is_wrong_with_a_line_of_json(folder: ProjectFolder, line: str, words: str) -> None:
    folder.put({"project.yaml": PROJECT, "b.yaml": HEAD + FROM.replace("r.csv", "r.ndjson")})
    folder.put({"r.ndjson": '{"to_number": "+14155550101"}\n' + line + "\n"})
    reported = folder.problems()
    assert any(words in each for each in reported), reported


def test_a_column_that_no_line_of_json_has(folder: ProjectFolder) -> None:
    folder.put(
        {
            "project.yaml": PROJECT,
            "b.yaml": f"{HEAD}  recipients_from: [{{file: r.jsonl, metadata: [plam]}}]\n",
        }
    )
    folder.put({"r.jsonl": '{"to_number": "+14155550101", "plan": 1}\n'})
    (reported,) = folder.problems()
    assert 'no line of r.jsonl has "plam" (did you mean "plan"?)' in reported


@pytest.mark.parametrize("name", ["r.jsonl", "r.json"])
def test_a_number_that_json_would_write_otherwise_stays_as_it_is_written(folder: ProjectFolder, name: str) -> None:
    row = '{"to_number": "+14155550101", "price": 12.50, "version": 3.10, "e": 1e5, "zero": 0.0, "n": [1.0, 2.00]}'
    folder.put({"project.yaml": PROJECT, "b.yaml": HEAD + FROM.replace("r.csv", name)})
    folder.put({name: f"[{row}]" if name == "r.json" else row})
    [data] = people_of(folder.load().resources["batch/b"]).values()
    assert data == {"metadata": {"price": "12.50", "version": "3.10", "e": "1e5", "zero": 0.0, "n": [1.0, "2.00"]}}
