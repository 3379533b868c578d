"""Who is called is nobody else's business: no whole number in what is shown or committed, and files with people
are their owner's alone."""

from __future__ import annotations

import re
import stat
from dataclasses import replace
from pathlib import Path

import pytest

from .cli_project import CliProject, numbers
from .manifests import CALLINGBOX, batch_yaml, call_yaml, project_yaml

WHOLE = re.compile(r"\+?1\d{3}55501\d\d")
SECRET = "cust_very_private"
PEOPLE = re.compile(rb"\+?1\d{3}55501\d\d|cust_very_private")
LOOKS = (
    ("plan",),
    ("plan", "--format", "markdown"),
    ("status",),
    ("results",),
    ("results", "--format", "jsonl"),
    ("state", "show"),
)


@pytest.fixture
def campaign(project: CliProject) -> CliProject:
    project.write("project.yaml", project_yaml())
    project.write("march.yaml", batch_yaml("march", numbers(415, 6), retry={"max_retries": 1, "on": ["dial_busy"]}))
    project.write("ada.yaml", call_yaml("ada", "+12125550101", metadata={"customer_id": SECRET}))
    project.write("poor.yaml", batch_yaml("poor", numbers(312, 3), **CALLINGBOX))
    return project


def test_no_number_is_shown_unless_it_is_asked_for(campaign: CliProject) -> None:
    campaign = replace(campaign, apart=True)
    shown = [campaign.plan(), campaign.run("-v", "apply", "--auto-approve"), campaign.apply("--json")]
    campaign.advance(3600)
    shown += [campaign.run_unchecked(*look) for look in LOOKS]
    for ran in shown:
        assert WHOLE.findall(ran.text) == []
    assert len(set(WHOLE.findall(campaign.run("results", "--show-numbers").out))) == 10


def test_no_number_is_in_what_is_said_when_things_go_wrong(campaign: CliProject) -> None:
    campaign.limits(balance_cents=0)
    campaign.faults(
        {"match": {"operation": "createOutboundCalls"}, "do": {"status": {"code": 500, "effect": False}}},
        {"match": {"operation": "createCallBatch"}, "do": {"status": {"code": 400, "effect": False}}},
    )
    verbose = replace(campaign, apart=True).run_unchecked("-vv", "apply", "-y")
    runs = (("apply", "-y", "--json"), ("plan",), ("status",))
    for ran in [verbose, *(campaign.run_unchecked(*arguments) for arguments in runs)]:
        assert WHOLE.findall(ran.text) == []
        assert SECRET not in ran.text
    campaign.write("twice.yaml", batch_yaml("twice", ["+14155550109", "+14155550109"]))
    assert WHOLE.findall(campaign.run("validate", exits=1).text) == []


def test_every_file_with_people_in_it_is_its_owners_alone(campaign: CliProject) -> None:
    campaign.apply()
    campaign.advance(3600)
    campaign.run("status")
    campaign.run("results", "-o", "people.csv")
    campaign.run("plan", "--out", "saved.plan")
    texts = {path: path.read_bytes() for path in campaign.directory.rglob("*") if path.is_file()}
    theirs = {path for path, text in texts.items() if PEOPLE.search(text)}
    manifests = set(campaign.directory.glob("*.yaml"))
    assert campaign.directory / "people.csv" in theirs
    assert {mode(path) for path in theirs - manifests} == {0o600}
    assert any(path.name.startswith("sandbox.sqlite3") for path in theirs)


def test_neither_lock_nor_saved_plan_holds_a_number_or_anybodys_data(campaign: CliProject) -> None:
    campaign.run("plan", "--out", "saved.plan")
    campaign.apply()
    kept = [campaign.directory / "saved.plan", *campaign.directory.glob(".dialctl/sandbox/dialctl.lock*")]
    assert len(kept) >= 2
    for path in kept:
        text = path.read_text(encoding="utf-8")
        assert WHOLE.findall(text) == []
        assert SECRET not in text
    assert mode(kept[0]) == 0o600


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)
