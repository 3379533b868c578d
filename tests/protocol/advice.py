"""Follows the advice that a run prints, as a person does who knows what really happened at the provider."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tests.protocol.project_fixture import Project
from tests.protocol.run_process import Run

RUNS = 6
_SETTLING = "for whoever was taken off"
"""What a run says that comes too soon after a cancel to call anybody of that batch."""
FORGET = "--yes-forget-who-was-called"
"""What `state rm` takes in place of an answer where it cannot ask."""
_UNSURE = re.compile(r"dialctl resolve (\S+) --placed \| --not-placed")
_DROPPED = re.compile(r"dialctl resolve (\S+#\S+) --placed \(all of it counts as called\)")
_CANCELLED = re.compile(r"dialctl resolve (\S+) --resume")
_PLAIN = re.compile(r"dialctl (state rebuild(?: --over-older)?)")


def follow_advice(project: Project, *arguments: str) -> list[Run]:
    """Runs the command again until it and the plan after it have nothing left to say, following the advice of each.
    Raises AssertionError where that does not come to an end."""
    runs: list[Run] = []
    for _ in range(RUNS):
        runs.append(project.run(*arguments))
        if _SETTLING in runs[-1].said:
            project.advance(60)
            continue
        if runs[-1].code == 0 and _plan_is_empty(project, arguments):
            return runs
        followed = [project.run(*advice) for advice in _advised(project, runs[-1])]
        assert all(run.code == 0 for run in followed), followed
        runs += followed
    raise AssertionError("no end to it:\n" + "\n".join(f"{run.code}: {run.said}" for run in runs))


def _plan_is_empty(project: Project, arguments: tuple[str, ...]) -> bool:
    return arguments[0] != "apply" or project.plan().code == 0


def _advised(project: Project, run: Run) -> Iterator[tuple[str, ...]]:
    """The commands that the run prints, and those of the `dialctl status` that it points to."""
    said = run.said + project.run("status").said
    for address in sorted(set(_UNSURE.findall(said))):
        if "intents" not in project.remembered()["resources"][address]:
            continue  # the plan said so, and then the run settled it under its key
        yield ("resolve", address, "--placed" if _was_placed(project, address) else "--not-placed")
    for remote in sorted(set(_DROPPED.findall(said))):
        yield ("resolve", remote, "--placed")
    for address in sorted(set(_CANCELLED.findall(said))):
        yield ("resolve", address, "--resume")
    for command in sorted(set(_PLAIN.findall(said))):
        yield tuple(command.split())


def _was_placed(project: Project, address: str) -> bool:
    """Compares what the provider shows with what the lock knows, as a person would."""
    record = project.remembered()["resources"][address]
    (intent,) = record["intents"].values()
    if intent["request"] == "retry":
        batch = project.cartesia("GET", f"/agents/calls/batches/{intent['remote']}")
        return int(batch["retry_count"]) > int(intent.get("retry_count") or 0)
    project.advance(60)
    if queued := project.queued_calls()["calls"]:  # among them are some that were taken back, and called nobody
        return any(call["sid"] not in record.get("remotes", {}) for call in queued)
    return sum(project.calls().values()) > len(record.get("remotes", {}))
