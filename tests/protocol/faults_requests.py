"""The requests that dial, each with a project in which the next apply sends it, and what must be concluded when it
goes wrong. Data only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

REACHED, REACHED_TOO, SILENT = "+14155550101", "+14155550102", "+14155550191"
HOUR = 3600.0

PROJECT = """\
apiVersion: dialctl/v1
kind: Project
metadata: {name: faults}
spec:
  defaults: {provider: cartesia}
  providers:
    cartesia: {type: cartesia, api_version: "2026-03-01", defaults: {agent_id: agent_A, from_number_id: ap_A}}
    box: {type: callingbox, defaults: {agent_id: b5a1c9f2-6d2d-4a7f-9f3a-5a2b1c3d4e5f}}
    legacy: {type: cartesia, api_version: "2025-04-16", defaults: {agent_id: agent_A}}
---
apiVersion: dialctl/v1
"""


def batch(*numbers: str, fields: str = "") -> str:
    people = ", ".join(f'{{to_number: "{number}"}}' for number in numbers)
    return f"{PROJECT}kind: Batch\nmetadata: {{name: survey}}\nspec: {{{fields}recipients: [{people}]}}\n"


def call(number: str) -> str:
    return f'{PROJECT}kind: Call\nmetadata: {{name: survey}}\nspec: {{to_number: "{number}"}}\n'


class Truth(Enum):
    """What a fault does, whatever its dress."""

    UNHEARD = "happened, no answer"
    LOST = "never happened, no answer"
    LATE = "happens 30 s later"
    LATER = "happens after the guard, before settle"
    LATEST = "happens after settle"
    REFUSED = "refused in the provider's own form"
    NO_KEY = "refused for the key"
    NO_FUNDS = "refused for want of funds"
    BUSY = "not now"


@dataclass(frozen=True)
class Verdict:
    """What the run that meets the fault must come to: its exit code, and a few words that its user reads. `human`:
    only a person can settle it; `next`: the exit code of the run after it."""

    exit: int
    says: str
    human: bool = False

    @property
    def next(self) -> int:
        return 3 if self.human else 0


@dataclass(frozen=True)
class Request:
    """`operation` is the one that the fault hits; with `prepared`, it is sent by the second apply, an hour after the
    first. `called` is how often each phone must have called in the end, whatever went wrong."""

    name: str
    operation: str
    manifest: str
    address: str
    called: Mapping[str, int]
    verdicts: Mapping[Truth, Verdict]
    prepared: bool = False


_PLAIN = {
    Truth.REFUSED: Verdict(1, "the sandbox was told to answer 4"),
    Truth.NO_KEY: Verdict(1, "401 Unauthorized"),
    Truth.NO_FUNDS: Verdict(1, "stopped, out of funds"),
    Truth.BUSY: Verdict(0, "submitted"),
}
_FOUND = Verdict(0, "found again by its mark")
_ANEW = Verdict(0, "never arrived; they are decided anew")
_FOR_A_HUMAN = Verdict(3, "not proven either way", human=True)
_FOUND_NEXT_TIME = Verdict(3, "not proven either way")

_BATCH = _PLAIN | {
    Truth.UNHEARD: _FOUND,
    Truth.LOST: _ANEW,
    Truth.LATE: _FOUND,
    Truth.LATER: _ANEW,  # refused by the provider: its scheduled_at has passed
    Truth.LATEST: _ANEW,
}
_RETRY = _PLAIN | {
    Truth.UNHEARD: Verdict(0, "had arrived"),
    Truth.LOST: _FOR_A_HUMAN,
    Truth.LATE: _FOUND_NEXT_TIME,
    Truth.LATER: _FOUND_NEXT_TIME,
    Truth.LATEST: _FOUND_NEXT_TIME,
}
_CALL = _PLAIN | {
    Truth.UNHEARD: _FOUND,
    Truth.LOST: _FOR_A_HUMAN,
    Truth.LATE: _FOUND_NEXT_TIME,
    Truth.LATER: _FOUND_NEXT_TIME,
    Truth.LATEST: _FOUND_NEXT_TIME,
}
_UNPROVABLE = _PLAIN | dict.fromkeys((Truth.UNHEARD, Truth.LOST, Truth.LATE, Truth.LATER, Truth.LATEST), _FOR_A_HUMAN)
_ONCE = {REACHED: 1, SILENT: 1}

REQUESTS = (
    Request("create", "createCallBatch", batch(REACHED, SILENT), "batch/survey", _ONCE, _BATCH),
    Request(
        "retry-by-request",
        "retryCallBatch",
        batch(REACHED, SILENT, fields="retry: {max_retries: 1, on: [dial_no_answer]}, "),
        "batch/survey",
        {REACHED: 1, SILENT: 2},
        _RETRY,
        prepared=True,
    ),
    Request(
        "retry-by-batch",
        "createCallBatch",
        batch("+14155550192", SILENT, fields="retry: {max_retries: 1, on: [dial_no_answer]}, "),
        "batch/survey",
        {"+14155550192": 1, SILENT: 2},
        _BATCH,
        prepared=True,
    ),
    Request("call", "createOutboundCalls", call(REACHED), "call/survey", {REACHED: 1}, _CALL),
    Request("box", "createCall", batch(REACHED, SILENT, fields="provider: box, "), "batch/survey", _ONCE, _CALL),
    Request(
        "legacy",
        "legacyOutboundCall",
        batch(REACHED, SILENT, fields="provider: legacy, "),
        "batch/survey",
        _ONCE,
        _UNPROVABLE,
    ),
)
