"""Checks the first fields of a document: whether it is a manifest at all, and of which kind."""

from __future__ import annotations

from dataclasses import replace

from declarative.errors import Problem
from declarative.manifest.discover import is_project
from declarative.manifest.document import Document, DocumentSection
from declarative.manifest.foreign import SAVED_PLAN, is_foreign
from declarative.manifest.messages import describe_value
from declarative.manifest.problems import ProblemCollector
from declarative.manifest.schema import head_schema
from declarative.manifest.validate import keep_valid
from declarative.model.resource import Json


def check_head(document: Document, problems: ProblemCollector) -> Document | None:
    """Return the document when its kind and spec can be read, otherwise None. A wrong name becomes an empty one."""
    value = document.value
    if not isinstance(value, dict) or value.get("kind") == SAVED_PLAN or is_foreign(value):
        problems.add(_foreign_problem(document, value))
        return None
    valid_fields = keep_valid(DocumentSection(document, (), problems), value, head_schema(is_project(document)))
    if is_project(document) and "spec" not in value:
        valid_fields.setdefault("spec", {})
    if not {"apiVersion", "kind", "spec"} <= set(valid_fields):
        return None
    metadata = valid_fields.get("metadata")
    metadata_with_name = {"name": "", **(metadata if isinstance(metadata, dict) else {})}
    return replace(document, value={**valid_fields, "metadata": metadata_with_name})


def _foreign_problem(document: Document, value: Json) -> Problem:
    if isinstance(value, dict) and value.get("kind") == SAVED_PLAN:
        message, hint = "a saved plan, not a manifest", f"to run it: dialctl apply {document.display_path}"
        return document.problem((), message, hint)
    head = value if isinstance(value, dict) else {}
    head_description = " and ".join(
        f"{name} {describe_value(head[name])}" for name in ("apiVersion", "kind") if name in head
    )
    description = head_description or f"{describe_value(value)} without apiVersion and kind"
    hint = "keep other YAML in files of its own: those are left alone"
    return document.problem((), f"found {description}: not a manifest", hint)
