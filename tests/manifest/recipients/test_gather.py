"""The people of a resource: their order, their digests, and the numbers that are never called."""

from __future__ import annotations

import json
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from declarative.errors import ManifestError
from declarative.model.digest import PersonKey
from declarative.model.frames import numbers_digest, payloads_digest

from ..project_fixture import CALL_HEAD, FROM, HEAD, PERSON, PROJECT, ProjectFolder, people_of, working_in


def numbered(index: int) -> str:
    return f"+1{200 + index // 100}55501{index % 100:02}"


PRINTABLE = st.text(alphabet=st.characters(exclude_categories=["C", "Zl", "Zp"]))  # what YAML takes unescaped

PEOPLE = st.dictionaries(st.integers(0, 799).map(numbered), PRINTABLE, min_size=1, max_size=9)


@settings(max_examples=40, deadline=None)
@given(people=PEOPLE, secret=st.none() | st.just("key"))
def test_people_have_one_digest_however_they_are_written(people: dict[str, str], secret: str | None) -> None:
    with TemporaryDirectory() as directory, working_in(Path(directory)) as folder:
        (folder.directory / ".git").mkdir()
        inline = [
            {"to_number": number, "metadata": {"t": text.replace("${", "$${")}} for number, text in people.items()
        ]
        lines = [json.dumps({"t": text, "to_number": number}) for number, text in reversed(people.items())]
        folder.put({"a.yaml": PROJECT, "b.yaml": HEAD + "  recipients: " + json.dumps(inline, ensure_ascii=False)})
        folder.put(
            {
                "d.yaml": HEAD.replace("name: b", "name: d") + FROM.replace("csv", "jsonl"),
                "r.jsonl": "\n".join(lines),
            }
        )
        written, read = (resource.recipients for resource in folder.load(secret=secret).resources.values())
        key = PersonKey(secret)
        assert (written.numbers, written.payloads, written.count) == (
            read.numbers,
            read.payloads,
            len(people),
        )
        assert written.numbers == numbers_digest(written.frame, key)
        assert written.payloads == payloads_digest(read.frame, key)


def test_order_moves_no_digest_and_data_moves_one(folder: ProjectFolder) -> None:
    def digests(text: str) -> tuple[str, str]:
        people = folder.batch(FROM, **{"r.csv": f"to_number,a\n{text}"}).recipients
        return people.numbers, people.payloads

    first = digests("+14155550101,x\n+14155550102,y\n")
    assert digests("+14155550102,y\n+14155550101,x\n") == first
    numbers, data = digests("+14155550101,x\n+14155550102,z\n")
    assert (numbers == first[0], data == first[1]) == (True, False)


def test_the_order_of_people_is_that_of_the_manifest(folder: ProjectFolder) -> None:
    spec = "  recipients: [{to_number: +14155550109}, {to_number: +14155550101}]\n" + FROM
    batch = folder.batch(spec, **{"r.csv": "to_number\n+14155550108\n+14155550102\n"})
    assert [number[-1] for number in batch.recipients.frame.get_column("number")] == ["9", "1", "8", "2"]


def test_suppressed_numbers_are_excluded_everywhere(folder: ProjectFolder) -> None:
    policy = "  policy: {suppress_from: [{file: dnc.csv, to_number: phone}]}\n"
    folder.put({"project.yaml": PROJECT + policy, "dnc.csv": "phone,why\n+14155550102,asked\n+14155550102,again\n"})
    folder.put({"b.yaml": HEAD + "  recipients: [{to_number: +14155550101}, {to_number: +14155550102}]\n"})
    folder.put({"c.yaml": CALL_HEAD + "  to_number: +14155550102\n"})
    batch, call = folder.load().resources.values()
    assert (batch.recipients.count, dict(batch.recipients.excluded_counts)) == (1, {"suppressed": 1})
    assert batch.recipients.frame.get_column("number").to_list() == ["+14155550101"]
    assert (call.recipients.count, dict(call.recipients.excluded_counts)) == (0, {"suppressed": 1})
    assert batch.recipients.excluded.rows() == call.recipients.excluded.rows() == [("+14155550102", "suppressed")]


