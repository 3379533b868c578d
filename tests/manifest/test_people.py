"""People from manifests and files: their data, their digests, and who is kept out."""

from __future__ import annotations

import json
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from declarative.manifest.recipients.payloads import build_payloads
from declarative.model.digest import PersonKey, canonical_json
from declarative.model.frames import numbers_digest, payloads_digest

from .house import CALL_HEAD, FROM, HEAD, PERSON, PROJECT, House, rows, standing_in

TEXT = st.text(alphabet=st.characters(exclude_categories=["Cs"]))


@given(st.lists(st.fixed_dictionaries({"b": TEXT, "a": TEXT, 'é"\n': TEXT}), max_size=8))
def test_texts_come_out_as_canonical_json(data: list[dict[str, str]]) -> None:
    frame = pl.DataFrame(data, schema=dict.fromkeys(["b", "a", 'é"\n'], pl.String))
    built = build_payloads(frame, {"metadata": frame.columns}).to_list()
    assert built == [canonical_json({"metadata": row}).decode() for row in data]


@given(
    st.lists(
        st.fixed_dictionaries(
            {
                "n": st.none() | st.integers(-(2**63), 2**63 - 1),
                "f": st.none() | st.floats(allow_nan=False),
                "t": st.none() | TEXT,
                "z": st.none() | st.booleans(),
                "l": st.none() | st.lists(TEXT, max_size=2),
            }
        ),
        max_size=8,
    )
)
def test_typed_values_come_out_as_canonical_json(data: list[dict[str, object]]) -> None:
    schema = {"n": pl.Int64, "f": pl.Float64, "t": pl.String, "z": pl.Boolean, "l": pl.List(pl.String)}
    frame = pl.DataFrame(data, schema=schema)
    built = build_payloads(frame, {"metadata": ["z", "t", "n"], "context": ["f", "l"], "none": []}).to_list()
    assert built == [canonical_json(_person(row, {"metadata": "ztn", "context": "fl"})).decode() for row in data]


def _person(row: dict[str, object], fields: dict[str, str]) -> dict[str, dict[str, object]]:
    person = {field: {name: row[name] for name in names if row[name] is not None} for field, names in fields.items()}
    return {field: data for field, data in person.items() if data}


def numbered(index: int) -> str:
    return f"+1{200 + index // 100}55501{index % 100:02}"


PRINTABLE = st.text(alphabet=st.characters(exclude_categories=["C", "Zl", "Zp"]))  # what YAML takes unescaped
PEOPLE = st.dictionaries(st.integers(0, 799).map(numbered), PRINTABLE, min_size=1, max_size=9)


@settings(max_examples=40)
@given(people=PEOPLE, secret=st.none() | st.just("key"))
def test_people_have_one_digest_however_they_are_written(people: dict[str, str], secret: str | None) -> None:
    with TemporaryDirectory() as directory, standing_in(Path(directory)) as house:
        (house.directory / ".git").mkdir()
        inline = [
            {"to_number": number, "metadata": {"t": text.replace("${", "$${")}} for number, text in people.items()
        ]
        lines = [json.dumps({"t": text, "to_number": number}) for number, text in reversed(people.items())]
        house.put({"a.yaml": PROJECT, "b.yaml": HEAD + "  recipients: " + json.dumps(inline, ensure_ascii=False)})
        house.put(
            {
                "d.yaml": HEAD.replace("name: b", "name: d") + FROM.replace("csv", "jsonl"),
                "r.jsonl": "\n".join(lines),
            }
        )
        written, read = (resource.recipients for resource in house.load(secret=secret).resources.values())
        key = PersonKey(secret)
        assert (written.numbers, written.payloads, written.count) == (
            read.numbers,
            read.payloads,
            len(people),
        )
        assert written.numbers == numbers_digest(written.frame, key)
        assert written.payloads == payloads_digest(read.frame, key)


def test_order_moves_no_digest_and_data_moves_one(house: House) -> None:
    def digests(text: str) -> tuple[str, str]:
        people = house.batch(FROM, **{"r.csv": f"to_number,a\n{text}"}).recipients
        return people.numbers, people.payloads

    first = digests("+14155550101,x\n+14155550102,y\n")
    assert digests("+14155550102,y\n+14155550101,x\n") == first
    numbers, data = digests("+14155550101,x\n+14155550102,z\n")
    assert (numbers == first[0], data == first[1]) == (True, False)


