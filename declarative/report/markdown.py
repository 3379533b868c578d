"""Plans for the comment on a pull request: Markdown that hostile text cannot steer and that always fits. Decides
nothing; what is cut, and what is kept, is fitting.py's."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence

from declarative import humanize
from declarative.humanize import people
from declarative.model.recipients import HELD_BACK
from declarative.model.resource import Json
from declarative.planning.decide import Verb
from declarative.planning.plan import Action, Change, Plan
from declarative.privacy import clean
from declarative.report import phrases
from declarative.report.truncate import Section, fit_sections

LIMIT = 60_000
"""Characters. GitHub refuses a comment of more than 65,536; what is left is for whoever adds a line of their own."""
VALUE_LIMIT = 400
"""Characters of one value or sentence that others wrote."""
_TABLE = ("| Resource | What | People | Details | Why |", "| --- | --- | --: | --- | --- |")
_MARKUP = re.compile(r"[\\`*_\[\]|$^~]")
_ENTITIES = {"<": "&lt;", ">": "&gt;", "&": "&amp;"}
_REFERENCES = re.compile(r"([@#!~%&$])(?=[\w\"])|(?<=:)(?=//)|(?<=www)(?=\.)|^(?=[-+#=:]|\d+[.)])", re.IGNORECASE)
"""Where a mention, a reference to an issue, a link or a list would begin."""
_INVISIBLE = "\u200b"


def render_comment(plan: Plan, *, caused_addresses: Collection[str] | None = None) -> str:
    """The plan as a comment of fewer than LIMIT characters, however large it is. `caused` are the addresses that the
    pull request touches: the others come under a heading of their own. Begins with `<!-- dialctl plan PROJECT -->`,
    by which a comment is found again."""
    caused_actions = [
        action for action in plan.actions if caused_addresses is None or action.address in caused_addresses
    ]
    other_actions = [
        action for action in plan.actions if caused_addresses is not None and action.address not in caused_addresses
    ]
    heading = "Not caused by this pull request"
    sections = [
        Section("refusals", 0, "#### Refused", [f"- {escape_prose(refusal)}" for refusal in plan.refusals]),
        *_action_sections(plan, caused_actions, 1, "#### Blocked", ""),
        Section("warnings", 4, "#### Warnings", list(_notice_bullets(plan))),
        *_action_sections(plan, other_actions, 5, f"#### {heading}: blocked", f"#### {heading}"),
        *_collapsible_sections(plan),
    ]
    return fit_sections("\n".join(_comment_head(plan)), sections, LIMIT)


def _comment_head(plan: Plan) -> Iterator[str]:
    yield f"<!-- dialctl plan {re.sub(r'[^A-Za-z0-9._-]', '', plan.project)[:63]} -->"
    yield f"### {phrases.headline(plan)}{' Refused as it is.' if plan.refusals else ''}"
    yield ""
    providers = sorted({action.provider for action in plan.actions if action.provider})
    shown_providers = [code_span(provider) for provider in providers[:5]]
    yield " · ".join(
        [f"project {code_span(plan.project)}", *shown_providers, f"checksum {code_span(plan.checksum[:19])}"]
    )
    if plan.offline:
        yield ""
        yield "**Offline:** from manifests and lock alone. Nobody was asked what is there now; counts are at most."
    if plan.next_at:
        yield ""
        yield f"Somebody will be due later: run again at {humanize.when(plan.next_at, plan.created_at)}."


def _action_sections(
    plan: Plan, actions: Sequence[Action], rank: int, blocked_heading: str, heading: str
) -> Iterator[Section]:
    listed_actions = [action for action in actions if action.verb not in (Verb.KEEP, Verb.BLOCK)]
    blocked_actions = [action for action in actions if action.verb is Verb.BLOCK]
    yield Section(
        "blocked resources", rank, blocked_heading, [_block_bullet(action, plan) for action in blocked_actions]
    )
    table_head = "\n\n".join(filter(None, [heading, "\n".join(_TABLE)]))
    yield Section("actions", rank + 1, table_head, [_table_row(action, plan) for action in listed_actions], tight=True)


def _table_row(action: Action, plan: Plan) -> str:
    verb_cell = f"`{phrases.SYMBOLS[action.verb]}` {action.verb}"
    reasons = phrases.describe_reasons(action.reasons or {action.reason: action.people})
    address = code_span(action.address.replace("|", "¦"))  # a bar ends a cell even within a code span
    cells = [
        address,
        verb_cell,
        f"{action.people:,}",
        escape_prose(phrases.describe_action(action, plan)),
        escape_prose(reasons),
    ]
    return f"| {' | '.join(cells)} |"


def _block_bullet(action: Action, plan: Plan) -> str:
    bullet = (
        f"- {code_span(action.address)} {people(action.people)}: {escape_prose(phrases.describe_action(action, plan))}"
    )
    return f"{bullet}\n  {code_span(action.hint)}" if action.hint else bullet


def _notice_bullets(plan: Plan) -> Iterator[str]:
    yield from (
        f"- {people(count)} held back: {escape_prose(HELD_BACK.get(name, name))}"
        for name, count in plan.held_counts.items()
    )
    yield from (f"- {code_span(warning.address)}: {escape_prose(warning.message)}" for warning in plan.warnings)


def _collapsible_sections(plan: Plan) -> Iterator[Section]:
    differences = [(a, c) for a in plan.actions for c in a.changes if c.before is not None or a.verb is Verb.REPLACE]
    initial_settings = [
        (a, c) for a in plan.actions for c in a.changes if c.before is None and a.verb is not Verb.REPLACE
    ]
    unchanged = [
        f"- {code_span(action.address)} {escape_prose(phrases.describe_action(action, plan))}"
        for action in plan.actions_with_verb(Verb.KEEP)
    ]
    yield Section("differences", 8, "Differences", [_difference_bullet(*pair) for pair in differences], folded=True)
    yield Section(
        "settings of new resources",
        9,
        "Settings of new resources",
        [_new_setting_bullet(*pair) for pair in initial_settings],
        folded=True,
    )
    yield Section("unchanged resources", 10, "Unchanged", unchanged, folded=True)


def _difference_bullet(action: Action, change: Change) -> str:
    return f"{_setting_prefix(action, change)}: {_value_span(change.before)} → {_value_span(change.after)}"


def _new_setting_bullet(action: Action, change: Change) -> str:
    return f"{_setting_prefix(action, change)}: {_value_span(change.after)}"


def _setting_prefix(action: Action, change: Change) -> str:
    return f"- {code_span(action.address)} {code_span(change.path.removeprefix('spec.'))}"


def _value_span(value: Json) -> str:
    return "(none)" if value is None else code_span(str(value))


def code_span(text: str) -> str:
    """Foreign text as a code span: neither GitHub nor GitLab looks for markup, links or mentions inside."""
    text = _shorten_text(text) or " "
    longest_run = max((len(backticks) for backticks in re.findall("`+", text)), default=0)
    if not longest_run:
        return f"`{text}`"
    fence = "`" * (longest_run + 1)
    return f"{fence} {text} {fence}"


def escape_prose(text: str) -> str:
    """Foreign text as plain words: no markup, no HTML, and nothing that is made a mention, a reference or a link even
    where entities are read first."""
    text = _REFERENCES.sub(lambda match: f"{match.group(1) or ''}{_INVISIBLE}", _shorten_text(text))
    text = re.sub("[<>&]", lambda match: _ENTITIES[match.group()], text)
    return _MARKUP.sub(lambda match: f"\\{match.group()}", text)


def _shorten_text(text: str) -> str:
    text = clean(text[: VALUE_LIMIT * 2]).strip()
    return text if len(text) <= VALUE_LIMIT else f"{text[:VALUE_LIMIT]}…"
