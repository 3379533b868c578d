"""Which columns of a recipients file make which fields of a person."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain

from declarative.errors import Problem
from declarative.manifest import messages
from declarative.manifest.problems import ProblemCollector
from declarative.manifest.recipients.fields import count_fault, name_fault
from declarative.manifest.recipients.source import Source
from declarative.privacy import mask_all


def columns_by_field(source: Source, header: Sequence[str], problems: ProblemCollector) -> dict[str, list[str]] | None:
    """The columns of each field; None when a column is missing or cannot be a key."""
    mark = problems.mark()
    fields = {name: list(columns) for name, columns in source.columns.items()}
    named = [name for name in header if name]
    wanted = [
        ("to_number", source.number_column),
        *((name, column) for name, columns in fields.items() for column in columns),
    ]
    wanted += [("where", condition.column) for condition in source.where]
    problems.extend(
        _missing_column_problem(source, step, column, named) for step, column in wanted if column not in named
    )
    if source.rest_field:
        used_columns = {source.number_column, *chain(*fields.values())}
        fields[source.rest_field] = [column for column in named if column not in used_columns]
    for name, columns in fields.items():
        problems.extend(_bad_key_problems(source, name, columns))
    return None if problems.has_new(mark) else fields


def _missing_column_problem(source: Source, step: str, column: str, header: Sequence[str]) -> Problem:
    shown = list(header[:20]) + (["…"] if len(header) > 20 else [])
    message = f"{source.display_path} has no column {messages.quote(column)}, it has: {messages.join_names(shown)}"
    if any(mask_all(name) != name for name in header):
        hint = "the first row is not a header: begin the file with the names of its columns"
        return source.manifest_problem(step, message, hint)
    hint = messages.did_you_mean(column, header)
    lookalikes = (
        f"{messages.quote(name)} in the file holds {messages.name_unseen(name)}"
        for name in header
        if messages.name_unseen(name) and messages.did_you_mean(column, [name])
    )
    hint = next(lookalikes, hint)
    if not hint and len(header) == 1 and step == "to_number":
        hint = "a line before the header? Begin the file with the names of its columns"
    if not hint and step == "to_number":
        hint = "to_number names the column of the phone number"
    return source.manifest_problem(step, message, hint)


def _bad_key_problems(source: Source, field: str, columns: Sequence[str]) -> Iterator[Problem]:
    hint, limits = f"list the wanted columns under {field}", source.person_schema.limits_of(field)
    if limits.is_text:
        return  # its column is no key
    for column in columns:
        if fault := name_fault(limits, column):
            message = f"column {messages.quote(column)} of {source.display_path}: {fault}"
            yield source.manifest_problem(field, message, hint)
    if fault := count_fault(limits, columns):
        yield source.manifest_problem(field, f"{source.display_path}: {fault}", hint)
