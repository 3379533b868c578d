"""Problems, blocks, refusals and warnings as workflow commands, which GitHub shows beside the change."""

from __future__ import annotations

from collections.abc import Iterator

from declarative.errors import DialctlError, Problem
from declarative.planning.decide import Verb
from declarative.planning.plan import Plan
from declarative.privacy import clean
from declarative.report import phrases


def format_plan(plan: Plan) -> str:
    """Format a plan: an annotation for each block, refusal and warning, and a notice of what would happen."""
    return "\n".join(_plan_lines(plan))


def _plan_lines(plan: Plan) -> Iterator[str]:
    yield _command("notice", phrases.headline(plan), title=f"dialctl plan {plan.project}")
    for action in phrases.merge_shared_blocks(plan.actions_with_verb(Verb.BLOCK)):
        way_out = f"\n{action.hint}" if action.hint else ""
        message = f"{phrases.describe_action(action, plan)}{way_out}"
        yield _command("error", message, title=f"{action.address} is blocked: {action.reason}")
    for refusal in plan.refusals:
        yield _command("error", refusal, title="Refused")
    for warning in plan.warnings:
        yield _command("warning", warning.message, title=warning.address)


def format_error(error: DialctlError) -> str:
    """Format what ended a command: an annotation for each problem at its place, else one for the error."""
    if not error.problems:
        return _command("error", f"{error.message}{_hint_line(error.hint)}", title="dialctl")
    return "\n".join(_problem_command(problem) for problem in error.problems)


def _problem_command(problem: Problem) -> str:
    place = {"line": str(problem.line), "col": str(problem.column)} if problem.line else {}
    path_prefix = f"{problem.path}: " if problem.path else ""
    message = f"{path_prefix}{problem.message}{_hint_line(problem.hint)}"
    return _command("error", message, file=problem.file, **place)


def _hint_line(hint: str) -> str:
    return f"\n{hint}" if hint else ""


def _command(name: str, message: str, **properties: str) -> str:
    """Write a workflow command. Text from others cannot end it or begin another."""
    written = ",".join(f"{key}={_escape(clean(value), property_value=True)}" for key, value in properties.items())
    lines = (clean(line) for line in message.split("\n"))
    return f"::{name} {written}::{_escape(chr(10).join(lines))}"


def _escape(text: str, *, property_value: bool = False) -> str:
    escapes: dict[str, str | int | None] = {
        "%": "%25",
        "\r": "%0D",
        "\n": "%0A",
        **({":": "%3A", ",": "%2C"} if property_value else {}),
    }
    return text.translate(str.maketrans(escapes))
