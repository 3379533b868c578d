"""`dialctl explain`: the manifest reference as text, in the manner of `kubectl explain`. Made of the published schemas
alone; imports no provider's code."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from textwrap import wrap
from typing import TypeVar

from declarative.app.reasons import REASONS
from declarative.app.reference import Field, ManifestKind, list_kinds, list_provider_types
from declarative.errors import UsageError
from declarative.planning.decide import Reason

_WIDTH = 80
"""Columns of the text."""
Named = TypeVar("Named", Field, ManifestKind)


def explain_manifest(query: str | None, provider: str | None) -> str:
    """All kinds if `query` is empty, else one kind with its fields, one reason of a plan, or one field by its path
    (`Batch.retry.on`, in any letter case). `provider` leaves out the fields of other provider types. Raises UsageError
    for an unknown name, with the closest one as hint."""
    if provider is not None and provider not in list_provider_types():
        raise _unknown_name("provider type", provider, list_provider_types())
    all_kinds = list_kinds(provider)
    if not query:
        return "\n".join(_kind_lines(all_kinds))
    if (reason := query.strip().lower()) in _list_reasons():
        return "\n".join(_describe_reason(reason))
    name, *field_path = query.strip().split(".")
    if not field_path and name.lower() not in [kind.name.lower() for kind in all_kinds]:
        raise _unknown_name("kind or reason", name, [*(kind.name for kind in all_kinds), *_list_reasons()])
    kind = _find_named(all_kinds, name, "kind")
    is_whole_kind = [name.lower() for name in field_path] in ([], ["spec"])
    return "\n".join(_describe_kind(kind) if is_whole_kind else _describe_field(kind, field_path))


def _kind_lines(all_kinds: Sequence[ManifestKind]) -> Iterator[str]:
    width = max(len(kind.name) for kind in all_kinds)
    for kind in all_kinds:
        name_column = f"{kind.name:<{width}}  "
        yield from wrap(kind.description, _WIDTH, initial_indent=name_column, subsequent_indent=" " * len(name_column))
    yield ""
    reasons = f"Reasons in plans: {', '.join(_list_reasons())}"
    yield from wrap(reasons, _WIDTH, subsequent_indent="  ", break_on_hyphens=False)
    yield ""
    yield "Next: dialctl explain Batch, then dialctl explain Batch.retry"


def list_topics(beginning: str) -> list[str]:
    """What `explain_manifest` takes that may go on from `beginning`: kinds and reasons, or after a dot the fields."""
    kind_name, _, field_path = beginning.partition(".")
    all_kinds = {kind.name: kind for kind in list_kinds()}
    if "." not in beginning or kind_name not in all_kinds:
        return [*all_kinds, *_list_reasons()]
    parent = field_path.rpartition(".")[0]
    kind = all_kinds[kind_name]
    fields = _find_field(kind, parent.split("."))[0].fields if parent else (*kind.document, *kind.spec)
    prefix = f"{kind_name}.{parent}." if parent else f"{kind_name}."
    return [prefix + field.name for field in fields]


def _list_reasons() -> list[str]:
    return [str(reason) for reason in Reason]


def _describe_reason(name: str) -> Iterator[str]:
    help_text = REASONS[name]
    yield f"REASON:   {name}"
    yield ""
    yield from _wrap_paragraph(help_text.meaning)
    if help_text.way_out:
        yield "\nWAY OUT:"
        yield from _wrap_paragraph(help_text.way_out)


def _describe_kind(kind: ManifestKind) -> Iterator[str]:
    yield f"KIND:     {kind.name}"
    yield f"VERSION:  {kind.version}"
    yield ""
    yield from _wrap_paragraph(kind.description)
    yield from _list_fields("FIELDS (of the document)", kind.document)
    yield from _list_fields("FIELDS (of spec)", kind.spec)


def _describe_field(kind: ManifestKind, path: Sequence[str]) -> Iterator[str]:
    field, trail = _find_field(kind, path)
    yield f"KIND:     {kind.name}"
    yield f"VERSION:  {kind.version}"
    yield ""
    yield f"FIELD:    {'.'.join(trail)} <{field.type}>{' -required-' if field.required else ''}"
    yield from (f"{name + ':':<9} {text}" for name, text in _fact_lines(field))
    yield ""
    yield from _wrap_paragraph(field.description)
    yield from _list_fields("FIELDS", field.fields)
    if field in kind.document and field.name in [spec_field.name for spec_field in kind.spec]:
        yield f"\nspec has a field of this name too: dialctl explain {kind.name}.spec.{field.name}"


def _fact_lines(field: Field) -> Iterator[tuple[str, str]]:
    if field.default is not None:
        yield "DEFAULT", field.default
    if field.limits:
        yield "LIMITS", "; ".join(field.limits)
    if field.taken_by:
        yield "FOR", "; ".join(field.taken_by)


def _find_field(kind: ManifestKind, path: Sequence[str]) -> tuple[Field, list[str]]:
    """The field and the names that lead to it. The path may leave out `spec`. Without `spec`, `metadata` is that of the
    document, as for kubectl; the data of a Call is `Call.spec.metadata`."""
    candidates: Sequence[Field] = [*kind.document, *kind.spec]
    first, *remaining = path
    trail = [kind.name]
    if first.lower() == "spec" and remaining:
        candidates, trail = kind.spec, [kind.name, "spec"]
        first, *remaining = remaining
    field = _find_child(candidates, first, trail)
    trail.append(field.name)
    for name in remaining:
        field = _find_child(field.fields, name, trail)
        trail.append(field.name)
    return field, trail


def _find_child(candidates: Sequence[Field], name: str, trail: Sequence[str]) -> Field:
    if not candidates:
        raise UsageError(f"{'.'.join(trail)} has no fields below it", hint=f"dialctl explain {'.'.join(trail)}")
    return _find_named(candidates, name, f"field of {'.'.join(trail)}")


def _find_named(choices: Sequence[Named], name: str, noun: str) -> Named:
    for choice in choices:
        if choice.name.lower() == name.lower():
            return choice
    raise _unknown_name(noun, name, [choice.name for choice in choices])


def _unknown_name(noun: str, name: str, choices: Sequence[str]) -> UsageError:
    by_lower = {choice.lower(): choice for choice in choices}
    close = get_close_matches(name.lower(), by_lower, n=1)
    hint = f'did you mean "{by_lower[close[0]]}"?' if close else f"there are: {', '.join(choices)}"
    return UsageError(f'there is no {noun} "{name}"', hint=hint)


def _wrap_paragraph(text: str, indent: str = "    ") -> Iterator[str]:
    yield from wrap(text, _WIDTH, initial_indent=indent, subsequent_indent=indent)


def _list_fields(title: str, fields: Sequence[Field]) -> Iterator[str]:
    if not fields:
        return
    yield f"\n{title}:"
    for field in fields:
        yield f"  {field.name} <{field.type}>{' -required-' if field.required else ''}"
        fact_texts = [f"{name.capitalize()}: {text}." for name, text in _fact_lines(field)]
        yield from _wrap_paragraph(" ".join([field.description, *fact_texts]), "      ")
