"""The examples at the end of each command's help text. A test parses every line."""

from __future__ import annotations

import click

_EXAMPLES = {
    "": (
        "dialctl init my-campaigns",
        "dialctl -C my-campaigns --sandbox plan",
        "dialctl apply --sandbox --wait",
    ),
    "init": ("dialctl init", "dialctl init my-campaigns", "dialctl init my-campaigns --provider callingbox"),
    "validate": ("dialctl validate", "dialctl validate campaigns/march.yaml --json"),
    "plan": (
        "dialctl plan",
        "dialctl plan --target 'batch/spring-*' -l team=growth",
        "dialctl plan --out plan.json",
        "dialctl plan --format markdown --base-ref origin/main",
        "dialctl plan --destroy",
    ),
    "show": ("dialctl show plan.json", "dialctl show plan.json --format markdown"),
    "apply": (
        "dialctl apply",
        "dialctl apply plan.json --auto-approve",
        "dialctl apply --auto-approve --max-dials 500 --wait=30m",
        "dialctl apply --auto-approve --only-approved",
    ),
    "destroy": (
        "dialctl plan --destroy",
        "dialctl destroy",
        "dialctl destroy --target batch/march-outreach --auto-approve",
    ),
    "halt": (
        "dialctl halt --all --reason 'the agent says the wrong price'",
        "dialctl halt batch/march-outreach",
        "dialctl halt --all --dry-run",
    ),
    "drift": ("dialctl drift", "dialctl drift -l team=growth --json"),
    "status": (
        "dialctl status",
        "dialctl status batch/march-outreach",
        "dialctl status -l 'team in (growth, sales)' --watch",
    ),
    "results": (
        "dialctl results",
        "dialctl results batch/march-outreach --details -o results.xlsx",
        "dialctl results --unreached -o again.csv",
        "dialctl results --number +14155550101 --show-numbers",
    ),
    "report": ("dialctl report", "dialctl report --details -o report.html", "dialctl report -l team=growth"),
    "history": (
        "dialctl history",
        "dialctl history batch/march-outreach --since 30d",
        "dialctl history --since 2026-01-01T00:00:00Z --format csv",
    ),
    "erase": ("dialctl erase +14155550101", "dialctl erase - < erased.txt"),
    "resolve": (
        "dialctl status call/callback-ada",
        "dialctl resolve call/callback-ada --placed",
        "dialctl resolve 'batch/spring-*' --resume",
        "dialctl resolve -l team=growth --not-placed",
    ),
    "state": ("dialctl state list", "dialctl state show batch/march-outreach"),
    "state list": ("dialctl state list",),
    "state show": (
        "dialctl state show",
        "dialctl state show batch/march-outreach",
        "dialctl state show -l team=growth",
    ),
    "state rekey": ("DIALCTL_PERSON_KEY=NEW,OLD dialctl state rekey",),
    "state rm": ("dialctl state rm batch/old-campaign", "dialctl state rm 'batch/2024-*'"),
    "state new": ("dialctl state new",),
    "state rebuild": ("dialctl state rebuild",),
    "state merge": ("dialctl state merge",),
    "run": ("dialctl run", "dialctl run campaigns/* --interval 30s --log json", "dialctl run --once"),
    "state push": ("dialctl state push s3://bucket/prefix", "dialctl state push 'postgresql:///calls?prefix=spring'"),
    "state pull": ("dialctl state pull s3://bucket/prefix",),
    "force-unlock": ("dialctl force-unlock 6f1c0c6e",),
    "agents": ("dialctl agents", "dialctl agents --provider cartesia --json"),
    "numbers": ("dialctl numbers", "dialctl numbers --provider cartesia --json"),
    "explain": ("dialctl explain", "dialctl explain Batch.retry", "dialctl explain members_unreadable"),
    "schema": (
        "dialctl schema",
        "dialctl schema manifest.v1",
        "dialctl schema --bundle > dialctl.schema.json",
    ),
    "sandbox": ("dialctl sandbox serve --port 8787", "dialctl sandbox dials"),
    "sandbox serve": ("dialctl sandbox serve", "dialctl sandbox serve --port 8787 --speed 60 --seed 7"),
    "sandbox advance": ("dialctl sandbox advance 10m",),
    "sandbox reset": ("dialctl sandbox reset",),
    "sandbox dials": ("dialctl sandbox dials", "dialctl sandbox dials --json"),
    "digest": ("dialctl digest recipients.csv", "dialctl digest s3://bucket/lists/march.parquet"),
    "version": ("dialctl version",),
}


def list_examples(name: str) -> tuple[str, ...]:
    """The command lines that show how a command is used; `name` is what stands behind `dialctl`."""
    return _EXAMPLES.get(name, ())


def format_examples(name: str) -> str:
    """The end of a help text; empty for a command without examples."""
    lines = list_examples(name)
    return "\n".join(["\b", "Examples:", *(f"  {line}" for line in lines)]) if lines else ""


def add_to(command: click.Command, name: str) -> None:
    """End the help text of a command, and of those below it, with its examples."""
    command.epilog = format_examples(name) or command.epilog
    for subname, subcommand in command.commands.items() if isinstance(command, click.Group) else ():
        add_to(subcommand, f"{name} {subname}")
