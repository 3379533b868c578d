"""The manifest reference, as `kubectl explain` gives it. Made of the published schemas alone; knows no provider's
code."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from textwrap import wrap
from typing import TypeVar

from declarative.app.reference import Field, Kind, kinds, provider_types
from declarative.errors import UsageError

_WIDTH = 80
Named = TypeVar("Named", Field, Kind)


def explain(what: str | None, provider: str | None) -> str:
    """The kinds, one kind with its fields, or one field by its path (`Batch.retry.on`; letter case does not matter).
    `provider` leaves out the fields of other provider types. Raises UsageError with a suggestion for a name that
    is not there."""
    if provider is not None and provider not in provider_types():
        raise _unknown("provider type", provider, provider_types())
    known = kinds(provider)
    if not what:
        return "\n".join(_all_kinds(known))
    name, *path = what.strip().split(".")
    kind = _chosen(known, name, "kind")
    whole = [name.lower() for name in path] in ([], ["spec"])
    return "\n".join(_kind(kind) if whole else _field(kind, path))


def _all_kinds(known: Sequence[Kind]) -> Iterator[str]:
    width = max(len(kind.name) for kind in known)
    for kind in known:
        named = f"{kind.name:<{width}}  "
        yield from wrap(kind.description, _WIDTH, initial_indent=named, subsequent_indent=" " * len(named))
    yield ""
    yield "Next: dialctl explain Batch, then dialctl explain Batch.retry"


def _kind(kind: Kind) -> Iterator[str]:
    yield f"KIND:     {kind.name}"
    yield f"VERSION:  {kind.version}"
    yield ""
    yield from _paragraph(kind.description)
    yield from _fields("FIELDS (of the document)", kind.document)
    yield from _fields("FIELDS (of spec)", kind.spec)


def _field(kind: Kind, path: Sequence[str]) -> Iterator[str]:
    field, trail = _found(kind, path)
    yield f"KIND:     {kind.name}"
    yield f"VERSION:  {kind.version}"
    yield ""
    yield f"FIELD:    {'.'.join(trail)} <{field.type}>{' -required-' if field.required else ''}"
    yield from (f"{name + ':':<9} {text}" for name, text in _facts(field))
    yield ""
    yield from _paragraph(field.description)
    yield from _fields("FIELDS", field.fields)
    if field in kind.document and field.name in [one.name for one in kind.spec]:
        yield f"\nspec has a field of this name too: dialctl explain {kind.name}.spec.{field.name}"


def _facts(field: Field) -> Iterator[tuple[str, str]]:
    if field.default is not None:
        yield "DEFAULT", field.default
    if field.limits:
        yield "LIMITS", "; ".join(field.limits)
    if field.taken_by:
        yield "FOR", "; ".join(field.taken_by)


def _found(kind: Kind, path: Sequence[str]) -> tuple[Field, list[str]]:
    """By way of `spec` or without it. `metadata` is the document's own, as for kubectl: a Call's data is
    `Call.spec.metadata`."""
    level: Sequence[Field] = [*kind.document, *kind.spec]
    first, *rest = path
    trail = [kind.name]
    if first.lower() == "spec" and rest:
        level, trail = kind.spec, [kind.name, "spec"]
        first, *rest = rest
    field = _step(level, first, trail)
    trail.append(field.name)
    for name in rest:
        field = _step(field.fields, name, trail)
        trail.append(field.name)
    return field, trail


def _step(level: Sequence[Field], name: str, trail: Sequence[str]) -> Field:
    if not level:
        raise UsageError(f"{'.'.join(trail)} has no fields below it", hint=f"dialctl explain {'.'.join(trail)}")
    return _chosen(level, name, f"field of {'.'.join(trail)}")


def _chosen(choices: Sequence[Named], name: str, what: str) -> Named:
    for choice in choices:
        if choice.name.lower() == name.lower():
            return choice
    raise _unknown(what, name, [choice.name for choice in choices])


def _unknown(what: str, name: str, known: Sequence[str]) -> UsageError:
    by_lower = {one.lower(): one for one in known}
    close = get_close_matches(name.lower(), by_lower, n=1)
    hint = f'did you mean "{by_lower[close[0]]}"?' if close else f"there are: {', '.join(known)}"
    return UsageError(f'there is no {what} "{name}"', hint=hint)


def _paragraph(text: str, indent: str = "    ") -> Iterator[str]:
    yield from wrap(text, _WIDTH, initial_indent=indent, subsequent_indent=indent)


def _fields(title: str, fields: Sequence[Field]) -> Iterator[str]:
    if not fields:
        return
    yield f"\n{title}:"
    for field in fields:
        yield f"  {field.name} <{field.type}>{' -required-' if field.required else ''}"
        more = [f"{name.capitalize()}: {text}." for name, text in _facts(field)]
        yield from _paragraph(" ".join([field.description, *more]), "      ")
