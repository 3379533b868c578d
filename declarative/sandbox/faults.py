"""Fault rules: which requests go wrong, and how. They are data, checked by `sandbox-faults.v1.schema.json`.

This module decides which rule applies; `handle` does what the rule says. Knows no provider.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Literal

import orjson

from declarative import schemas
from declarative.errors import UsageError
from declarative.sandbox.request import ApiRequest, Knobs
from declarative.sandbox.world import Moment

SCHEMA = "sandbox-faults.v1"
_KNOBS = {knob.name for knob in fields(Knobs)} - {"in_pages"}
"""What a rule may say about the handling of a request."""


@dataclass(frozen=True, slots=True)
class StatusOverride:
    """An answer given instead of the real one, after the effect or in place of it."""

    code: int
    """HTTP status."""
    effect: bool
    """Whether the request is still carried out before this answer."""
    body: Any = None
    """Text or JSON; None gives an error in the provider's own form."""
    headers: Mapping[str, str] | None = None
    """Added to the answer; None adds none."""
    gateway: bool = False
    """Answers an HTML page, as a proxy in front of the API does."""


@dataclass(frozen=True, slots=True)
class FaultEffects:
    """Everything that goes wrong with one request, from all rules that apply to it."""

    lost: Literal["request", "answer"] | None = None
    """`request`: never arrives. `answer`: carried out, and the connection closes. None: neither."""
    late: float | None = None
    """Seconds until the request takes effect; its connection closes at once. None: no delay."""
    copy: float | None = None
    """Seconds until the request is delivered a second time; None delivers it once."""
    status: StatusOverride | None = None
    """The answer to give instead of the real one; None gives the real one."""
    truncate: int | None = None
    """Bytes of the body after which the connection closes; None sends all."""
    edit: Any = None
    """JSON merge patch (RFC 7396) for the body; None changes nothing."""
    edit_items: Any = None
    """JSON merge patch for each item of the lists in the body; None changes nothing."""
    as_data: bool = False
    """Lists CallingBox's calls in the old shape `{"data": [...]}`, and numbers so too."""
    bare: bool = False
    """Lists CallingBox's calls in the older shape, a bare array."""
    drop_members: int = 0
    """Recipients left out at the end of a batch."""
    delay: float = 0.0
    """Real seconds before the answer."""
    effect_after: float | Literal["never"] | None = None
    """Seconds from the answer to the effect. The answer is that of a request carried out. None: no such lie."""
    leave_out: int = 0
    """Recipients at the end of a request that are not taken. The answer counts the others alone."""
    hide_members: int = 0
    """Recipients left out at the end of a batch, in all of its counts too."""
    cut_names: int | None = None
    """Characters left of each name in a list; 0 leaves the field out. None shows names in full."""
    number_forms: Mapping[str, str] | None = None
    """Beginnings of phone numbers in answers, and what is shown in their place; None changes none."""
    created_shift: float = 0.0
    """Seconds added to each `created_at` of the answer."""
    date_shift: float = 0.0
    """Seconds added to the `Date` header of the answer."""
    repeat_page: bool = False
    """Answers the first page of a list again, whatever the cursor."""
    trickle: float = 0.0
    """Real seconds after each byte of the body."""
    pad_mb: int = 0
    """Megabytes of blanks after the body."""
    knobs: Knobs = field(default_factory=Knobs)
    """What goes wrong in the handling of the request."""


def validate_rules(rules: Any, file: str = "") -> list[dict[str, Any]]:
    """Return the rules as JSON values. Raises UsageError that names each place where they are wrong."""
    rule_list = rules["faults"] if isinstance(rules, dict) and set(rules) == {"faults"} else rules
    prefix = f"{file}: faults" if file else "faults"
    try:
        # YAML has values that JSON does not have, and only JSON can be stored.
        json_rules = orjson.loads(orjson.dumps({"faults": rule_list}, option=orjson.OPT_NON_STR_KEYS))["faults"]
    except orjson.JSONEncodeError as problem:
        raise UsageError(f"{prefix}: {problem}") from None
    messages = [
        f"{prefix}{error.json_path[1:]}: {error.message}" for error in _schema_validator().iter_errors(json_rules)
    ]
    if messages:
        raise UsageError("; ".join(messages[:10]), hint=f"the format is described by schemas/{SCHEMA}.schema.json")
    return list(json_rules)


