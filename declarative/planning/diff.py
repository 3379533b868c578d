"""Differences of settings for people to read, by deepdiff. Decides nothing, and never shows recipients or their data:
those are counts elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from declarative.model.digest import json_digest
from declarative.model.resource import Json
from declarative.planning.plan import Change
from declarative.privacy import mask

_DIGESTED = ("instructions", "from_number")
"""Settings that the lock keeps as a digest: they are long, or hold a phone number."""


def diff_settings(before: Mapping[str, Json], after: Mapping[str, Json]) -> tuple[Change, ...]:
    """Return what differs between remembered and wanted settings, in order of path.

    `before` are settings as redact_settings() wrote them, `after` the settings in clear. Paths begin with `spec.`.
    """
    if not before:
        return tuple(Change(f"spec.{name}", None, _display_value(name, value)) for name, value in after.items())
    redacted = redact_settings(after)
    if json_digest(dict(before)) == json_digest(redacted):
        return ()
    from deepdiff import DeepDiff

    differences: dict[str, Any] = DeepDiff(
        dict(before), redacted, view="tree", verbose_level=2, threshold_to_diff_deeper=0
    )
    leaves = [leaf for kind in differences.values() for leaf in kind]
    return tuple(sorted((_change_from_leaf(leaf, after) for leaf in leaves), key=lambda change: change.path))


def redact_settings(settings: Mapping[str, Json]) -> dict[str, Json]:
    """Return settings as the lock keeps them: in clear, but for those that are long or hold a phone number."""
    return {
        name: f"sha256:{json_digest(value)[:16]}" if name in _DIGESTED else value for name, value in settings.items()
    }


def _change_from_leaf(leaf: Any, settings: Mapping[str, Json]) -> Change:
    path = [str(part) for part in leaf.path(output_format="list")]
    before, after = (None if type(side).__name__ == "NotPresent" else side for side in (leaf.t1, leaf.t2))
    if path[0] in _DIGESTED and after is not None:
        before, after = before and "(another)", settings[path[0]]
    return Change(".".join(["spec", *path]), before, _display_value(path[0], after))


def _display_value(name: str, value: Json) -> Json:
    if name == "from_number" and isinstance(value, str):
        return mask(value)
    if isinstance(value, str) and len(value) > 60:
        return value[:57] + "..."
    return value
