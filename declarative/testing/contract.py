"""Runs the rules of a contract one by one, and reports all that are broken together."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TypeVar

_Error = TypeVar("_Error", bound=BaseException)

Rule = Callable[[], None]
"""Checks one promise. Raises any exception where it is broken, NotSupported where it cannot be checked."""


class NotSupported(Exception):
    """Raised by an author's test setup for what it cannot do. The rules that need it are skipped by name."""


class RuleBroken(AssertionError):
    """Raised by a rule; says what was seen instead of what was promised."""


class ContractViolation(AssertionError):
    """At least one rule is broken. The message names every one."""

    def __init__(self, subject: str, broken: Mapping[str, str]) -> None:
        lines = [f"{subject} breaks {len(broken)} of its rules:", *(f"- {name}: {why}" for name, why in broken.items())]
        super().__init__("\n".join(lines))
        self.broken = dict(broken)


@dataclass(frozen=True, kw_only=True)
class ContractReport:
    """The rules of a contract that is kept, as far as it could be checked."""

    passed: tuple[str, ...]
    """Names of the rules that hold."""
    skipped: Mapping[str, str]
    """Name of each rule that was not checked, and what the test setup lacks for it."""


def run_rules(subject: str, rules: Iterable[tuple[str, Rule]]) -> ContractReport:
    """Run every rule, by name and in order. Raises ContractViolation after the last one if any is broken."""
    passed: list[str] = []
    skipped: dict[str, str] = {}
    broken: dict[str, str] = {}
    for name, rule in rules:
        try:
            rule()
        except NotSupported as reason:
            skipped[name] = str(reason)
        except RuleBroken as problem:
            broken[name] = str(problem)
        except Exception as problem:
            broken[name] = f"{type(problem).__name__}: {problem}"
        else:
            passed.append(name)
    if broken:
        raise ContractViolation(subject, broken)
    return ContractReport(passed=tuple(passed), skipped=skipped)


def rule_name(function: Callable[..., None]) -> str:
    """Return a rule's name for people: that of its function, with spaces."""
    return getattr(function, "__name__", repr(function)).strip("_").replace("_", " ")


def require(condition: bool, message: str) -> None:
    """Raise RuleBroken with the message unless the condition holds."""
    if not condition:
        raise RuleBroken(message)


def require_equal(value: object, expected: object, what: str) -> None:
    """Raise RuleBroken unless the two are equal."""
    require(value == expected, f"{what} is {value!r}, expected {expected!r}")


def require_error(kind: type[_Error], action: Callable[[], object], what: str) -> _Error:
    """Return the error that the action raises. Raises RuleBroken if it raises none of this kind."""
    try:
        action()
    except kind as error:
        return error
    raise RuleBroken(f"{what} does not raise {kind.__name__}")