@pytest.mark.parametrize("written", [FROM, "  recipients: [{to_number: +14155550101}, {to_number: +442079460102}]\n"])
def test_what_an_approval_covers_is_read_before_any_policy(folder: ProjectFolder, written: str) -> None:
    folder.put({"r.csv": "to_number\n+14155550101\n+442079460102\n"})
    free, narrowed = (folder.batch(text + written).recipients for text in ("", "  policy: {countries: [US]}\n"))
    assert narrowed.before_policy == free.before_policy == free.payloads != narrowed.payloads
    folder.put({"dnc.csv": "to_number\n+14155550101\n"})
    suppressed = folder.batch("  policy: {suppress_from: [{file: dnc.csv}]}\n" + written).recipients
    assert suppressed.before_policy == free.payloads


def test_suppressions_of_project_and_resource_add_up(folder: ProjectFolder) -> None:
    folder.put({"project.yaml": f"{PROJECT}  policy: {{suppress_from: [{{file: a.csv}}]}}\n"})
    folder.put({"a.csv": "to_number\n+14155550101\n", "b.jsonl": '{"to_number": "+14155550102"}\n'})
    people = ", ".join(f"{{to_number: +1415555010{digit}}}" for digit in (1, 2, 3))
    folder.put({"b.yaml": f"{HEAD}  policy: {{suppress_from: [{{file: b.jsonl}}]}}\n  recipients: [{people}]\n"})
    batch = folder.load().resources["batch/b"]
    assert people_of(batch) == {"+14155550103": {}}


def test_a_suppressed_number_that_is_none_is_refused(folder: ProjectFolder) -> None:
    folder.put(
        {
            "project.yaml": f"{PROJECT}  policy: {{suppress_from: [{{file: dnc.csv}}]}}\n",
            "b.yaml": HEAD + PERSON,
        }
    )
    folder.put({"dnc.csv": "to_number\nask Ada\n"})
    (reported,) = folder.problems()
    assert reported.startswith("dnc.csv:2:1: to_number: found")


def test_a_do_not_call_file_with_a_header_alone_is_an_empty_list(folder: ProjectFolder) -> None:
    folder.put({"project.yaml": f"{PROJECT}  policy: {{suppress_from: [{{file: dnc.csv}}]}}\n"})
    folder.put({"b.yaml": HEAD + PERSON, "dnc.csv": "to_number,a\n"})
    assert folder.load().resources["batch/b"].recipients.count == 1


def test_a_file_that_changed_during_the_run_is_reported(folder: ProjectFolder) -> None:
    folder.batch(FROM, **{"r.csv": "to_number,a\n+14155550101,x\n"})
    folder.load(cache=folder.cache)
    people = folder.load(cache=folder.cache).resources["batch/b"].recipients
    folder.put({"r.csv": "to_number,a\n+14155550102,x\n"})
    with pytest.raises(ManifestError) as caught:
        _ = people.frame
    assert str(caught.value.problems[0]) == "r.csv: changed while it was being read (run again)"


def test_a_wrong_do_not_call_file_is_wrong_for_each_resource_that_uses_it(folder: ProjectFolder) -> None:
    folder.put({"project.yaml": f"{PROJECT}  policy: {{suppress_from: [{{file: dnc.csv}}]}}\n"})
    folder.put({"a.yaml": HEAD.replace("name: b", "name: a") + PERSON, "b.yaml": HEAD + PERSON})
    folder.put({"dnc.csv": "to_number\nask Ada\n"})
    assert len(folder.problems(cache=folder.cache)) == 1
    assert len(folder.problems("b.yaml", cache=folder.cache)) == 1


def test_a_wrong_file_never_gets_a_summary(folder: ProjectFolder) -> None:
    folder.put({"project.yaml": PROJECT, "b.yaml": HEAD + FROM, "r.csv": "to_number\nx\n"})
    assert folder.problems(cache=folder.cache) == folder.problems(cache=folder.cache) != []
    assert not folder.cache.exists()
