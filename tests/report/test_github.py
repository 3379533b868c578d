"""Annotations of a GitHub workflow: nothing in them can end one or begin another."""

from __future__ import annotations

from declarative.errors import ManifestError, Problem, Refused
from declarative.planning.decide import Verb
from declarative.planning.plan import Notice
from declarative.report import github

from .sample_plans import action, plan_of


def test_a_plan_is_a_notice_and_its_blocks_and_warnings_are_annotations() -> None:
    plan = plan_of(
        action(Verb.CREATE),
        action(Verb.BLOCK, "lost", detail="100%\n::set-output x", hint="dialctl resolve"),
        warnings=(Notice("batch/march", "late"),),
        refusals=("too many",),
    )
    assert github.format_plan(plan).splitlines() == [
        "::notice title=dialctl plan spring::Plan: 2 people to call (2 new). 1 blocked.",
        "::error title=batch/lost is blocked%3A unsure::100%25 ::set-output x%0Adialctl resolve",
        "::error title=Refused::too many",
        "::warning title=batch/march::late",
    ]


def test_every_problem_is_shown_at_its_place() -> None:
    problems = [Problem("a,b.yaml", 2, 3, "spec", "is missing", "write it"), Problem("c.yaml", 0, 0, "", "is empty")]
    assert github.format_error(ManifestError(problems)).splitlines() == [
        "::error file=a%2Cb.yaml,line=2,col=3::spec: is missing%0Awrite it",
        "::error file=c.yaml::is empty",
    ]
    assert github.format_error(Refused("no", hint="do")) == "::error title=dialctl::no%0Ado"
