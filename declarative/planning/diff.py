"""Differences of settings for people to read, by deepdiff. Decides nothing, and never shows recipients or their data:
those are counts elsewhere."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from declarative.model.digest import json_digest
from declarative.model.resource import Json
from declarative.model.settings_fields import SettingsFields
from declarative.privacy import mask


@dataclass(frozen=True)
class Change:
    """One difference of a spec, for people to read. Never of recipients or their data."""

    path: str
    """Where it is in the manifest, as `spec.agent_id`."""
    before: Json
    """The value last applied; None where there was none or it is not known."""
    after: Json
    """The value wanted; None where it was removed."""
    is_agent: bool = False
    """Whether it is who speaks that changes."""


def diff_settings(
    before: Mapping[str, Json],
    after: Mapping[str, Json],
    fields: SettingsFields,
    variable_settings: Collection[str] = (),
) -> tuple[Change, ...]:
    """Return what differs between remembered and wanted settings, in order of path.

    `before` are settings as redact_settings() wrote them, `after` the settings in clear. `variable_settings` are names
    of settings that a variable is a part of. Paths begin with `spec.`.
    """
    hidden = _hidden_names(fields, variable_settings)
    if not before:
        return tuple(
            _make_change(fields, [name], None, "(secret)" if name in hidden else _display_value(fields, name, value))
            for name, value in after.items()
        )
    redacted = redact_settings(after, fields, variable_settings)
    if json_digest(dict(before)) == json_digest(redacted):
        return ()
    from deepdiff import DeepDiff

    differences: dict[str, Any] = DeepDiff(
        dict(before), redacted, view="tree", verbose_level=2, threshold_to_diff_deeper=0
    )
    leaves = [leaf for kind in differences.values() for leaf in kind]
    return tuple(
        sorted((_change_from_leaf(leaf, after, fields, hidden) for leaf in leaves), key=lambda change: change.path)
    )


def redact_settings(
    settings: Mapping[str, Json], fields: SettingsFields, variable_settings: Collection[str] = ()
) -> dict[str, Json]:
    """Return settings as the lock keeps them: in clear, but for what is long, holds a phone number or may be a secret.

    `variable_settings` are names of settings that a variable is a part of.
    """
    digested = {*_digested_names(fields), *_hidden_names(fields, variable_settings)}
    return {
        name: f"sha256:{json_digest(value)[:16]}" if name in digested else value for name, value in settings.items()
    }


def _digested_names(fields: SettingsFields) -> tuple[str, ...]:
    """Settings that the lock keeps as a digest: they are long, or hold a phone number."""
    return (*fields.lengthy, *fields.caller)


def _hidden_names(fields: SettingsFields, variable_settings: Collection[str]) -> set[str]:
    # The ids of an agent or number are no secrets, and later runs find calls by them.
    return {*fields.secret, *variable_settings} - {*fields.agent, *fields.caller_id}


def _change_from_leaf(
    leaf: Any, settings: Mapping[str, Json], fields: SettingsFields, hidden: Collection[str]
) -> Change:
    path = [str(part) for part in leaf.path(output_format="list")]
    before, after = (None if type(side).__name__ == "NotPresent" else side for side in (leaf.t1, leaf.t2))
    if path[0] in hidden:
        return _make_change(fields, path[:1], before and "(another)", after and "(secret)")
    if path[0] in _digested_names(fields) and after is not None:
        before, after = before and "(another)", settings[path[0]]
    return _make_change(fields, path, before, _display_value(fields, path[0], after))


def _make_change(fields: SettingsFields, path: Sequence[str], before: Json, after: Json) -> Change:
    return Change(".".join(["spec", *path]), before, after, is_agent=path[0] in fields.agent)


def _display_value(fields: SettingsFields, name: str, value: Json) -> Json:
    if name in fields.caller and isinstance(value, str):
        return mask(value)
    if isinstance(value, str) and len(value) > 60:
        return value[:57] + "..."
    return value
