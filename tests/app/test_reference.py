"""The fields that the schemas publish: each is described, can be explained, and says its unit."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from declarative.app.explain import explain_manifest
from declarative.app.reference import Field, ManifestKind, list_kinds


def named(fields: tuple[Field, ...], name: str) -> Field:
    return next(field for field in fields if field.name == name)


def _all_fields(fields: tuple[Field, ...], trail: str) -> Iterator[tuple[str, Field]]:
    for field in fields:
        yield f"{trail}.{field.name}", field
        yield from _all_fields(field.fields, f"{trail}.{field.name}")


@pytest.mark.parametrize("kind", list_kinds(), ids=lambda kind: kind.name)
def test_every_field_can_be_explained_and_is_described(kind: ManifestKind) -> None:
    found = dict([*_all_fields(kind.document, kind.name), *_all_fields(kind.spec, f"{kind.name}.spec")])
    assert [path for path, field in found.items() if not field.description] == []
    assert all(explain_manifest(path, None) for path in found)


@pytest.mark.parametrize("kind", list_kinds(), ids=lambda kind: kind.name)
def test_numbers_say_their_unit(kind: ManifestKind) -> None:
    units = ("second", "minute", "call", "call", "people")
    numbers = [field for _, field in _all_fields(kind.spec, kind.name) if field.type in ("integer", "number")]
    assert [field.name for field in numbers if not any(unit in field.description.lower() for unit in units)] == []


def test_one_provider_type_leaves_out_the_fields_of_others() -> None:
    batch = next(kind for kind in list_kinds("callingbox") if kind.name == "Batch")
    assert "instructions" in [field.name for field in batch.spec]
    assert "from_number_id" not in [field.name for field in batch.spec]


def test_a_field_that_every_provider_takes_names_none() -> None:
    batch = next(kind for kind in list_kinds() if kind.name == "Batch")
    assert named(batch.spec, "retry").taken_by == ()
    assert named(batch.spec, "from_number_id").taken_by[0].startswith("cartesia (")


def test_limits_defaults_and_types_are_texts() -> None:
    batch = next(kind for kind in list_kinds() if kind.name == "Batch")
    timeout = named(batch.spec, "ringing_timeout_seconds")
    assert (timeout.type, timeout.default, timeout.limits) == ("integer", "60", ("at least 5", "at most 80"))
    assert named(named(batch.spec, "retry").fields, "on").type == "[]string"
