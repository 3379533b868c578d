"""Fault rules: which requests go wrong, and how. They are data, checked by `sandbox-faults.v1.schema.json`.

Which rule applies is decided here; what it does to a request is done in `perform`. Knows no provider.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import orjson

from declarative import schemas
from declarative.errors import UsageError
from declarative.sandbox.request import ApiRequest, Knobs
from declarative.sandbox.world import Moment

SCHEMA = "sandbox-faults.v1"


@dataclass(frozen=True, slots=True)
class StatusOverride:
    """Answer with this instead, after the effect or in place of it."""

    code: int
    effect: bool
    body: Any = None
    headers: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class FaultEffects:
    """All that is wrong with one request, out of every rule that applies to it."""

    lost: Literal["request", "answer"] | None = None
    late: float | None = None
    status: StatusOverride | None = None
    truncate: int | None = None
    edit: Any = None
    edit_items: Any = None
    lag: float = 0.0
    cap: int | None = None
    as_data: bool = False
    refusal: int = 402
    drop_members: int = 0
    delay: float = 0.0

    @property
    def knobs(self) -> Knobs:
        return Knobs(self.lag, self.refusal)


def validate_rules(rules: Any, file: str = "") -> list[dict[str, Any]]:
    """The rules themselves; raises UsageError that names every place where they are wrong."""
    rule_list = rules["faults"] if isinstance(rules, dict) and set(rules) == {"faults"} else rules
    prefix = f"{file}: faults" if file else "faults"
    try:
        # YAML has values that JSON has not, and whatever cannot be written cannot be kept.
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
    """To JSON Schema 10.0 is an integer; a status, or a number of bytes, it cannot be."""
    from jsonschema import Draft202012Validator, validators

    whole = Draft202012Validator.TYPE_CHECKER.redefine("integer", lambda _, value: type(value) is int)
    extend: Any = validators.extend  # it has no types
    return extend(Draft202012Validator, type_checker=whole)(schemas.load_schema(SCHEMA))


def load_rules(file: Path) -> list[dict[str, Any]]:
    """Rules out of a YAML or JSON file; raises UsageError."""
    import yaml

    try:
        rules = yaml.safe_load(file.read_text(encoding="utf-8"))
    except OSError as problem:
        raise UsageError(f"{file}: {problem.strerror}") from None
    except (UnicodeDecodeError, yaml.YAMLError) as problem:
        raise UsageError(f"{file}: {problem}") from None
    return validate_rules(rules, str(file))


def install_rules(moment: Moment, rules: Sequence[Mapping[str, Any]]) -> None:
    """Put these in place of all rules; counting starts again."""
    moment.db.execute("INSERT OR REPLACE INTO setting VALUES ('faults', ?)", (orjson.dumps(rules),))
    moment.db.execute("DELETE FROM setting WHERE name = 'faults_seen'")


def read_rules(moment: Moment) -> tuple[list[dict[str, Any]], list[int]]:
    """Rules, and how many requests each has matched so far."""
    settings = dict(
        moment.db.execute("SELECT name, value FROM setting WHERE name IN ('faults', 'faults_seen')").fetchall()
    )
    rules = orjson.loads(settings.get("faults", b"[]"))
    return rules, orjson.loads(settings["faults_seen"]) if "faults_seen" in settings else [0] * len(rules)


def match_rules(moment: Moment, request: ApiRequest) -> FaultEffects:
    """What is wrong with this request, which is counted against the rules that match it."""
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
    return FaultEffects(**effects)


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
