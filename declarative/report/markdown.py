"""Plans as a comment on a pull request. Text from others cannot become markup, and the comment always fits. Decides
nothing; truncate.py chooses what to cut."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from declarative import humanize
from declarative.humanize import people
from declarative.model.recipients import HELD_BACK
from declarative.model.resource import Json
from declarative.planning.decide import Reason, Verb
from declarative.planning.diff import Change
from declarative.planning.plan import Action, Plan
from declarative.privacy import clean
from declarative.report import phrases, terms_phrases
from declarative.report.truncate import Section, fit_sections

LIMIT = 60_000
"""Characters of the whole comment. GitHub refuses more than 65,536; a pipeline may add lines of its own."""
VALUE_LIMIT = 400
"""Characters of one value or sentence that others wrote."""
_MOST_ADDRESSES = 3
"""Addresses that are named where many share one sentence."""
_MOST_EQUAL_ROWS = 9
"""Rows of the table that say the same of different addresses, before they become one."""
_TABLE = ("| Resource | What | People | Details | Why |", "| --- | --- | --: | --- | --- |")
_MARKUP = re.compile(r"[\\`*_\[\]|$^~]")
_ENTITIES = {"<": "&lt;", ">": "&gt;", "&": "&amp;"}
_REFERENCES = re.compile(r"([@#!~%&$])(?=[\w\"])|(?<=:)(?=//)|(?<=www)(?=\.)|^(?=[-+#=:]|\d+[.)])", re.IGNORECASE)
"""Places where a mention, a reference to an issue, a link or a list would begin."""
_INVISIBLE = "\u200b"
"""A zero-width space. Put into such a place, it stops the markup and shows nothing."""


def render_comment(plan: Plan, *, caused_addresses: Collection[str] | None = None) -> str:
    """Render the plan as a comment of fewer than LIMIT characters, however large it is.

    `caused_addresses` are the addresses that the pull request touches. All others get a heading of their own; with
    None nothing is set apart. The comment begins with `<!-- dialctl plan PROJECT -->`, so that it can be found again.
    """
    caused_actions = [
        action for action in plan.actions if caused_addresses is None or action.address in caused_addresses
    ]
    other_actions = [
        action for action in plan.actions if caused_addresses is not None and action.address not in caused_addresses
    ]
    sections = [
        Section("refusals", 0, "#### Refused", [f"- {escape_prose(refusal)}" for refusal in plan.refusals]),
        *_action_sections(plan, caused_actions, 1, ""),
        Section("warnings", 4, "#### Warnings", list(_notice_bullets(plan))),
        *_action_sections(plan, other_actions, 5, "Not caused by this pull request"),
        *_collapsible_sections(plan),
    ]
    return fit_sections("\n".join(_comment_head(plan)), sections, LIMIT)


def _comment_head(plan: Plan) -> Iterator[str]:
    yield f"<!-- dialctl plan {re.sub(r'[^A-Za-z0-9._-]', '', plan.project)[:63]} -->"
    yield f"### {phrases.headline(plan)}{' Refused as it is.' if plan.refusals else ''}"
    yield ""
    providers = sorted({action.provider for action in plan.actions if action.provider})
    shown_providers = [code_span(provider) for provider in providers[:5]]
    facts = [f"project {code_span(plan.project)}", *shown_providers, f"checksum {code_span(plan.checksum[:19])}"]
    facts += [f"commit {code_span(plan.commit[:12])}"] if plan.commit else []
    yield " · ".join([*facts, f"{humanize.when(plan.created_at)} {plan.created_at.year}"])
    if plan.offline:
        yield ""
        yield "**Offline:** decided from manifests and lock alone. No provider was asked, so counts are upper bounds."
    if plan.next_call_at:
        yield ""
        yield f"More people are due later: run again at {humanize.when(plan.next_call_at, plan.created_at)}."


def _action_sections(plan: Plan, actions: Sequence[Action], rank: int, heading: str) -> Iterator[Section]:
    """Blocks, the table of what is done, and the terms of new people, from this rank on."""
    listed_actions = [action for action in actions if action.verb is not Verb.BLOCK and not _is_unchanged(action)]
    blocked_actions = [action for action in actions if action.verb is Verb.BLOCK]
    blocked_heading = f"#### {heading}: blocked" if heading else "#### Blocked"
    terms_heading = f"#### {heading}: who calls, and when" if heading else "#### Who calls, and when"
    table_head = "\n\n".join(filter(None, [f"#### {heading}" if heading else "", "\n".join(_TABLE)]))
    yield Section("blocked resources", rank, blocked_heading, list(_block_bullets(blocked_actions, plan)))
    yield Section("actions", rank + 1, table_head, list(_table_rows(_group_equal(listed_actions, plan))), tight=True)
    yield Section("terms", rank + 2, terms_heading, list(_term_bullets(actions, plan)))


@dataclass(frozen=True)
class _Row:
    """What the table says of one address, or of many alike."""

    verb: str
    """Symbol and verb."""
    people: int
    """People at each address."""
    details: str
    """What happens."""
    why: str
    """The reason, or people by reason."""


def _make_row(action: Action, plan: Plan) -> _Row:
    details = phrases.describe_action(action, plan)
    if forecast := terms_phrases.describe_forecast(action, plan):
        details += f"; {forecast}"
    details += f"; {action.hint}" if action.hint else ""
    verb = f"`{phrases.SYMBOLS[action.verb]}` {action.verb}"
    reasons = action.reasons or {action.reason: action.people}
    return _Row(verb, action.people, details, phrases.describe_why(reasons))


def _group_equal(actions: Sequence[Action], plan: Plan) -> dict[_Row, list[str]]:
    """The addresses of each different row."""
    groups: dict[_Row, list[str]] = {}
    for action in actions:
        groups.setdefault(_make_row(action, plan), []).append(action.address)
    return groups


def _table_rows(groups: Mapping[_Row, Sequence[str]]) -> Iterator[str]:
    """A row for each address; one for all of them where many rows would be equal."""
    for row, addresses in groups.items():
        cells = f"{escape_prose(row.details)} | {escape_prose(row.why)} |"
        if len(addresses) > _MOST_EQUAL_ROWS:
            yield f"| {_name_addresses(addresses)} | {row.verb} | {row.people * len(addresses):,} | each: {cells}"
            continue
        yield from (f"| {_cell_span(address)} | {row.verb} | {row.people:,} | {cells}" for address in addresses)


def _cell_span(address: str) -> str:
    return code_span(address.replace("|", "¦"))  # a bar ends a cell even in a code span


def _term_bullets(actions: Sequence[Action], plan: Plan) -> Iterator[str]:
    """Say the terms of new people, each once with all the addresses that have them."""
    groups: dict[str, list[str]] = {}
    for action in actions:
        if action.terms and (terms := terms_phrases.describe_terms(action.terms, plan)):
            groups.setdefault(terms, []).append(action.address)
    for terms, addresses in groups.items():
        yield f"- {_name_addresses(addresses)}: {escape_prose(terms)}"


def _block_bullets(actions: Sequence[Action], plan: Plan) -> Iterator[str]:
    """Say each block once, with all addresses that it holds back."""
    groups: dict[tuple[str, str], list[Action]] = {}
    for action in actions:
        groups.setdefault((phrases.describe_action(action, plan), action.hint), []).append(action)
    for (sentence, hint), group in groups.items():
        names = _name_addresses([action.address for action in group])
        bullet = f"- {names} {people(sum(action.people for action in group))}: {escape_prose(sentence)}"
        yield f"{bullet}\n  {code_span(hint)}" if hint else bullet


def _name_addresses(addresses: Sequence[str]) -> str:
    more = f" and {len(addresses) - _MOST_ADDRESSES:,} more" if len(addresses) > _MOST_ADDRESSES else ""
    return f"{', '.join(_cell_span(address) for address in addresses[:_MOST_ADDRESSES])}{more}"


def _notice_bullets(plan: Plan) -> Iterator[str]:
    yield from (
        f"- {people(count)} held back: {escape_prose(HELD_BACK.get(name, name))}"
        for name, count in plan.held_counts.items()
    )
    yield from (f"- {escape_prose(sentence)}" for sentence in phrases.describe_lists(plan))
    addresses_by_message: dict[str, list[str]] = {}
    for warning in plan.warnings:
        addresses_by_message.setdefault(warning.message, []).append(warning.address)
    for message, addresses in addresses_by_message.items():
        yield f"- {_name_addresses(addresses)}: {escape_prose(message)}"


def _collapsible_sections(plan: Plan) -> Iterator[Section]:
    pairs = [(action, change) for action in plan.actions for change in action.changes]
    differences = [pair for pair in pairs if _is_difference(*pair)]
    initial_settings = [pair for pair in pairs if not _is_difference(*pair)]
    unchanged = [
        f"- {code_span(action.address)} {escape_prose(phrases.describe_action(action, plan))}"
        for action in plan.actions
        if _is_unchanged(action)
    ]
    listed_actions = [action for action in plan.actions if action.verb is not Verb.BLOCK and not _is_unchanged(action)]
    addresses = [
        f"- {row.verb} {code_span(address)}"
        for row, group in _group_equal(listed_actions, plan).items()
        if len(group) > _MOST_EQUAL_ROWS
        for address in group
    ]
    yield Section("addresses", 8, "All addresses", addresses, folded=True)
    yield Section("differences", 9, "Differences", list(_change_bullets(differences)), folded=True)
    yield Section(
        "settings of new resources",
        10,
        "Settings of new resources",
        list(_change_bullets(initial_settings)),
        folded=True,
    )
    yield Section("unchanged resources", 11, "Unchanged", unchanged, folded=True)


def _is_unchanged(action: Action) -> bool:
    """Whether nothing is to be told of it but that it stays as it is."""
    return action.verb is Verb.KEEP and action.reason is not Reason.UNSURE


def _is_difference(action: Action, change: Change) -> bool:
    """Whether a setting changed, rather than being set for the first time."""
    return change.before is not None or action.verb in (Verb.REPLACE, Verb.RETRY)


def _change_bullets(pairs: Sequence[tuple[Action, Change]]) -> Iterator[str]:
    """Say each change of a setting once, with all addresses that have it."""
    groups: dict[tuple[str, str], list[str]] = {}
    for action, change in pairs:
        before = f"{_value_span(change.before)} → " if _is_difference(action, change) else ""
        setting = code_span(change.path.removeprefix("spec."))
        groups.setdefault((setting, f"{before}{_value_span(change.after)}"), []).append(action.address)
    for (setting, values), addresses in groups.items():
        yield f"- {_name_addresses(addresses)} {setting}: {values}"


def _value_span(value: Json) -> str:
    return "(none)" if value is None else code_span(str(value))


def code_span(text: str) -> str:
    """Put text from others into a code span. GitHub and GitLab read no markup, link or mention inside one."""
    text = _shorten_text(text) or " "
    longest_run = max((len(backticks) for backticks in re.findall("`+", text)), default=0)
    if not longest_run:
        return f"`{text}`"
    fence = "`" * (longest_run + 1)
    return f"{fence} {text} {fence}"


def escape_prose(text: str) -> str:
    """Escape text from others, so that it has no markup, HTML, mention, reference or link.

    This holds also for a renderer that decodes entities before it looks for mentions.
    """
    text = _REFERENCES.sub(lambda match: f"{match.group(1) or ''}{_INVISIBLE}", _shorten_text(text))
    text = re.sub("[<>&]", lambda match: _ENTITIES[match.group()], text)
    return _MARKUP.sub(lambda match: f"\\{match.group()}", text)


def _shorten_text(text: str) -> str:
    text = clean(text[: VALUE_LIMIT * 2]).strip()
    return text if len(text) <= VALUE_LIMIT else f"{text[:VALUE_LIMIT]}…"
