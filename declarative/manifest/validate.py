"""What a published schema finds wrong in a document, as Problems that a person can act on."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from declarative.errors import Problem
from declarative.manifest import schema as shapes
from declarative.manifest.document import Document
from declarative.manifest.messages import Path, describe, did_you_mean, found_number, join_names, quoted
from declarative.manifest.schema import Schema
from declarative.model.resource import Json

if TYPE_CHECKING:
    from jsonschema import Draft202012Validator

ValidationError = Any
"""jsonschema.exceptions.ValidationError: its declared types hold an `Unset` that no error of iter_errors
has."""

Unknown = Callable[[str], tuple[str, str]]
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
    unknown: Unknown | None = None,
) -> dict[str, Json]:
    """What of `value`, which stands at `path`, is free of what `schema` finds wrong, so that the rest can be
    gone into all the same: a wrong field is left out, however deep in mappings it stands, and a wrong entry of a
    list becomes None. What is found is added to `problems`."""
    found: dict[Problem, None] = {}
    rest: Json = value
    for error in _validator(schema).iter_errors(value):
        found.update(dict.fromkeys(_describe(document, error, path, unknown)))
        for wrong in _wrong_paths(error):
            rest = _without(rest, wrong)
    problems.extend(found)
    assert isinstance(rest, dict)
    return rest


def coerce_variables(document: Document, value: dict[str, Json], schema: Schema, path: Path) -> dict[str, Json]:
    """The value with those texts turned into numbers and booleans that were exactly one variable, stand below
    `path`, and are to be something else than text by the schema."""
    result: Json = value
    for whole in document.whole_variables:
        steps = whole[len(path) :]
        if whole[: len(path)] == path and steps:
            result = _convert(result, steps, schema, schema)
    assert isinstance(result, dict)
    return result


def unknown_field(name: str, known: Mapping[str, object]) -> tuple[str, str]:
    return f"unknown field {quoted(name)}", did_you_mean(name, known) or f"known are: {join_names(known)}"


def _validator(schema: Schema) -> Draft202012Validator:
    # Schemas are cached for good where they are put together, so an id stands for one of them.
    if id(schema) not in _validators:
        _validators[id(schema)] = _strict_validator()(schema)
    return _validators[id(schema)]


@cache
def _strict_validator() -> type[Draft202012Validator]:
    """A validator to which `$` is the end of the text, as JSON Schema means it, and not the line feed before it."""
    from jsonschema import Draft202012Validator, ValidationError
    from jsonschema.validators import extend

    def pattern(_: object, wanted: str, value: object, __: object) -> Iterator[ValidationError]:
        if isinstance(value, str) and not re.search(re.sub(r"\$$", r"\\Z", wanted), value):
            yield ValidationError(f"{value!r} does not match {wanted!r}")

    strict: type[Draft202012Validator] = extend(Draft202012Validator, {"pattern": pattern})  # type: ignore[no-untyped-call]
    return strict


def _wrong_paths(error: ValidationError) -> list[Path]:
    path = tuple(error.absolute_path)
    if error.validator == "additionalProperties":
        names = [name for name in error.instance if name not in error.schema.get("properties", {})]
        return [_whole_entry((*path, name)) for name in names]
    if error.validator in ("required", "minItems", "uniqueItems"):
        return []  # what is there is right, as far as this goes
    return [_whole_entry((*path, error.instance) if "propertyNames" in error.absolute_schema_path else path)]


def _whole_entry(path: Path) -> Path:
    """Of a path into an entry of a list that of the entry, which means something else without its wrong field."""
    ends = (at for at, step in enumerate(path, 1) if isinstance(step, int))
    return path[: next(ends, len(path))]


def _without(value: Json, path: Path) -> Json:
    """The value without what is at `path`; other values are shared, not copied."""
    step, rest = (path[0], path[1:]) if path else (None, ())
    if isinstance(value, dict) and isinstance(step, str) and step in value:
        if rest:
            return {**value, step: _without(value[step], rest)}
        return {name: item for name, item in value.items() if name != step}
    if isinstance(value, list) and isinstance(step, int):
        return [(_without(item, rest) if rest else None) if at == step else item for at, item in enumerate(value)]
    return value


def _convert(value: Json, steps: Path, schema: Schema, whole: Schema) -> Json:
    schema = shapes.resolved(schema, whole)
    if not steps:
        return _parsed(value, schema.get("type"))
    step, rest = steps[0], steps[1:]
    if isinstance(value, dict) and isinstance(step, str) and step in value:
        inner = schema.get("properties", {}).get(step, {})
        return {**value, step: _convert(value[step], rest, inner, whole)}
    return value


def _parsed(value: Json, wanted: object) -> Json:
    if not isinstance(value, str):
        return value
    match wanted:
        case "integer" if _WHOLE.fullmatch(value):
            return int(value)
        case "number" if _DECIMAL.fullmatch(value):
            return float(value)
        case "boolean":
            return {"true": True, "false": False}.get(value, value)
        case _:
            return value


def _describe(document: Document, error: ValidationError, base: Path, unknown: Unknown | None) -> Iterator[Problem]:
    path = (*base, *error.absolute_path)
    match error.validator:
        case "additionalProperties":
            outermost = not error.absolute_path
            for name in error.instance:
                if name not in error.schema.get("properties", {}):
                    describe = unknown if unknown and outermost else _unknown_in(error.schema)
                    yield document.problem((*path, name), *describe(name), key=True)
        case "required":
            for name in error.validator_value:
                if name not in error.instance:
                    yield document.problem(path, f'missing field "{name}"')
        case "uniqueItems":
            yield from _twice(document, path, error.instance)
        case _ if "propertyNames" in error.absolute_schema_path:
            yield _bad_key(document, path, error)
        case _:
            yield document.problem(path, *_message(error, path))


def _twice(document: Document, path: Path, items: list[Json]) -> Iterator[Problem]:
    seen: set[str] = set()
    for index, item in enumerate(items):
        if (text := describe(item)) in seen:
            yield document.problem((*path, index), f"{text} is there twice", "keep one of them")
        seen.add(text)


def _bad_key(document: Document, path: Path, error: ValidationError) -> Problem:
    name = str(error.instance)
    if error.validator == "not":
        return reserved(document, (*path, name))
    return document.problem((*path, name), f"{quoted(name)} is no name", f"expected {_expected(error)}", key=True)


def reserved(document: Document, path: Path) -> Problem:
    message = 'the key "dialctl" is reserved: it carries our mark'
    return document.problem(path, message, "give it another name", key=True)


def _unknown_in(schema: Any) -> Unknown:
    return lambda name: unknown_field(name, schema.get("properties", {}))


def _message(error: ValidationError, path: Path) -> tuple[str, str]:
    number = path[-1:] == ("to_number",)
    what = (found_number if number else describe)(error.instance)
    message = f"found {what}, expected {_expected(error)}"
    return message, _hint(error, number=number)


def _expected(error: ValidationError) -> str:
    limit: Any = error.validator_value
    match error.validator:
        case "type":
            if "x-expected" in error.schema:
                return str(error.schema["x-expected"])
            return " or ".join(_TYPES[name] for name in ([limit] if isinstance(limit, str) else limit))
        case "enum":
            return f"one of {join_names(map(str, limit))}"
        case "const":
            return quoted(str(limit))
        case "pattern":
            return str(error.schema.get("x-expected", f"text like {limit}"))
        case "minimum" | "maximum" | "exclusiveMinimum":
            return _range(error.schema)
        case "minLength":
            return "some text"
        case "minItems":
            return "at least one entry"
        case _:
            return f"{error.validator} {limit}"


def _range(schema: Any) -> str:
    low, high = schema.get("minimum"), schema.get("maximum")
    if "exclusiveMinimum" in schema:
        return f"more than {schema['exclusiveMinimum']} and at most {high}"
    if low is not None and high is not None:
        return f"{low} to {high}"
    return f"at least {low}" if high is None else f"at most {high}"


def _hint(error: ValidationError, *, number: bool) -> str:
    value = error.instance
    if error.validator in ("enum", "const") and isinstance(value, str):
        limit: Any = error.validator_value
        return did_you_mean(value, limit if isinstance(limit, list) else [str(limit)])
    if error.validator == "type" and isinstance(value, (int, float)):
        if number:
            return "write the whole number with its plus sign"
        plain = error.validator_value == "string" and "x-expected" not in error.schema
        return "put it in quotes" if plain else ""
    return ""