def test_the_order_of_people_is_that_of_the_manifest(house: House) -> None:
    spec = "  recipients: [{to_number: +14155550109}, {to_number: +14155550101}]\n" + FROM
    batch = house.batch(spec, **{"r.csv": "to_number\n+14155550108\n+14155550102\n"})
    assert [number[-1] for number in batch.recipients.frame.get_column("number")] == ["9", "1", "8", "2"]


def test_suppressed_numbers_are_desired_nowhere(house: House) -> None:
    policy = "  policy: {suppress_from: [{file: dnc.csv, to_number: phone}]}\n"
    house.put({"project.yaml": PROJECT + policy, "dnc.csv": "phone,why\n+14155550102,asked\n+14155550102,again\n"})
    house.put({"b.yaml": HEAD + "  recipients: [{to_number: +14155550101}, {to_number: +14155550102}]\n"})
    house.put({"c.yaml": CALL_HEAD + "  to_number: +14155550102\n"})
    batch, call = house.load().resources.values()
    assert (batch.recipients.count, dict(batch.recipients.excluded_counts)) == (1, {"suppress_from": 1})
    assert batch.recipients.frame.get_column("number").to_list() == ["+14155550101"]
    assert (call.recipients.count, dict(call.recipients.excluded_counts)) == (0, {"suppress_from": 1})
    assert batch.recipients.excluded.rows() == call.recipients.excluded.rows() == [("+14155550102", "suppress_from")]


def test_suppressions_of_project_and_resource_add_up(house: House) -> None:
    house.put({"project.yaml": f"{PROJECT}  policy: {{suppress_from: [{{file: a.csv}}]}}\n"})
    house.put({"a.csv": "to_number\n+14155550101\n", "b.jsonl": '{"to_number": "+14155550102"}\n'})
    people = ", ".join(f"{{to_number: +1415555010{digit}}}" for digit in (1, 2, 3))
    house.put({"b.yaml": f"{HEAD}  policy: {{suppress_from: [{{file: b.jsonl}}]}}\n  recipients: [{people}]\n"})
    batch = house.load().resources["batch/b"]
    assert rows(batch) == {"+14155550103": {}}


def test_a_suppressed_number_that_is_written_otherwise_protects_nobody_and_is_refused(house: House) -> None:
    house.put(
        {
            "project.yaml": f"{PROJECT}  policy: {{suppress_from: [{{file: dnc.csv}}]}}\n",
            "b.yaml": HEAD + PERSON,
        }
    )
    house.put({"dnc.csv": "to_number\n(415) 555-0101\n"})
    (said,) = house.problems()
    assert said.startswith("dnc.csv:2:1: to_number: found")


@pytest.mark.parametrize("text", ["to_number\n", "to_number,a\n,\n"])
def test_an_empty_list_of_suppressed_numbers_is_an_export_that_failed(house: House, text: str) -> None:
    project = f"{PROJECT}  policy: {{suppress_from: [{{file: dnc.csv}}]}}\n"
    house.put({"project.yaml": project, "b.yaml": HEAD + PERSON, "dnc.csv": text})
    (said,) = house.problems()
    assert said.endswith("(if that is intended, remove the file's entry)")


def test_what_is_no_number_has_no_country(house: House) -> None:
    house.put({"project.yaml": PROJECT, "b.yaml": f"{HEAD}  policy: {{countries: [US]}}\n{FROM}"})
    house.put({"r.csv": "to_number\nabc\n"})
    assert [each.partition(" ")[0] for each in house.problems()] == ["r.csv:2:1:"]


@pytest.mark.parametrize("in_file", [True, False])
@pytest.mark.parametrize(
    ("countries", "left"),
    [
        ("US", {"+14155550101"}),
        ("CA", {"+16045550101"}),
        ("GB", {"+442079460101"}),
        ("GG", {"+447781123456"}),
        ("FR, US", {"+14155550101", "+33639980101"}),
        ("MX", set()),
    ],
)
def test_countries_hold_back_the_numbers_of_others(house: House, countries: str, left: set[str], in_file: bool) -> None:
    numbers = [
        "+14155550101",
        "+16045550101",
        "+442079460101",
        "+447781123456",
        "+33639980101",
        "+12005550101",
    ]
    policy = f"  policy: {{countries: [{countries}]}}\n"
    written = ", ".join(f"{{to_number: {number}}}" for number in numbers)
    people = FROM if in_file else f"  recipients: [{written}]\n"
    batch = house.batch(policy + people, **{"r.csv": "to_number\n" + "\n".join(numbers)})
    assert set(rows(batch)) == left
    assert dict(batch.recipients.excluded_counts) == {"countries": len(numbers) - len(left)}
