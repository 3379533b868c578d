"""The published schemas: found, valid, and fit for `explain`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from declarative import schemas

MANIFEST = ["manifest.v1", "providers/callingbox.v1", "providers/cartesia.v1"]


def test_names_are_what_load_takes() -> None:
    assert set(MANIFEST) <= set(schemas.list_schemas())
    for name in set(schemas.list_schemas()) - {"dialctl"}:  # the bundle stands for itself, without an id
        assert schemas.load_schema(name)["$id"] == f"https://dialctl.dev/schemas/{name}.schema.json"


def test_an_unknown_name_is_a_key_error() -> None:
    with pytest.raises(KeyError):
        schemas.load_schema("../pyproject")


@pytest.mark.parametrize("name", schemas.list_schemas())
def test_each_is_a_valid_schema_of_draft_2020_12(name: str) -> None:
    schema = schemas.load_schema(name)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    Draft202012Validator.check_schema(schema)


def fields(schema: Any, path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    for name, inner in schema.get("properties", {}).items():
        yield f"{path}.{name}", inner
        yield from fields(inner, f"{path}.{name}")
    for name, inner in schema.get("$defs", {}).items():
        yield from fields(inner, f"{path}/{name}")


@pytest.mark.parametrize("name", MANIFEST)
def test_every_field_is_described(name: str) -> None:
    whole = schemas.load_schema(name)
    for path, field in fields(whole):
        reference = field.get("$ref", "").rpartition("/")[2]
        assert field.get("description") or whole["$defs"].get(reference, {}).get("description"), path
