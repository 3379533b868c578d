"""The schema that editors use agrees with what dialctl accepts."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator
from referencing import Registry, Resource

from declarative import schemas

from .project_fixture import PROJECT, REFERENCE


def registry() -> Registry[Any]:
    loaded = (schemas.load_schema(name) for name in schemas.list_schemas())
    published = (schema for schema in loaded if "$id" in schema)  # the bundle refers to nothing outside itself
    return Registry().with_resources((schema["$id"], Resource.from_contents(schema)) for schema in published)


@pytest.mark.parametrize("text", [REFERENCE, PROJECT])
def test_an_editor_accepts_what_dialctl_accepts(text: str) -> None:
    validator = Draft202012Validator(schemas.load_schema("manifest.v1"), registry=registry())
    for document in yaml.load_all(text, yaml.BaseLoader):
        numbers = ("target_concurrency_limit", "ringing_timeout_seconds", "max_call_duration_minutes")
        document["spec"] |= {name: int(document["spec"][name]) for name in numbers if name in document["spec"]}
        if "retry" in document["spec"]:
            document["spec"]["retry"]["max_retries"] = int(document["spec"]["retry"]["max_retries"])
        assert list(validator.iter_errors(document)) == []


@pytest.mark.parametrize("field", ["from_numbr_id", "metadata"])
def test_an_editor_refuses_what_no_provider_takes(field: str) -> None:
    validator = Draft202012Validator(schemas.load_schema("manifest.v1"), registry=registry())
    document = {"apiVersion": "dialctl/v1", "kind": "Batch", "metadata": {"name": "b"}, "spec": {field: {}}}
    assert list(validator.iter_errors(document))
