"""A personal field that is one text instead of an object: written inline, in a column, of a Call; and what is wrong."""

from __future__ import annotations

import pytest

from declarative.errors import ManifestError
from declarative.manifest import Variables, load_desired
from declarative.model.digest import PersonKey
from declarative.model.resource import Resource
from declarative.model.selection import Selection

from .project_fixture import CALL_HEAD, HEAD, TYPES, ProjectFolder

PROJECT = HEAD.replace("Batch", "Project").replace("name: b", "name: p") + "  defaults: {provider: vapi}\n"
SPEC = "  assistantId: a\n  phoneNumberId: n\n"
BATCH = HEAD + SPEC + '  maxConcurrency: 5\n  expires_at: "2099-01-01T00:00:00Z"\n'
CSV = 'to_number,first,plan\n+14155550101,"Ada ""A""",pro\n+14155550102,,free\n+14155550103,007,\n'


def load(folder: ProjectFolder, text: str, csv: str = CSV) -> Resource:
    folder.put({"p/project.yaml": PROJECT, "p/b.yaml": text, "p/r.csv": csv})
    desired = load_desired(
        folder.directory / "p",
        provider_types=TYPES,
        variables=Variables(),
        key=PersonKey(None),
        selection=Selection(()),
        cache=None,
    )
    [resource] = desired.resources.values()
    return resource


def payloads(folder: ProjectFolder, text: str, csv: str = CSV) -> list[str]:
    return load(folder, text, csv).recipients.frame.get_column("payload").to_list()


def problems(folder: ProjectFolder, text: str, csv: str = CSV) -> list[str]:
    with pytest.raises(ManifestError) as caught:
        load(folder, text, csv)
    return [problem.message for problem in caught.value.problems]


def test_a_text_is_written_inline_and_of_a_call(folder: ProjectFolder) -> None:
    row = '  recipients: [{to_number: "+14155550101", name: "Ada \\"A\\"", variableValues: {plan: pro}}]\n'
    assert payloads(folder, BATCH + row) == ['{"name":"Ada \\"A\\"","variableValues":{"plan":"pro"}}']
    assert payloads(folder, f'{BATCH}  recipients: [{{to_number: "+14155550101", name: ""}}]\n') == ["{}"]
    call = f'{CALL_HEAD}{SPEC}  to_number: "+14155550101"\n  name: Ada\n  variableValues: {{plan: pro}}\n'
    assert payloads(folder, call) == ['{"name":"Ada","variableValues":{"plan":"pro"}}']
    assert "name" not in load(folder, call).settings


@pytest.mark.parametrize("columns", ["name: first, variableValues: [plan]", "name: first"])
def test_a_text_comes_from_one_column_and_the_rest_from_the_others(folder: ProjectFolder, columns: str) -> None:
    assert payloads(folder, f"{BATCH}  recipients_from: [{{file: r.csv, {columns}}}]\n") == [
        '{"name":"Ada \\"A\\"","variableValues":{"plan":"pro"}}',
        '{"variableValues":{"plan":"free"}}',
        '{"name":"007","variableValues":{"plan":""}}',
    ]


def test_a_number_in_a_column_is_a_text_too(folder: ProjectFolder) -> None:
    folder.put({"p/r.jsonl": '{"to_number": "+14155550101", "first": 7}\n'})
    spec = "  recipients_from: [{file: r.jsonl, name: first, variableValues: []}]\n"
    assert payloads(folder, BATCH + spec) == ['{"name":"7"}']
    folder.put({"p/r.jsonl": '{"to_number": "+14155550101", "first": ["Ada"]}\n'})
    assert problems(folder, BATCH + spec) == ["found a list, expected text"]
    folder.put({"p/r.jsonl": f'{{"to_number": "+14155550101", "first": "{"x" * 41}"}}\n'})
    assert problems(folder, BATCH + spec) == ["41 characters, at most 40 are allowed"]


def test_what_is_no_text_or_too_long_is_an_error_with_its_place(folder: ProjectFolder) -> None:
    def inline(value: str) -> str:
        return f'{BATCH}  recipients: [{{to_number: "+14155550101", name: {value}}}]\n'

    assert problems(folder, inline("{first: Ada}")) == ["found a mapping, expected text"]
    assert problems(folder, inline("x" * 41)) == ["41 characters, at most 40 are allowed"]
    long_name = f"to_number,first\n+14155550101,{'é' * 40}\n+14155550102,{'x' * 41}\n"
    spec = f"{BATCH}  recipients_from: [{{file: r.csv, name: first}}]\n"
    assert problems(folder, spec, long_name) == ["41 characters, at most 40 are allowed"]
    assert "no column" in problems(folder, f"{BATCH}  recipients_from: [{{file: r.csv, name: last}}]\n")[0]
    call = f'{CALL_HEAD}{SPEC}  to_number: "+14155550101"\n  name: {"x" * 41}\n'
    assert problems(folder, call) == ["41 characters, at most 40 are allowed"]


def test_a_list_of_columns_is_for_objects_and_a_name_of_the_batch_is_another_field(folder: ProjectFolder) -> None:
    assert problems(folder, f"{BATCH}  recipients_from: [{{file: r.csv, name: [first]}}]\n") == [
        "found a list, expected text"
    ]
    row = '  recipients: [{to_number: "+14155550101"}]\n'
    assert problems(folder, f"{BATCH}  name: spring\n{row}")[0].endswith("the campaign's is written as display_name")
    cartesia = f"{HEAD}  provider: cartesia\n  agent_id: a\n  from_number_id: ap\n  name: spring\n{row}"
    assert 'unknown field "name"' in problems(folder, cartesia)[0]


def test_a_changed_text_is_a_change(folder: ProjectFolder) -> None:
    digests = {
        load(folder, f'{BATCH}  recipients: [{{to_number: "+14155550101", name: {name}}}]\n').recipients.payloads
        for name in ("Ada", "Bob", '""')
    }
    assert len(digests) == 3


def test_where_the_provider_is_not_known_a_text_is_no_mistake(folder: ProjectFolder) -> None:
    text = BATCH + '  provider: nobody\n  recipients: [{to_number: "+14155550101", name: Ada}]\n'
    text += "  recipients_from: [{file: r.csv, name: first}]\n"
    [message] = problems(folder, text, "to_number,first\n+14155550102,Bob\n")
    assert 'unknown provider "nobody"' in message
