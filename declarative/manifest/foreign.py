"""Tells manifests from the YAML of other tools, which is left alone."""

from __future__ import annotations

from declarative.manifest.messages import did_you_mean
from declarative.model.resource import Json, Kind

API_VERSION = "dialctl/v1"
SAVED_PLAN = "dialctl-plan"
"""The kind of the files that planning/planfile.py writes."""
_KINDS = ("Project", *Kind)


def is_foreign(value: Json) -> bool:
    """Whether nothing shows that a document is meant for dialctl. A misspelt apiVersion shows it, and without one a
    kind of ours."""
    if not isinstance(value, dict):
        return True
    kind = str(value.get("kind", ""))
    if kind == SAVED_PLAN:
        return False
    if "apiVersion" in value:
        version = str(value["apiVersion"])
        return not version.startswith("dialctl") and not did_you_mean(version, [API_VERSION])
    return kind not in _KINDS and not did_you_mean(kind, _KINDS)
