"""One schema for editors: the manifest's, with those of all provider types put in. Contacts no provider."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from declarative import schemas
from declarative.app.reference import MANIFEST, list_provider_types

_DEFINITIONS = "#/$defs/"


def bundle_schema() -> dict[str, Any]:
    """The schema of manifests without a reference to another file, and without `$id`."""
    manifest_schema = schemas.load_schema(MANIFEST)
    bundled: dict[str, Any] = _rewrite_references(manifest_schema, own_prefix="")
    del bundled["$id"]
    for type_name in list_provider_types():
        definitions = schemas.load_schema(f"providers/{type_name}.v1")["$defs"]
        for name, body in definitions.items():
            bundled["$defs"][f"{type_name}.{name}"] = _rewrite_references(body, own_prefix=f"{type_name}.")
    return bundled


def _rewrite_references(value: Any, own_prefix: str) -> Any:
    if isinstance(value, Mapping):
        return {
            key: _rewrite_reference(item, own_prefix)
            if key == "$ref" and isinstance(item, str)
            else _rewrite_references(item, own_prefix)
            for key, item in value.items()
        }
    return [_rewrite_references(item, own_prefix) for item in value] if isinstance(value, list) else value


def _rewrite_reference(reference: str, own_prefix: str) -> str:
    """A reference within the bundle: definitions of a provider type begin with its name."""
    file, _, name = reference.partition(_DEFINITIONS)
    document = file.rpartition("/")[2].removesuffix(schemas.SUFFIX)
    prefix = own_prefix if not file else "" if document == MANIFEST else f"{document.partition('.')[0]}."
    return f"{_DEFINITIONS}{prefix}{name}"
