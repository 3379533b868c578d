"""People's data are sent as they are written, and what looks right and is not is named."""

from __future__ import annotations

import time

import pytest

from .project_fixture import FROM, HEAD, PERSON, PROJECT, ProjectFolder, people_of


def test_a_number_that_reading_would_change_stays_as_it_is_written(folder: ProjectFolder) -> None:
    data = "{price: 12.50, version: 3.10, plain: 1.5, whole: 3, id: 1234567890.12345678901, zip: 02134}"
    batch = folder.batch(f"  recipients: [{{to_number: +14155550101, metadata: {data}}}]\n")
    [person] = people_of(batch).values()
    assert person == {
        "metadata": {
            "price": "12.50",
            "version": "3.10",
            "plain": 1.5,
            "whole": 3,
            "id": "1234567890.12345678901",
            "zip": "02134",
        }
    }


def test_as_a_setting_such_a_number_is_a_number(folder: ProjectFolder) -> None:
    batch = folder.batch("  provider: callingbox\n  pace: {calls_per_second: 0.50}\n" + PERSON)
    assert batch.pace.calls_per_second == 0.5


def test_a_decimal_with_more_digits_than_json_carries_is_an_error(folder: ProjectFolder) -> None:
    folder.put({"project.yaml": PROJECT, "b.yaml": HEAD + FROM.replace("csv", "jsonl")})
    folder.put({"r.jsonl": '{"to_number": "+14155550101", "a": 1234567890.12345678901}\n'})
    [reported] = folder.problems()
    assert "has too many digits; in quotes it is text" in reported


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ('  agent_id: "agent_1\u00a0"\n', "agent_id: "),
        ('  agent_id: "agent_\u200b1"\n', "holds ZERO WIDTH SPACE (U+200B)"),
        ("  agent_id: \u201cagent_1\u201d\n", "holds LEFT DOUBLE QUOTATION MARK (U+201C) and RIGHT DOUBLE"),
        ('  also: ["acb_1\u202a"]\n', "holds LEFT-TO-RIGHT EMBEDDING (U+202A)"),
    ],
)
def test_an_unseen_character_in_an_id_is_named(folder: ProjectFolder, spec: str, words: str) -> None:
    folder.put({"project.yaml": PROJECT, "b.yaml": HEAD + spec + PERSON})
    [reported] = folder.problems()
    assert words in reported


def test_an_unseen_character_in_a_name_or_column_is_named(folder: ProjectFolder) -> None:
    folder.put({"project.yaml": PROJECT, "b.yaml": HEAD.replace("name: b", 'name: "b\u00a0"') + PERSON})
    [reported] = folder.problems()
    assert "NO-BREAK SPACE (U+00A0)" in reported
    folder.put({"b.yaml": HEAD + FROM, "r.csv": "to_number\u200b,a\n+14155550101,x\n"})
    [reported] = folder.problems()
    assert "ZERO WIDTH SPACE (U+200B)" in reported


@pytest.mark.parametrize(
    ("text", "count"),
    [
        (HEAD + "".join(f"  unknown{n}: 1\n" for n in range(20_000)) + PERSON, 20_000),
        (HEAD + "  agent_id: a\n" * 20_000 + PERSON, 19_999),
    ],
)
def test_20_000_wrong_keys_are_counted_in_seconds(folder: ProjectFolder, text: str, count: int) -> None:
    folder.put({"project.yaml": PROJECT, "b.yaml": text})
    start = time.process_time()
    reported = folder.problems()
    assert time.process_time() - start < 8
    assert len(reported) == 21
    assert f"and {count - 20:,} more " in reported[-1]


@pytest.mark.parametrize(
    "spec",
    [
        "  recipients_from: [{file: r.csv, metadata: [null]}]\n",
        "  recipients_from: [{file: r.csv, where: {a: [null]}}]\n",
        "  recipients_from: [{file: r.csv, where: {a: null}}]\n",
        "  recipients_from: [null]\n",
        "  recipients: [null]\n",
        "  also: [null]\n" + PERSON,
        "  policy: {countries: [null], suppress_from: [null]}\n" + PERSON,
        "  retry: {max_retries: 99999999999999999999999999, on: [null]}\n" + PERSON,
        "  provider: callingbox\n  pace: {calls_per_second: 1.0e-300}\n" + PERSON,
        "  retry: {max_retries: 1, on: [dial_busy], after: 999999999d}\n" + PERSON,
    ],
)
def test_hostile_values_are_reported(folder: ProjectFolder, spec: str) -> None:
    folder.put({"project.yaml": PROJECT, "b.yaml": HEAD + spec, "r.csv": "to_number,a\n+14155550101,x\n"})
    assert all(problem.startswith("b.yaml:") for problem in folder.problems())
    assert folder.problems()
