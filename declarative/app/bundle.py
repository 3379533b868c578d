"""One schema for editors: the manifest's, with the settings of all provider types put in. Contacts no provider.

It accepts what the published schemas accept. Each kind lists every field once, because an editor that meets
alternatives describes the fault of any one of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from declarative import schemas
from declarative.app.connections import load_provider_types
from declarative.app.reference import MANIFEST, Field, collect_takers, list_provider_types
from declarative.model.capabilities import ProviderType, personal_fields

_DEFINITIONS = "#/$defs/"
_VARIABLE = {"type": "string", "pattern": r"\$\{var\."}
"""A value that is known only once its variables are."""
_WITHOUT_VARIABLE = ("Name",)
"""Definitions of values that take no variable."""
_TEXTS = ("title", "description", "default")
"""Keywords that an editor shows beside a value."""


def bundle_schema() -> dict[str, Any]:
    """The schema of manifests without a reference to another file, and without `$id`."""
    provider_types = load_provider_types()
    manifest_schema = schemas.load_schema(MANIFEST)
    definitions = {name: _rewrite(body, "") for name, body in manifest_schema["$defs"].items()}
    for type_name in list_provider_types():
        for name, body in schemas.load_schema(f"providers/{type_name}.v1")["$defs"].items():
            definitions[f"{type_name}.{name}"] = _rewrite(body, f"{type_name}.")
    settings: dict[str, Any] = {}
    personal = personal_fields(provider_types.values())
    for kind in manifest_schema["properties"]["kind"]["enum"]:
        definitions[kind]["additionalProperties"] = False
        if kind != "Project":
            fields = {name: _merge(takers) for name, takers in collect_takers(kind).items()}
            definitions[kind]["properties"] |= fields
            settings = {name: fields[name] for name in fields if name not in personal} | settings
    _describe_defaults(definitions, settings)
    _describe_people(definitions, personal)
    _name_what_is_installed(definitions, provider_types)
    used_definitions = _reachable(["Metadata", "ProjectMetadata", "Project", "Batch", "Call"], definitions)
    return {
        **{key: manifest_schema[key] for key in manifest_schema if key not in ("$id", "title", "allOf", "$defs")},
        "allOf": [_kind_rule(kind) for kind in manifest_schema["properties"]["kind"]["enum"]],
        "$defs": {
            name: body if name in _WITHOUT_VARIABLE else _allow_variables(body)
            for name, body in definitions.items()
            if name in used_definitions
        },
    }


def _kind_rule(kind: str) -> dict[str, Any]:
    metadata = "ProjectMetadata" if kind == "Project" else "Metadata"
    return {
        "if": {"required": ["kind"], "properties": {"kind": {"const": kind}}},
        "then": {
            **({} if kind == "Project" else {"required": ["spec"]}),
            "properties": {
                "metadata": {"$ref": f"{_DEFINITIONS}{metadata}"},
                "spec": {"$ref": f"{_DEFINITIONS}{kind}"},
            },
        },
    }


def _merge(takers: Iterable[tuple[str, Field]]) -> dict[str, Any]:
    """One schema of a field for all provider types that take it, each with what it says of it."""
    bodies: list[dict[str, Any]] = []
    labels_by_description: dict[str, list[str]] = {}
    title = ""
    for label, field in takers:
        type_name = label.split(" ")[0]
        body = _rewrite(field.schema.body, f"{type_name}.")
        title = title or body.get("title", "")
        labels_by_description.setdefault(field.description, []).append(label)
        constraints = {key: value for key, value in body.items() if key not in ("title", "description")}
        if constraints not in bodies:
            bodies.append(constraints)
    paragraphs = [f"{', '.join(labels)}: {description}" for description, labels in labels_by_description.items()]
    merged = bodies[0] if len(bodies) == 1 else {"anyOf": bodies}
    return {**({"title": title} if title else {}), "description": "\n\n".join(paragraphs), **merged}


def _describe_defaults(definitions: Mapping[str, Any], settings: Mapping[str, Any]) -> None:
    """List what the defaults of one provider take: `settings`, and what may also be a default of the Project."""
    shared = {name: body for name, body in definitions["Defaults"]["properties"].items() if name != "provider"}
    definitions["Provider"]["properties"]["defaults"] |= {
        "properties": {**shared, **settings},
        "additionalProperties": False,
    }


def _describe_people(definitions: Mapping[str, Any], personal: Iterable[str]) -> None:
    """Let recipients have the personal fields of installed types too, and files their columns."""
    recipient, source = (definitions[name]["properties"] for name in ("Recipient", "RecipientsFrom"))
    for name in personal:
        body = definitions["Call"]["properties"].get(name, {"type": "object"})
        recipient.setdefault(name, body)
        is_text = body.get("type") == "string"
        column = {"type": "string", "minLength": 1, "description": f"The column that becomes {name}."}
        source.setdefault(name, column if is_text else {"$ref": f"{_DEFINITIONS}Columns"})


def _name_what_is_installed(definitions: Mapping[str, Any], provider_types: Mapping[str, ProviderType]) -> None:
    """Put the words in that an editor can offer: types of providers, versions of their APIs, outcomes of calls."""
    provider, retry = definitions["Provider"]["properties"], definitions["Retry"]["properties"]
    names = list(provider_types)
    provider["type"]["enum"] = names
    versions = [version for provider_type in provider_types.values() for version in provider_type.versions]
    provider["api_version"]["examples"] = versions
    for holder in ("Defaults", "Batch", "Call"):
        definitions[holder]["properties"]["provider"]["examples"] = names
    outcomes = {
        outcome
        for provider_type in provider_types.values()
        for routes in provider_type.routes.values()
        for capabilities in routes.values()
        for outcome in capabilities.outcomes
    }
    retry["on"]["items"] = {"enum": [*sorted(outcomes), "pre_dial"]}


def _reachable(names: Iterable[str], definitions: Mapping[str, Any]) -> set[str]:
    """The definitions that these refer to, and these."""
    found: set[str] = set()
    pending = list(names)
    while pending:
        name = pending.pop()
        if name not in found:
            found.add(name)
            pending += _list_references(definitions[name])
    return found


def _list_references(value: Any) -> list[str]:
    if isinstance(value, Mapping):
        own = [value["$ref"].removeprefix(_DEFINITIONS)] if isinstance(value.get("$ref"), str) else []
        return own + [name for item in value.values() for name in _list_references(item)]
    return [name for item in value for name in _list_references(item)] if isinstance(value, list) else []


def _allow_variables(value: Any) -> Any:
    """The schema with `${var.NAME}` in each place where it asks for more than any text."""
    if isinstance(value, list):
        return [_allow_variables(item) for item in value]
    if not isinstance(value, Mapping):
        return value
    if "enum" in value:
        return {**_pick(value, *_TEXTS), "anyOf": [_omit(value, *_TEXTS), _VARIABLE]}
    if "pattern" in value:
        message = {"patternErrorMessage": f"Expected {value['x-expected']}."} if "x-expected" in value else {}
        return {**_omit(value, "pattern"), "if": _VARIABLE, "else": {"pattern": value["pattern"], **message}}
    if value.get("type") in ("integer", "number", "boolean"):
        shown = {**_pick(value, *_TEXTS), "type": [value["type"], "string"]}
        return {**shown, "if": _VARIABLE, "else": _omit(value, *_TEXTS)}
    return {key: item if key == "propertyNames" else _allow_variables(item) for key, item in value.items()}


def _pick(body: Mapping[str, Any], *keys: str) -> dict[str, Any]:
    return {key: body[key] for key in keys if key in body}


def _omit(body: Mapping[str, Any], *keys: str) -> dict[str, Any]:
    return {key: body[key] for key in body if key not in keys}


def _rewrite(value: Any, own_prefix: str) -> Any:
    """A copy whose references stay within the bundle: definitions of a provider type begin with its name."""
    if isinstance(value, Mapping):
        return {
            key: _rewrite_reference(item, own_prefix)
            if key == "$ref" and isinstance(item, str)
            else _rewrite(item, own_prefix)
            for key, item in value.items()
        }
    return [_rewrite(item, own_prefix) for item in value] if isinstance(value, list) else value


def _rewrite_reference(reference: str, own_prefix: str) -> str:
    file, _, name = reference.partition(_DEFINITIONS)
    document = file.rpartition("/")[2].removesuffix(schemas.SUFFIX)
    prefix = own_prefix if not file else "" if document == MANIFEST else f"{document.partition('.')[0]}."
    return f"{_DEFINITIONS}{prefix}{name}"
