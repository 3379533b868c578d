"""What a published schema finds wrong in a document, as Problems that a person can act on."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from declarative.errors import Problem
from declarative.manifest import schema as shapes
from declarative.manifest.document import Document
from declarative.manifest.messages import Path, describe_number, describe_value, did_you_mean, join_names, quote
from declarative.manifest.schema import Schema
from declarative.model.resource import Json

if TYPE_CHECKING:
    from jsonschema import Draft202012Validator

ValidationError = Any
"""jsonschema.exceptions.ValidationError: its declared types hold an `Unset` that no error of iter_errors
has."""

FieldDescriber = Callable[[str], tuple[str, str]]
"""Message and hint for a field that the outermost schema does not know."""

_TYPES = {
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "object": "a mapping",
    "array": "a list",
    "null": "nothing",
}
# Python takes more for a number than anybody writes: 1_000, nan, a number of a hundred digits.
_WHOLE = re.compile(r"-?[0-9]{1,18}")
_DECIMAL = re.compile(r"-?([0-9]{1,18}(\.[0-9]*)?|\.[0-9]+)([eE][-+]?[0-9]{1,2})?")
_validators: dict[int, Draft202012Validator] = {}


def keep_valid(
    document: Document,
    value: dict[str, Json],
    schema: Schema,
    path: Path,
    problems: list[Problem],
    describe_unknown: FieldDescriber | None = None,
) -> dict[str, Json]:
    """What of `value`, which stands at `path`, is free of what `schema` finds wrong, so that the rest can be
    gone into all the same: a wrong field is left out, however deep in mappings it stands, and a wrong entry of a
    list becomes None. What is found is added to `problems`."""
    schema_problems: dict[Problem, None] = {}
    valid_value: Json = value
    for error in _schema_validator(schema).iter_errors(value):
        schema_problems.update(dict.fromkeys(_error_problems(document, error, path, describe_unknown)))
        for wrong_path in _wrong_paths(error):
            valid_value = _remove(valid_value, wrong_path)
    problems.extend(schema_problems)
    assert isinstance(valid_value, dict)
    return valid_value


def coerce_variables(document: Document, value: dict[str, Json], schema: Schema, path: Path) -> dict[str, Json]:
    """The value with those texts turned into numbers and booleans that were exactly one variable, stand below
    `path`, and are to be something else than text by the schema."""
    coerced_value: Json = value
    for variable_path in document.whole_variables:
        steps = variable_path[len(path) :]
        if variable_path[: len(path)] == path and steps:
            coerced_value = _convert(coerced_value, steps, schema, schema)
    assert isinstance(coerced_value, dict)
    return coerced_value


def describe_unknown_field(name: str, known_fields: Mapping[str, object]) -> tuple[str, str]:
    return f"unknown field {quote(name)}", did_you_mean(name, known_fields) or f"known are: {join_names(known_fields)}"


def _schema_validator(schema: Schema) -> Draft202012Validator:
    # Schemas are cached for good where they are put together, so an id stands for one of them.
    if id(schema) not in _validators:
        _validators[id(schema)] = _strict_validator_class()(schema)
    return _validators[id(schema)]


@cache
def _strict_validator_class() -> type[Draft202012Validator]:
    """A validator to which `$` is the end of the text, as JSON Schema means it, and not the line feed before it."""
    from jsonschema import Draft202012Validator, ValidationError
    from jsonschema.validators import extend

    def pattern(_: object, expression: str, value: object, __: object) -> Iterator[ValidationError]:
        if isinstance(value, str) and not re.search(re.sub(r"\$$", r"\\Z", expression), value):
            yield ValidationError(f"{value!r} does not match {expression!r}")

    strict: type[Draft202012Validator] = extend(Draft202012Validator, {"pattern": pattern})  # type: ignore[no-untyped-call]
    return strict


def _wrong_paths(error: ValidationError) -> list[Path]:
    path = tuple(error.absolute_path)
    if error.validator == "additionalProperties":
        names = [name for name in error.instance if name not in error.schema.get("properties", {})]
        return [_entry_path((*path, name)) for name in names]
    if error.validator in ("required", "minItems", "uniqueItems"):
        return []  # what is there is right, as far as this goes
    return [_entry_path((*path, error.instance) if "propertyNames" in error.absolute_schema_path else path)]


def _entry_path(path: Path) -> Path:
    """Of a path into an entry of a list that of the entry, which means something else without its wrong field."""
    ends = (end for end, step in enumerate(path, 1) if isinstance(step, int))
    return path[: next(ends, len(path))]


def _remove(value: Json, path: Path) -> Json:
    """The value without what is at `path`; other values are shared, not copied."""
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
    schema = shapes.follow_reference(schema, root_schema)
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


def _error_problems(
    document: Document, error: ValidationError, base: Path, describe_unknown: FieldDescriber | None
) -> Iterator[Problem]:
    path = (*base, *error.absolute_path)
    match error.validator:
        case "additionalProperties":
            outermost = not error.absolute_path
            for name in error.instance:
                if name not in error.schema.get("properties", {}):
                    describe_field = (
                        describe_unknown if describe_unknown and outermost else _schema_describer(error.schema)
                    )
                    yield document.problem((*path, name), *describe_field(name), key=True)
        case "required":
            for name in error.validator_value:
                if name not in error.instance:
                    yield document.problem(path, f'missing field "{name}"')
        case "uniqueItems":
            yield from _duplicate_item_problems(document, path, error.instance)
        case _ if "propertyNames" in error.absolute_schema_path:
            yield _bad_key_problem(document, path, error)
        case _:
            yield document.problem(path, *_message_and_hint(error, path))


def _duplicate_item_problems(document: Document, path: Path, items: list[Json]) -> Iterator[Problem]:
    item_descriptions: set[str] = set()
    for index, item in enumerate(items):
        if (text := describe_value(item)) in item_descriptions:
            yield document.problem((*path, index), f"{text} is there twice", "keep one of them")
        item_descriptions.add(text)


def _bad_key_problem(document: Document, path: Path, error: ValidationError) -> Problem:
    name = str(error.instance)
    if error.validator == "not":
        return reserved_key_problem(document, (*path, name))
    return document.problem(
        (*path, name), f"{quote(name)} is no name", f"expected {_describe_expected(error)}", key=True
    )


def reserved_key_problem(document: Document, path: Path) -> Problem:
    message = 'the key "dialctl" is reserved: it carries our mark'
    return document.problem(path, message, "give it another name", key=True)


def _schema_describer(schema: Any) -> FieldDescriber:
    return lambda name: describe_unknown_field(name, schema.get("properties", {}))


def _message_and_hint(error: ValidationError, path: Path) -> tuple[str, str]:
    is_phone_number = path[-1:] == ("to_number",)
    description = (describe_number if is_phone_number else describe_value)(error.instance)
    message = f"found {description}, expected {_describe_expected(error)}"
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
