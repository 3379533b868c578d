"""The plan as a comment on a pull request: what it leads with, what it survives, and that it always fits."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from declarative.planning.decide import Verb
from declarative.planning.diff import Change
from declarative.planning.plan import Action, Notice, Plan
from declarative.planning.terms import Forecast, Terms
from declarative.report import markdown

from .sample_plans import NOON, action, plan_of

HOSTILE = [
    "@everyone",
    "a @octocat/team b",
    "<script>alert(1)</script>",
    "</details><h1>approved</h1>",
    "--> <!-- x",
    "[click](https://evil.example)",
    "![pixel](https://evil.example/x.png)",
    "https://evil.example/login",
    "www.evil.example",
    "a | b | c",
    "\\| \\",
    "``` \n# approved",
    "`` ` ``",
    "line\nbreak\r\n\n# heading",
    "\x1b[31mred\x07\u202ereversed",
    "#12 !34 GH-56 ~label %1",
    "*bold* _it_ ~~gone~~ $x^2$",
    "- list",
    "1. list",
    "# heading",
    "&#64;octocat &lt;b&gt;",
]


def hostile_plan(text: str) -> Plan:
    changes = (Change(f"spec.{text}", text, text),)
    return plan_of(
        action(Verb.CREATE, text, changes=changes),
        action(Verb.REPLACE, text, changes=changes),
        action(Verb.RETRY, text, outcomes={text: 3}),
        action(Verb.ADOPT, text, remote_ids=(text,)),
        action(Verb.BLOCK, text, detail=text, hint=text),
        action(Verb.KEEP, text),
        project=text,
        warnings=(Notice(text, text),),
        refusals=(text,),
        held_counts={text: 1},
    )


def without_code(text: str) -> str:
    """What a reader of Markdown sees outside of code spans, comments, and our own tags."""
    text = re.sub(r"^<!-- dialctl plan [\w.-]* -->$", "", text, flags=re.MULTILINE)
    text = re.sub(r"(?<!`)(`+)(?!`).*?(?<!`)\1(?!`)", "", text)
    return re.sub(r"^</?(details|summary)>.*$", "", text, flags=re.MULTILINE)


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_stays_text(text: str) -> None:
    shown = markdown.render_comment(hostile_plan(text))
    seen = without_code(shown)
    assert not re.search(r"[@#!](?=\w)", seen)
    assert "<" not in seen
    assert not re.search(r"://|www\.", seen)
    assert not re.search(r"(?<!\\)[\[\]]", seen)
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f\u202a-\u202e]", shown)


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_begins_no_line_and_ends_no_cell(text: str) -> None:
    lines = markdown.render_comment(hostile_plan(text)).splitlines()
    ours = re.compile(r"^($|<!-- dialctl|#{3,4} [A-Z]|project `|\*\*|\||- `|- \d|- \S|  `|<details>|</details>|_Cut)")
    assert [line for line in lines if not ours.match(line)] == []
    rows = [line for line in lines if line.startswith("|")]
    assert {len(re.findall(r"(?<!\\)\|", row)) for row in rows} == {6}


@settings(max_examples=150, deadline=None, derandomize=True)
@given(st.text(max_size=80))
def test_no_text_at_all_makes_markup(text: str) -> None:
    shown = markdown.escape_prose(text)
    assert not re.search(r"[<>\n\r\x00-\x1f]|@\w|://", shown)
    code = markdown.code_span(text)
    fence = re.match("`+", code)
    assert fence is not None
    assert code.endswith(fence.group())
    inside = code[len(fence.group()) : -len(fence.group())]
    assert fence.group() not in re.findall("`+", inside)


def test_it_leads_with_who_will_be_called() -> None:
    shown = markdown.render_comment(
        plan_of(action(Verb.CREATE), action(Verb.RETRY, "survey", 37), action(Verb.CANCEL, "old", 210))
    )
    first, second, *_ = shown.splitlines()
    assert first == "<!-- dialctl plan spring -->"
    assert second == "### Plan: 39 people to call (2 new, 37 again), 210 taken off."


def test_a_row_an_action_with_people_and_reason() -> None:
    shown = markdown.render_comment(plan_of(action(Verb.CREATE, starts_at=NOON + timedelta(hours=4))))
    assert "| `batch/march` | `+` create | 2 | 2 people, from 16:00 UTC on 1 Dec | new |" in shown


def test_blocks_stand_before_the_table_with_their_way_out() -> None:
    shown = markdown.render_comment(plan_of(action(Verb.CREATE), action(Verb.BLOCK, "ada", 1)))
    assert shown.index("#### Blocked") < shown.index("| Resource |")
    assert "- `batch/ada` 1 person: an answer was lost\n  `dialctl resolve batch/ada --placed | --not-placed`" in shown


def test_refusals_come_first_of_all() -> None:
    shown = markdown.render_comment(
        plan_of(action(Verb.BLOCK), refusals=("the plan calls 2 people, max_dials allows 1",))
    )
    assert shown.splitlines()[1].endswith(" Refused as it is.")
    assert shown.index("max\\_dials allows 1") < shown.index("#### Blocked")


def test_differences_are_folded_and_new_settings_apart() -> None:
    new = action(Verb.CREATE, "new", changes=(Change("spec.agent_id", None, "agent_x"),))
    shown = markdown.render_comment(plan_of(action(Verb.REPLACE), new))
    assert (
        "<details><summary>Differences (1)</summary>\n\n- `batch/march` `agent_id`: `agent_old` → `agent_new`" in shown
    )
    assert "<details><summary>Settings of new resources (1)</summary>\n\n- `batch/new` `agent_id`: `agent_x`" in shown


def test_kept_resources_are_folded_and_no_rows() -> None:
    shown = markdown.render_comment(plan_of(action(Verb.KEEP)))
    assert "| Resource |" not in shown
    assert "<summary>Unchanged (1)</summary>" in shown


def test_warnings_and_held_back_people_are_shown() -> None:
    shown = markdown.render_comment(plan_of(warnings=(Notice("batch/march", "late"),), held_counts={"suppressed": 3}))
    assert "#### Warnings\n\n- 3 people held back: on a do-not-call list\n- `batch/march`: late" in shown


def test_an_offline_plan_says_so_on_top() -> None:
    assert "**Offline:**" in markdown.render_comment(plan_of(offline=True)).splitlines()[5]


def test_what_the_pull_request_did_not_cause_is_set_apart() -> None:
    plan = plan_of(action(Verb.CREATE, "mine"), action(Verb.RETRY, "due"), action(Verb.BLOCK, "stuck"))
    mine, _, others = markdown.render_comment(plan, caused_addresses={"batch/mine"}).partition(
        "#### Not caused by this pull request"
    )
    assert "batch/mine" in mine
    assert "batch/due" not in mine
    assert "batch/due" in others
    assert "batch/stuck" in others


def test_without_a_base_nothing_is_set_apart() -> None:
    assert "Not caused" not in markdown.render_comment(plan_of(action(Verb.RETRY)))


def test_where_nothing_was_caused_everything_is_set_apart() -> None:
    shown = markdown.render_comment(plan_of(action(Verb.RETRY)), caused_addresses=())
    assert shown.index("Not caused by this pull request") < shown.index("| Resource |")


def huge(verb: Verb, count: int, width: int = 63) -> list[object]:
    changes = (Change("spec.webhook_url", "u" * 5000, "v" * 5000),) if verb.dials else ()
    name = "n" * (width - 6)
    return [action(verb, f"{name}-{n:05}", n + 1, **({"changes": changes} if changes else {})) for n in range(count)]


@pytest.mark.parametrize("verb", list(Verb))
def test_ten_thousand_of_anything_fit(verb: Verb) -> None:
    shown = markdown.render_comment(plan_of(*huge(verb, 10_000), action(Verb.CREATE, "small", 7)))  # type: ignore[arg-type]
    assert len(shown) < 60_000
    assert shown.startswith("<!-- dialctl plan spring -->\n### ")
    assert "_Cut, to fit into a comment: " in shown


def test_ten_thousand_of_everything_with_hostile_text_fit() -> None:
    actions = [one for verb in Verb for one in huge(verb, 10_000 // len(Verb) + 1)]
    text = "`@<|" * 5000
    plan = plan_of(
        *actions,  # type: ignore[arg-type]
        project=text,
        warnings=tuple(Notice(text, text) for _ in range(1000)),
        refusals=(text,) * 1000,
        held_counts={f"{text}{n}": 1 for n in range(100)},
    )
    for caused in (None, (), {one.address for one in plan.actions[::2]}):
        assert len(markdown.render_comment(plan, caused_addresses=caused)) < 60_000


def changed_each(count: int, size: int = 1) -> list[Action]:
    """Actions with people and a change of their own each, so that none is said together with another."""
    changes = [(Change("spec.agent_id", "agent_old", f"{place:03}{'v' * size}"),) for place in range(count)]
    return [action(Verb.REPLACE, f"r{place:03}", place + 1, changes=change) for place, change in enumerate(changes)]


def test_differences_go_before_rows_and_kept_before_differences() -> None:
    kept = huge(Verb.KEEP, 700)
    shown = markdown.render_comment(plan_of(*changed_each(100), *kept))  # type: ignore[arg-type]
    assert "Unchanged" not in shown
    assert "Differences (100)" in shown
    assert "700 unchanged resources" in shown
    shown = markdown.render_comment(plan_of(*changed_each(300, size=300)))
    assert "Differences (" not in shown
    assert "300 differences" in shown
    assert shown.count("\n| `batch/") == 300


def test_blocks_are_kept_before_anything_below_them() -> None:
    shown = markdown.render_comment(plan_of(*huge(Verb.CREATE, 5000), action(Verb.BLOCK, "stuck")))  # type: ignore[arg-type]
    assert "- `batch/stuck`" in shown
    assert re.search(r"… and [\d,]+ more actions", shown)


def test_many_blocks_leave_room_for_who_is_called() -> None:
    shown = markdown.render_comment(plan_of(*huge(Verb.BLOCK, 5000), action(Verb.CREATE, "called")))  # type: ignore[arg-type]
    assert "| `batch/called` |" in shown
    assert re.search(r"… and [\d,]+ more blocked resources", shown)


def test_what_fits_is_not_cut() -> None:
    assert "_Cut" not in markdown.render_comment(plan_of(*[action(verb, f"x{n}") for n, verb in enumerate(Verb)]))


def test_what_many_addresses_share_is_said_once() -> None:
    names = [f"campaign-{place}" for place in range(400)]
    changes = (Change("spec.agent_id", "agent_old", "agent_new", is_agent=True),)
    plan = plan_of(
        *(action(Verb.BLOCK, name, detail="an answer was lost", hint="") for name in names),
        *(action(Verb.REPLACE, f"old-{name}", people=1, changes=changes) for name in names),
        warnings=tuple(Notice(f"batch/{name}", "calls abroad") for name in names),
    )
    shown = markdown.render_comment(plan)
    shared = "`batch/campaign-0`, `batch/campaign-1`, `batch/campaign-2` and 397 more"
    assert "batch/old-campaign-399" in shown
    assert f"- {shared} 800 people: an answer was lost" in shown
    assert f"- {shared}: calls abroad" in shown
    assert shown.count("→ `agent_new`") == 1
    moved = "`batch/old-campaign-0`, `batch/old-campaign-1`, `batch/old-campaign-2` and 397 more"
    assert f"| {moved} | `~` replace | 400 | each: 1 person moves to the new agent" in shown
    assert "<summary>All addresses (400)</summary>" in shown
    assert shown.count("\n|") == 3


@pytest.mark.parametrize(("count", "rows"), [(9, 9), (10, 1)])
def test_a_few_equal_rows_stay_apart_and_many_become_one(count: int, rows: int) -> None:
    shown = markdown.render_comment(plan_of(*(action(Verb.CREATE, f"c{place}", 1) for place in range(count))))
    assert shown.count("\n| `batch/") == rows


def test_the_terms_of_new_people_are_said_once_for_all_addresses_that_share_them() -> None:
    terms = Terms(
        agent_id="agent_Fo7pKNBUwLZxrTd6", agent_name="Spring *Offer*", caller="+1415•••0100", hours="own zone"
    )
    plan = plan_of(*(action(Verb.CREATE, f"c{place}", place + 1, terms=terms) for place in range(4)))
    shown = markdown.render_comment(plan)
    assert shown.count("Spring") == 1
    bullet = (
        "- `batch/c0`, `batch/c1`, `batch/c2` and 1 more: agent Spring \\*Offer\\* (agent\\_Fo7p…) from +1415•••0100"
    )
    assert f"#### Who calls, and when\n\n{bullet} · hours own zone\n" in shown


def test_the_details_say_how_long_the_calls_take() -> None:
    forecast = Forecast(seconds=60, ends_at=NOON + timedelta(hours=4, minutes=1), limit="1 call a second")
    shown = markdown.render_comment(plan_of(action(Verb.CREATE, forecast=forecast)))
    assert "moment; about 1 minute at 1 call a second: through by 16:01 UTC | new |" in shown


def test_a_comment_names_commit_and_time_of_the_plan() -> None:
    shown = markdown.render_comment(plan_of(action(Verb.CREATE), commit="0123456789abcdef0123"))
    assert " · commit `0123456789ab` · 12:00 UTC on 1 Dec 2026\n" in shown
    assert " · 12:00 UTC on 1 Dec 2026" in markdown.render_comment(plan_of())
