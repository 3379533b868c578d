"""Differences of specs for people to read, by deepdiff. Decides nothing, and never looks below recipients or their
data: those are counts elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from declarative.model import Json
from declarative.planning.plan import Change

_LONG_TEXT = ("instructions",)


def changes(before: Mapping[str, Json], after: Mapping[str, Json]) -> tuple[Change, ...]:
    """What differs between two mappings of settings, as paths below `spec`, in order of path."""
    if not before:
        return tuple(Change(f"spec.{name}", None, _shown(name, value)) for name, value in after.items())
    if dict(before) == dict(after):
        return ()
    from deepdiff import DeepDiff

    found: dict[str, Any] = DeepDiff(dict(before), dict(after), view="tree", verbose_level=2)
    leaves = [leaf for kind in found.values() for leaf in kind]
    return tuple(sorted((_change(leaf) for leaf in leaves), key=lambda change: change.path))


def _change(leaf: Any) -> Change:
    path = [str(part) for part in leaf.path(output_format="list")]
    before, after = (None if type(side).__name__ == "NotPresent" else side for side in (leaf.t1, leaf.t2))
    return Change(".".join(["spec", *path]), _shown(path[0], before), _shown(path[0], after))


def _shown(name: str, value: Json) -> Json:
    if name in _LONG_TEXT and isinstance(value, str) and len(value) > 60:
        return value[:57] + "..."
    return value
