"""A do-not-call file protects whomever it could mean."""

from __future__ import annotations

import polars as pl
import pytest

from declarative.manifest.recipients.suppression import read_suppressed

from ..project_fixture import HEAD, PROJECT, ProjectFolder

US, GB = "+14155550101", "+447700900123"


@pytest.mark.parametrize(
    ("text", "region", "protected"),
    [
        ("+14155550101", None, US),
        ("+1 (415) 555-0101", None, US),
        ("(415) 555-0101", None, US),
        ("(415) 555-0101", "US", US),
        ("14155550101", None, US),
        ("14155550101", "DE", US),
        ("'+14155550101", None, US),
        ('="+14155550101"', None, US),
        ("tel:+14155550101", None, US),
        ("14155550101.0", None, US),
        ("+14155550101 ext 5", None, US),
        ("+44 1632 960000; +14155550101", None, US),
        ("+441632960000 or +14155550101", None, US),
        ("+441632960000\n+14155550101", None, US),
        ("+１４１５５５５０１０１", None, US),
        ("+11 415 555 0101", None, US),
        ("0014155550101", None, US),
        ("+44 (0)7700 900123", None, GB),
        ("07700 900123", None, GB),
        ("07700900123", "US", GB),
        ("00447700900123", "US", GB),
        ("\u202a+44 7700 900123\u202c", None, GB),
    ],
)
def test_whatever_a_row_could_mean_is_held_back(text: str, region: str | None, protected: str) -> None:
    suppressed, is_unreadable = read_suppressed(pl.Series([text, "+33639980045"]), region)
    assert is_unreadable.to_list() == [False, False]
    people = pl.Series("number", [US, GB, "+33639980045", "+4915112345678"])
    held = people.filter(suppressed.matches(people)).to_list()
    assert protected in held
    assert "+33639980045" in held
    assert "+4915112345678" not in held


@pytest.mark.parametrize("text", ["", "ask Ada", "1.41556E+10", "12345", "+1 555-0101", "+1 415 555 010"])
def test_a_row_that_can_be_read_in_no_way_is_an_error(text: str) -> None:
    suppressed, is_unreadable = read_suppressed(pl.Series([text, US]), None)
    assert is_unreadable.to_list() == [True, False]
    assert suppressed.numbers.to_list() == [US]


def test_a_person_is_held_back_however_both_files_write_the_number(folder: ProjectFolder) -> None:
    project = f"{PROJECT}  policy: {{suppress_from: [{{file: dnc.csv}}]}}\n"
    folder.put({"project.yaml": project, "dnc.csv": "to_number\n+44 (0)7700 900123\n"})
    folder.put(
        {"b.yaml": HEAD + "  recipients_from: [{file: r.csv}]\n", "r.csv": "to_number\n+447700900123\n+14155550101\n"}
    )
    recipients = folder.load().resources["batch/b"].recipients
    assert (recipients.count, recipients.excluded_counts) == (1, {"suppressed": 1})


def test_an_empty_list_shows_that_it_is_whole(folder: ProjectFolder) -> None:
    project = f"{PROJECT}  policy: {{suppress_from: [{{file: dnc.END}}]}}\n"
    people = {"b.yaml": HEAD + "  recipients_from: [{file: r.csv}]\n", "r.csv": "to_number\n+14155550101\n"}
    for ending, text in (("csv", "to_number\n"), ("json", "[]"), ("tsv", "to_number\treason\r\n")):
        folder.put({"project.yaml": project.replace("END", ending), f"dnc.{ending}": text, **people})
        assert folder.load().resources["batch/b"].recipients.count == 1
    for ending in ("csv", "json", "jsonl"):
        folder.put({"project.yaml": project.replace("END", ending), f"dnc.{ending}": "", **people})
        [reported] = folder.problems()
        assert reported.startswith(f"dnc.{ending}: is empty")
