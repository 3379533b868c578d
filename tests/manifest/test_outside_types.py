"""A type from outside brings fields of its own: each that its schema allows is digested, compared and handed on."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from declarative import schemas
from declarative.errors import ManifestError
from declarative.manifest import Variables, load_desired
from declarative.model.digest import PersonKey
from declarative.model.resource import Desired, Resource, Route
from declarative.model.selection import Selection
from tests.providers.relay_type import relay_type

from .project_fixture import CALL_HEAD, HEAD, TYPES, ProjectFolder

PROJECT = HEAD.replace("Batch", "Project").replace("name: b", "name: p") + "  defaults: {provider: relay}\n"
SPEAKER = '  speakerId: s1\n  lineNumber: "+14155550100"\n'
CSV = "to_number,plan,city\n+14155550101,pro,Paris\n"


@pytest.fixture
def outside(folder: ProjectFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Outside]:
    monkeypatch.setattr(schemas, "_added_directories", [tmp_path / "schemas"])
    schemas.load_schema.cache_clear()
    yield Outside(folder, tmp_path / "schemas")
    schemas.load_schema.cache_clear()


class Outside:
    """A project that uses the type."""

    def __init__(self, folder: ProjectFolder, schema_directory: Path) -> None:
        self._folder = folder
        self._types = {**TYPES, "relay": relay_type(schema_directory)}

    def load(self, text: str, **files: str) -> Desired:
        self._folder.put({"p/project.yaml": PROJECT, "p/b.yaml": text, "p/r.csv": CSV, **files})
        return load_desired(
            self._folder.directory / "p",
            provider_types=self._types,
            variables=Variables(),
            key=PersonKey(None),
            selection=Selection(()),
            cache=None,
        )

    def one(self, text: str) -> Resource:
        [resource] = self.load(text).resources.values()
        return resource

    def problems(self, text: str) -> list[str]:
        with pytest.raises(ManifestError) as caught:
            self.load(text)
        return [problem.message for problem in caught.value.problems]


INLINE = "  recipients: [{to_number: +14155550101, details: {plan: pro}}]\n"


def test_every_setting_is_kept_and_a_change_of_it_is_a_change(outside: Outside) -> None:
    before = outside.one(HEAD + SPEAKER + "  tone: warm\n" + INLINE)
    after = outside.one(HEAD + SPEAKER + "  tone: cool\n" + INLINE)
    assert before.settings == {"speakerId": "s1", "lineNumber": "+14155550100", "tone": "warm"}
    assert before.settings_digest != after.settings_digest
    assert (before.fields.agent_of(before.settings), before.fields.caller_of(before.settings)) == ("s1", "+14155550100")


def test_data_of_people_come_from_its_own_field_inline_and_from_columns(outside: Outside) -> None:
    frames = [
        outside.one(HEAD + SPEAKER + text).recipients.frame.get_column("payload").to_list()
        for text in (
            INLINE,
            "  recipients_from: [{file: r.csv, details: [plan]}]\n",
            "  recipients_from: [{file: r.csv}]\n",
        )
    ]
    assert frames == [
        ['{"details":{"plan":"pro"}}'],
        ['{"details":{"plan":"pro"}}'],
        ['{"details":{"city":"Paris","plan":"pro"}}'],
    ]


def test_fields_of_other_types_are_refused_and_named(outside: Outside) -> None:
    assert outside.problems(HEAD + SPEAKER + "  recipients_from: [{file: r.csv, metadata: [plan]}]\n") == [
        'relay does not take "metadata"'
    ]
    [message] = outside.problems(HEAD + SPEAKER + "  agent_id: a\n" + INLINE)
    assert 'unknown field "agent_id"' in message


def test_its_own_limits_hold_for_its_data(outside: Outside) -> None:
    person = "  recipients: [{{to_number: +14155550101, details: {}}}]\n"
    assert outside.problems(HEAD + SPEAKER + person.format("{a: 1, b: 2, c: 3}")) == [
        "3 variables, at most 2 are allowed"
    ]
    assert outside.problems(HEAD + SPEAKER + person.format("{a: [1]}")) == [
        "a variable's value is text, a number or a boolean"
    ]
    assert outside.problems(HEAD + SPEAKER + person.format("{dialctl: x}")) == [
        'the key "dialctl" is reserved: it holds the mark of dialctl'
    ]


def test_a_call_takes_the_route_that_its_type_has(outside: Outside) -> None:
    call = outside.one(CALL_HEAD + SPEAKER + "  to_number: +14155550101\n  details: {plan: pro}\n")
    assert (call.route, call.most_ahead, call.least_guard) == (Route.BATCH, timedelta(days=5), timedelta(minutes=3))
    [message] = outside.problems(CALL_HEAD + SPEAKER + "  to_number: +14155550101\n  via: direct\n")
    assert message == "provider relay (relay 1) has no direct calls"
