"""Plans for the comment on a pull request: Markdown that hostile text cannot steer and that always fits. Decides
nothing; what is cut, and what is kept, is fitting.py's."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence

from declarative import humanize
from declarative.humanize import people
from declarative.model.resource import Json
from declarative.planning.decide import Verb
from declarative.planning.plan import Action, Change, Plan
from declarative.privacy import clean
from declarative.report import phrases as words
from declarative.report.truncate import Section, fitted

LIMIT = 60_000
"""Characters. GitHub refuses a comment of more than 65,536; what is left is for whoever adds a line of their own."""
LONGEST = 400
"""Characters of one value or sentence that others wrote."""
_TABLE = ("| Resource | What | People | Details | Why |", "| --- | --- | --: | --- | --- |")
_ESCAPED = re.compile(r"[\\`*_\[\]|$^~]")
_ENTITIES = {"<": "&lt;", ">": "&gt;", "&": "&amp;"}
_REFERENCES = re.compile(r"([@#!~%&$])(?=[\w\"])|(?<=:)(?=//)|(?<=www)(?=\.)|^(?=[-+#=:]|\d+[.)])", re.IGNORECASE)
"""Where a mention, a reference to an issue, a link or a list would begin."""
_INVISIBLE = "\u200b"


def plan(plan: Plan, *, caused: Collection[str] | None = None) -> str:
    """The plan as a comment of fewer than LIMIT characters, however large it is. `caused` are the addresses that the
    pull request touches: the others come under a heading of their own. Begins with `<!-- dialctl plan PROJECT -->`,
    by which a comment is found again."""
    mine = [action for action in plan.actions if caused is None or action.address in caused]
    others = [action for action in plan.actions if caused is not None and action.address not in caused]
    heading = "Not caused by this pull request"
    sections = [
        Section("refusals", 0, "#### Refused", [f"- {prose(refusal)}" for refusal in plan.refusals]),
        *_sections(plan, mine, 1, "#### Blocked", ""),
        Section("warnings", 4, "#### Warnings", list(_notices(plan))),
        *_sections(plan, others, 5, f"#### {heading}: blocked", f"#### {heading}"),
        *_folded(plan),
    ]
    return fitted("\n".join(_head(plan)), sections, LIMIT)


def _head(plan: Plan) -> Iterator[str]:
    yield f"<!-- dialctl plan {re.sub(r'[^A-Za-z0-9._-]', '', plan.project)[:63]} -->"
    yield f"### {words.headline(plan)}{' Refused as it is.' if plan.refusals else ''}"
    yield ""
    providers = sorted({action.provider for action in plan.actions if action.provider})
    shown = [code(provider) for provider in providers[:5]]
    yield " · ".join([f"project {code(plan.project)}", *shown, f"checksum {code(plan.checksum[:19])}"])
    if plan.offline:
        yield ""
        yield "**Offline:** from manifests and lock alone. Nobody was asked what is there now; counts are at most."
    if plan.next_at:
        yield ""
        yield f"Somebody will be due later: run again at {humanize.when(plan.next_at, plan.created_at)}."


def _sections(plan: Plan, actions: Sequence[Action], rank: int, blocked: str, heading: str) -> Iterator[Section]:
    shown = [action for action in actions if action.verb not in (Verb.KEEP, Verb.BLOCK)]
    blocks = [action for action in actions if action.verb is Verb.BLOCK]
    yield Section("blocked resources", rank, blocked, [_block(action, plan) for action in blocks])
    intro = "\n\n".join(filter(None, [heading, "\n".join(_TABLE)]))
    yield Section("actions", rank + 1, intro, [_row(action, plan) for action in shown], tight=True)


def _row(action: Action, plan: Plan) -> str:
    what = f"`{words.SYMBOLS[action.verb]}` {action.verb}"
    reasons = words.reasons(action.reasons or {action.reason: action.people})
    address = code(action.address.replace("|", "¦"))  # a bar ends a cell even within a code span
    cells = [address, what, f"{action.people:,}", prose(words.sentence(action, plan)), prose(reasons)]
    return f"| {' | '.join(cells)} |"


def _block(action: Action, plan: Plan) -> str:
    held = f"- {code(action.address)} {people(action.people)}: {prose(words.sentence(action, plan))}"
    return f"{held}\n  {code(action.way_out)}" if action.way_out else held


def _notices(plan: Plan) -> Iterator[str]:
    yield from (f"- {people(count)} held back by {code(name)}" for name, count in plan.held.items())
    yield from (f"- {code(warning.address)}: {prose(warning.message)}" for warning in plan.warnings)


def _folded(plan: Plan) -> Iterator[Section]:
    changed = [(a, c) for a in plan.actions for c in a.changes if c.before is not None or a.verb is Verb.REPLACE]
    first = [(a, c) for a in plan.actions for c in a.changes if c.before is None and a.verb is not Verb.REPLACE]
    kept = [f"- {code(action.address)} {prose(words.sentence(action, plan))}" for action in plan.of(Verb.KEEP)]
    yield Section("differences", 8, "Differences", [_change(*one) for one in changed], folded=True)
    yield Section("settings of new resources", 9, "Settings of new resources", [_new(*o) for o in first], folded=True)
    yield Section("unchanged resources", 10, "Unchanged", kept, folded=True)


def _change(action: Action, change: Change) -> str:
    return f"{_setting(action, change)}: {_value(change.before)} → {_value(change.after)}"


def _new(action: Action, change: Change) -> str:
    return f"{_setting(action, change)}: {_value(change.after)}"


def _setting(action: Action, change: Change) -> str:
    return f"- {code(action.address)} {code(change.path.removeprefix('spec.'))}"


def _value(value: Json) -> str:
    return "(none)" if value is None else code(str(value))


def code(text: str) -> str:
    """Foreign text as a code span: neither GitHub nor GitLab looks for markup, links or mentions inside."""
    text = _cut(text) or " "
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    if not longest:
        return f"`{text}`"
    fence = "`" * (longest + 1)
    return f"{fence} {text} {fence}"


def prose(text: str) -> str:
    """Foreign text as plain words: no markup, no HTML, and nothing that is made a mention, a reference or a link even
    where entities are read first."""
    text = _REFERENCES.sub(lambda found: f"{found.group(1) or ''}{_INVISIBLE}", _cut(text))
    text = re.sub("[<>&]", lambda found: _ENTITIES[found.group()], text)
    return _ESCAPED.sub(lambda found: f"\\{found.group()}", text)


def _cut(text: str) -> str:
    text = clean(text[: LONGEST * 2]).strip()
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"
