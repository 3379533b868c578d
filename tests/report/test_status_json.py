"""`status --json` keeps to its published schema."""

from __future__ import annotations

import json
from dataclasses import fields

from jsonschema import Draft202012Validator

from declarative import schemas
from declarative.app.people_counts import PeopleCounts
from tests.project_fixture import ProjectFixture

SCHEMA = schemas.load_schema("status.v1")


def test_the_document_keeps_to_the_schema_and_has_every_count_in_it(project: ProjectFixture) -> None:
    documents = [project.dialctl("status", "--json").json]
    project.apply()
    documents.append(project.dialctl("status", "--json").json)
    for document in documents:
        assert list(Draft202012Validator(SCHEMA).iter_errors(document)) == []
        [resource] = document["resources"]
        assert set(resource) == set(SCHEMA["$defs"]["Resource"]["properties"]) - {"costs"}, "it has no price"
        assert document["total"] == {name: resource[name] for name in document["total"]}
    assert [document["resources"][0]["state"] for document in documents] == ["due", "starting"]
    assert "+1415" not in json.dumps(documents)


def test_the_schema_describes_each_count() -> None:
    names = {count_field.name for count_field in fields(PeopleCounts)} | {"percent", "costs"}
    assert set(SCHEMA["$defs"]["Counts"]["properties"]) == names
    assert all(count["description"] for count in SCHEMA["$defs"]["Counts"]["properties"].values())
