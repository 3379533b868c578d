"""Checks a document against a published schema. What is wrong becomes messages that a person can act on."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from declarative.manifest.document import DocumentSection
from declarative.manifest.messages import (
    Path,
    describe_number,
    describe_value,
    did_you_mean,
    join_names,
    name_unseen,
    quote,
    suggest,
)
from declarative.manifest.recipients.fields import RESERVED_KEY
from declarative.manifest.schema import Schema, follow_reference
from declarative.model.resource import Json

if TYPE_CHECKING:
    from jsonschema import Draft202012Validator

ValidationError = Any
"""jsonschema.exceptions.ValidationError. Its declared types include an `Unset`, which errors of iter_errors never
have."""

FieldDescriber = Callable[[str], tuple[str, str]]
"""Returns message and hint for a field that the outermost schema does not know."""

_TYPES = {
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "object": "a mapping",
    "array": "a list",
    "null": "nothing",
}
# Python accepts more texts as numbers than people write: 1_000, nan, a number of a hundred digits.
_WHOLE = re.compile(r"-?[0-9]{1,18}")
_DECIMAL = re.compile(r"-?([0-9]{1,18}(\.[0-9]*)?|\.[0-9]+)([eE][-+]?[0-9]{1,2})?")
_validators: dict[int, Draft202012Validator] = {}


def keep_valid(
    section: DocumentSection, value: dict[str, Json], schema: Schema, describe_unknown: FieldDescriber | None = None
) -> dict[str, Json]:
    """Return `value`, which is what the section contains, without everything that breaks `schema`.

    So later checks can go on with the rest. A wrong field is left out, however deep in mappings it is. A wrong entry of
    a list becomes None. Everything that is wrong is reported.
    """
    valid_value: Json = value
    for error in _strict_validator(schema).iter_errors(value):
        _report_error(section.at(*error.absolute_path), error, describe_unknown)
        valid_value = _remove_all(valid_value, _wrong_paths(error))
    assert isinstance(valid_value, dict)
    return valid_value


def coerce_variables(section: DocumentSection, value: dict[str, Json], schema: Schema) -> dict[str, Json]:
    """Return `value`, which is what the section contains, with numbers and booleans out of variables.

    A text becomes a number or boolean when it was exactly one variable and `schema` expects that type.
    """
    coerced_value: Json = value
    path = section.path
    for variable_path in section.document.whole_variables:
        steps = variable_path[len(path) :]
        if variable_path[: len(path)] == path and steps:
            coerced_value = _convert(coerced_value, steps, schema, schema)
    assert isinstance(coerced_value, dict)
    return coerced_value


def describe_unknown_field(name: str, known_fields: Mapping[str, object]) -> tuple[str, str]:
    """Message and hint for a field that its mapping does not have."""
    return f"unknown field {quote(name)}", suggest(name, known_fields)


def _strict_validator(schema: Schema) -> Draft202012Validator:
    # schema.py keeps every schema that it builds for as long as the process lives, so no id is used twice.
    if id(schema) not in _validators:
        _validators[id(schema)] = _strict_validator_class()(schema)
    return _validators[id(schema)]


@cache
def _strict_validator_class() -> type[Draft202012Validator]:
    """A validator that reads `$` as the end of the text, as JSON Schema does. Python's `$` also matches before a last
    line feed."""
    from jsonschema import Draft202012Validator, ValidationError
    from jsonschema.validators import extend

    def pattern(_: object, expression: str, value: object, __: object) -> Iterator[ValidationError]:
        if isinstance(value, str) and not re.search(re.sub(r"\$$", r"\\Z", expression), value):
            yield ValidationError(f"{value!r} does not match {expression!r}")

    strict: type[Draft202012Validator] = extend(Draft202012Validator, {"pattern": pattern})  # type: ignore[no-untyped-call]
    return strict


def _wrong_paths(error: ValidationError) -> list[Path]:
    """Paths of what has to be removed because of an error."""
    path = tuple(error.absolute_path)
    if error.validator == "additionalProperties":
        names = [name for name in error.instance if name not in error.schema.get("properties", {})]
        return [_entry_path((*path, name)) for name in names]
    if error.validator in ("required", "minItems", "uniqueItems"):
        return []  # the entries that exist are valid, as far as this rule is concerned
    return [_entry_path((*path, error.instance) if "propertyNames" in error.absolute_schema_path else path)]


def _entry_path(path: Path) -> Path:
    """The path up to the first list entry. An entry is removed as a whole: without its wrong field it would mean
    something else."""
    ends = (end for end, step in enumerate(path, 1) if isinstance(step, int))
    return path[: next(ends, len(path))]


def _remove_all(value: Json, paths: list[Path]) -> Json:
    """The value without what is at the paths. Many unknown fields of one mapping are removed in one pass."""
    parent = paths[0][:-1] if len(paths) > 1 else ()
    if len(paths) > 1 and not parent and all(len(path) == 1 for path in paths) and isinstance(value, dict):
        names = {path[0] for path in paths}
        return {name: item for name, item in value.items() if name not in names}
    for path in dict.fromkeys(paths):
        value = _remove(value, path)
    return value


def _remove(value: Json, path: Path) -> Json:
    """The value without what is at `path`. Other values are shared, not copied."""
    step, inner_path = (path[0], path[1:]) if path else (None, ())
    if isinstance(value, dict) and isinstance(step, str) and step in value:
        if inner_path:
            return {**value, step: _remove(value[step], inner_path)}
        return {name: item for name, item in value.items() if name != step}
    if isinstance(value, list) and isinstance(step, int):
        return [
            (_remove(item, inner_path) if inner_path else None) if index == step else item
            for index, item in enumerate(value)
        ]
    return value


def _convert(value: Json, steps: Path, schema: Schema, root_schema: Schema) -> Json:
    schema = follow_reference(schema, root_schema)
    if not steps:
        return _parse_scalar(value, schema.get("type"))
    step, inner_steps = steps[0], steps[1:]
    if isinstance(value, dict) and isinstance(step, str) and step in value:
        inner = schema.get("properties", {}).get(step, {})
        return {**value, step: _convert(value[step], inner_steps, inner, root_schema)}
    return value


def _parse_scalar(value: Json, type_name: object) -> Json:
    if not isinstance(value, str):
        return value
    match type_name:
        case "integer" if _WHOLE.fullmatch(value):
            return int(value)
        case "number" if _DECIMAL.fullmatch(value):
            return float(value)
        case "boolean":
            return {"true": True, "false": False}.get(value, value)
        case _:
            return value


def _report_error(section: DocumentSection, error: ValidationError, describe_unknown: FieldDescriber | None) -> None:
    match error.validator:
        case "additionalProperties":
            is_outermost = not error.absolute_path
            describe_field = describe_unknown if describe_unknown and is_outermost else _schema_describer(error.schema)
            names = [name for name in error.instance if name not in error.schema.get("properties", {})]
            most_described = section.problems.most_described
            for name in names[:most_described]:
                section.at(name).report(*describe_field(name), key=True)
            if others := names[most_described:]:
                path = (*section.path, others[0])
                section.problems.add(section.document.more_problem(path, len(others), "unknown field"))
        case "required":
            for name in error.validator_value:
                if name not in error.instance:
                    section.report(f'missing field "{name}"')
        case "uniqueItems":
            _report_duplicate_items(section, error.instance)
        case _ if "propertyNames" in error.absolute_schema_path:
            _report_bad_key(section, error)
        case _:
            section.report(*_message_and_hint(error, section.path))


def _report_duplicate_items(section: DocumentSection, items: list[Json]) -> None:
    item_descriptions: set[str] = set()
    for index, item in enumerate(items):
        if (text := describe_value(item)) in item_descriptions:
            section.at(index).report(f"{text} appears twice", "keep one of them")
        item_descriptions.add(text)


def _report_bad_key(section: DocumentSection, error: ValidationError) -> None:
    name = str(error.instance)
    if error.validator == "not":
        section.at(name).report(RESERVED_KEY, "give it another name", key=True)
    else:
        message, hint = f"{quote(name)} is not a valid name", f"expected {_describe_expected(error)}"
        section.at(name).report(message, hint, key=True)


def _schema_describer(schema: Any) -> FieldDescriber:
    return lambda name: describe_unknown_field(name, schema.get("properties", {}))


def _message_and_hint(error: ValidationError, path: Path) -> tuple[str, str]:
    is_phone_number = path[-1:] == ("to_number",)
    description = (describe_number if is_phone_number else describe_value)(error.instance)
    unseen = f", with {name_unseen(error.instance)}" if isinstance(error.instance, str) else ""
    message = f"found {description}{unseen.removesuffix(', with ')}, expected {_describe_expected(error)}"
    return message, _error_hint(error, is_phone_number=is_phone_number)


def _describe_expected(error: ValidationError) -> str:
    limit: Any = error.validator_value
    match error.validator:
        case "type":
            if "x-expected" in error.schema:
                return str(error.schema["x-expected"])
            return " or ".join(_TYPES[name] for name in ([limit] if isinstance(limit, str) else limit))
        case "enum":
            return f"one of {join_names(map(str, limit))}"
        case "const":
            return quote(str(limit))
        case "pattern":
            return str(error.schema.get("x-expected", f"text like {limit}"))
        case "minimum" | "maximum" | "exclusiveMinimum":
            return _describe_range(error.schema)
        case "anyOf" if "x-expected" in error.schema:
            return str(error.schema["x-expected"])
        case "minLength":
            return "some text"
        case "minItems":
            return "at least one entry"
        case _:
            return f"{error.validator} {limit}"


def _describe_range(schema: Any) -> str:
    low, high = schema.get("minimum"), schema.get("maximum")
    if "exclusiveMinimum" in schema:
        return f"more than {schema['exclusiveMinimum']} and at most {high}"
    if low is not None and high is not None:
        return f"{low} to {high}"
    return f"at least {low}" if high is None else f"at most {high}"


def _error_hint(error: ValidationError, *, is_phone_number: bool) -> str:
    value = error.instance
    if error.validator in ("enum", "const") and isinstance(value, str):
        limit: Any = error.validator_value
        return did_you_mean(value, limit if isinstance(limit, list) else [str(limit)])
    if error.validator == "type" and isinstance(value, (int, float)):
        if is_phone_number:
            return "write the whole number with its plus sign"
        plain = error.validator_value == "string" and "x-expected" not in error.schema
        return "put it in quotes" if plain else ""
    return ""
