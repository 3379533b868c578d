"""What a recipients file came to is remembered, and never trusted when anything that decides it changed."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from declarative.errors import ManifestError

from .house import FROM, HEAD, PERSON, PROJECT, House


def cached(house: House) -> Path:
    return house.directory / ".dialctl" / "recipients"


def test_an_unchanged_file_is_known_and_its_table_is_read_when_asked_for(house: House) -> None:
    house.batch(FROM, **{"r.csv": "to_number,a\n+14155550101,x\n"})
    first = house.load(cache=cached(house)).resources["batch/b"].recipients
    (entry,) = cached(house).iterdir()
    assert stat.S_IMODE(entry.stat().st_mode) == 0o600
    assert "4155550101" not in entry.read_text() + entry.name
    again = house.load(cache=cached(house)).resources["batch/b"].recipients
    assert (again.count, again.numbers, again.payloads) == (first.count, first.numbers, first.payloads)
    assert again.frame.equals(first.frame)


def test_what_is_known_is_not_read_again(house: House) -> None:
    house.batch(FROM, **{"r.csv": "to_number,a\n+14155550101,x\n"})
    house.load(cache=cached(house))
    (entry,) = cached(house).iterdir()
    entry.write_text(entry.read_text().replace('"count":1', '"count":7'))
    assert house.load(cache=cached(house)).resources["batch/b"].recipients.count == 7


@pytest.mark.parametrize("text", ["", "{}", '{"format": 0}', '{"format": 1}', "[]", '{"format": 1, "count": "x"}'])
def test_an_entry_that_cannot_be_read_is_ignored(house: House, text: str) -> None:
    house.batch(FROM, **{"r.csv": "to_number,a\n+14155550101,x\n"})
    house.load(cache=cached(house))
    (entry,) = cached(house).iterdir()
    entry.write_text(text)
    assert house.load(cache=cached(house)).resources["batch/b"].recipients.count == 1


@pytest.mark.parametrize(
    "change",
    [
        {"r.csv": "to_number,a\n+14155550102,x\n"},
        {"b.yaml": HEAD + FROM.replace("}", ", metadata: []}")},
        {"b.yaml": HEAD + FROM + "  recipients: [{to_number: +14155550104}]\n"},
        {"b.yaml": HEAD + "  policy: {countries: [CA]}\n" + FROM},
        {"b.yaml": HEAD + "  policy: {suppress_from: [{file: r.csv}]}\n" + FROM},
    ],
)
def test_whatever_decides_the_people_is_part_of_the_key(house: House, change: dict[str, str]) -> None:
    house.batch(FROM, **{"r.csv": "to_number,a\n+14155550101,x\n"})
    house.load(cache=cached(house))
    house.put(change)
    known = house.load(cache=cached(house)).resources["batch/b"].recipients
    fresh = house.load().resources["batch/b"].recipients
    assert (known.count, known.numbers, known.payloads) == (fresh.count, fresh.numbers, fresh.payloads)
    assert known.excluded_counts == fresh.excluded_counts


def test_another_key_is_another_entry(house: House) -> None:
    house.batch(FROM, **{"r.csv": "to_number,a\n+14155550101,x\n"})
    plain = house.load(cache=cached(house)).resources["batch/b"].recipients
    keyed = house.load(cache=cached(house), secret="s").resources["batch/b"].recipients
    assert plain.numbers != keyed.numbers


def test_a_file_that_changed_since_is_said_clearly(house: House) -> None:
    house.batch(FROM, **{"r.csv": "to_number,a\n+14155550101,x\n"})
    house.load(cache=cached(house))
    people = house.load(cache=cached(house)).resources["batch/b"].recipients
    house.put({"r.csv": "to_number,a\n+14155550102,x\n"})
    with pytest.raises(ManifestError) as caught:
        _ = people.frame
    assert str(caught.value.problems[0]) == "r.csv: changed while it was being read (run again)"


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes everywhere")
def test_a_cache_that_cannot_be_written_is_no_failure(house: House) -> None:
    house.batch(FROM, **{"r.csv": "to_number,a\n+14155550101,x\n"})
    locked = house.directory / ".locked"
    locked.mkdir(mode=0o500)
    assert house.load(cache=locked / "x").resources["batch/b"].recipients.count == 1


def test_a_cache_below_a_file_is_no_failure(house: House) -> None:
    house.batch(FROM, **{"r.csv": "to_number,a\n+14155550101,x\n"})
    assert house.load(cache=house.directory / "r.csv" / "x").resources["batch/b"].recipients.count == 1


def test_a_wrong_do_not_call_file_is_wrong_for_each_resource_that_uses_it(house: House) -> None:
    house.put({"project.yaml": f"{PROJECT}  policy: {{suppress_from: [{{file: dnc.csv}}]}}\n"})
    house.put({"a.yaml": HEAD.replace("name: b", "name: a") + PERSON, "b.yaml": HEAD + PERSON})
    house.put({"dnc.csv": "to_number\n(415) 555-0101\n"})
    assert len(house.problems(cache=cached(house))) == 1
    assert len(house.problems("b.yaml", cache=cached(house))) == 1


def test_wrong_files_are_never_remembered(house: House) -> None:
    house.put({"project.yaml": PROJECT, "b.yaml": HEAD + FROM, "r.csv": "to_number\nx\n"})
    assert house.problems(cache=cached(house)) == house.problems(cache=cached(house)) != []
    assert not cached(house).exists()