def _schema_validator() -> Any:
    """A validator that refuses 10.0 as an integer. JSON Schema accepts it, but no status or byte count is 10.0."""
    from jsonschema import Draft202012Validator, validators

    whole = Draft202012Validator.TYPE_CHECKER.redefine("integer", lambda _, value: type(value) is int)
    extend: Any = validators.extend  # jsonschema gives it no types
    return extend(Draft202012Validator, type_checker=whole)(schemas.load_schema(SCHEMA))


def load_rules(file: Path) -> list[dict[str, Any]]:
    """Read rules from a YAML or JSON file. Raises UsageError."""
    import yaml

    try:
        rules = yaml.safe_load(file.read_text(encoding="utf-8"))
    except OSError as problem:
        raise UsageError(f"{file}: {problem.strerror}") from None
    except (UnicodeDecodeError, yaml.YAMLError) as problem:
        raise UsageError(f"{file}: {problem}") from None
    return validate_rules(rules, str(file))


def install_rules(moment: Moment, rules: Sequence[Mapping[str, Any]]) -> None:
    """Replace all rules by these. Counting starts again."""
    moment.db.execute("INSERT OR REPLACE INTO setting VALUES ('faults', ?)", (orjson.dumps(rules),))
    moment.db.execute("DELETE FROM setting WHERE name = 'faults_seen'")


def read_rules(moment: Moment) -> tuple[list[dict[str, Any]], list[int]]:
    """Read the rules, and how many requests each has matched so far."""
    settings = dict(
        moment.db.execute("SELECT name, value FROM setting WHERE name IN ('faults', 'faults_seen')").fetchall()
    )
    rules = orjson.loads(settings.get("faults", b"[]"))
    return rules, orjson.loads(settings["faults_seen"]) if "faults_seen" in settings else [0] * len(rules)


def match_rules(moment: Moment, request: ApiRequest) -> FaultEffects:
    """Count the request for every rule that matches it, and return what goes wrong. Earlier rules win."""
    rules, counts = read_rules(moment)
    effects: dict[str, Any] = {}
    matching = [index for index, rule in enumerate(rules) if _is_match(rule["match"], request)]
    for index in matching:
        counts[index] += 1
        nth_match = counts[index] - rules[index]["match"].get("after", 0)
        times = rules[index]["match"].get("times", 1)
        if nth_match > 0 and (times == 0 or nth_match <= times):
            effects = {**_parse_effects(rules[index]["do"]), **effects}
    if matching:
        moment.db.execute("INSERT OR REPLACE INTO setting VALUES ('faults_seen', ?)", (orjson.dumps(counts),))
    handling = {name: effects.pop(name) for name in _KNOBS & effects.keys()}
    is_paged = not (effects.get("as_data") or effects.get("bare"))
    return FaultEffects(**effects, knobs=Knobs(**handling, in_pages=is_paged))


def _is_match(match: Mapping[str, Any], request: ApiRequest) -> bool:
    operation, provider = match.get("operation", "*"), match.get("provider", request.provider)
    return operation in ("*", request.operation) and provider == request.provider


def _parse_effects(do: str | Mapping[str, Any]) -> dict[str, Any]:
    effects: dict[str, Any] = {}
    for name, value in {do: True}.items() if isinstance(do, str) else do.items():
        if name in ("lost_request", "lost_answer"):
            effects["lost"] = name.removeprefix("lost_")
        elif name == "status" and isinstance(value, Mapping):
            effects[name] = StatusOverride(**value)
        else:
            effects[name] = value
    return effects
