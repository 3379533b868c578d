"""The part of a provider's contract about requests that go wrong: each outcome says what the answer proves."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from declarative.providers.base import Ambiguous, Busy, Outcome, OutOfFunds, Rejected
from declarative.testing.contract import require, require_equal
from declarative.testing.stage import Stage
from declarative.testing.world import Fault, FaultKind

_PROXY_PAGE = "<html><body>403 Forbidden</body></html>"


def _status(code: int, *, has_effect: bool = False, body: str | None = None, **headers: str) -> Fault:
    return Fault(kind=FaultKind.STATUS, status=code, has_effect=has_effect, body=body, headers=headers)


_FAULTS: tuple[tuple[str, Fault, type[Outcome], bool], ...] = (
    ("a lost request", Fault(kind=FaultKind.LOST_REQUEST), Ambiguous, False),
    ("a lost answer", Fault(kind=FaultKind.LOST_ANSWER), Ambiguous, True),
    ("503 without effect", _status(503), Ambiguous, False),
    ("500 with effect", _status(500, has_effect=True), Ambiguous, True),
    ("502 with effect", _status(502, has_effect=True), Ambiguous, True),
    ("504 without effect", _status(504), Ambiguous, False),
    ("408 with effect", _status(408, has_effect=True), Ambiguous, True),
    ("409 without effect", _status(409), Ambiguous, False),
    ("302 with effect", _status(302, has_effect=True, Location="/"), Ambiguous, True),
    ("400", _status(400), Rejected, False),
    ("401", _status(401), Rejected, False),
    ("402", _status(402), OutOfFunds, False),
    ("403", _status(403), Rejected, False),
    ("422", _status(422), Rejected, False),
    ("429", _status(429), Busy, False),
    ("403 from a proxy, with effect", _status(403, has_effect=True, body=_PROXY_PAGE), Ambiguous, True),
    ("429 from a proxy, with effect", _status(429, has_effect=True, body=_PROXY_PAGE), Ambiguous, True),
    ("a truncated answer", Fault(kind=FaultKind.TRUNCATED), Ambiguous, True),
    ("a late request", Fault(kind=FaultKind.LATE), Ambiguous, False),
)
"""What goes wrong, the fault, the outcome that it must have, and whether a list shows the request right after it."""


def _fault_has_outcome(fault: Fault, expected: type[Outcome], takes_effect: bool, stage: Stage) -> None:
    known_ids = stage.history().keys()
    submission = stage.submission()
    stage.world.fault(fault)
    outcome = stage.channel.submit(submission)
    require(isinstance(outcome, expected), f"expected {expected.__name__}, got {outcome!r}")
    new_remotes = [remote for key, remote in stage.history().items() if key not in known_ids]
    require_equal(len(new_remotes), int(takes_effect), "the number of newly listed remotes")
    if stage.marks_are_listed and takes_effect:
        require_equal(new_remotes[0].mark, submission.mark, "the mark of the newly listed remote")


def _a_request_that_dials_is_never_repeated(stage: Stage) -> None:
    # Requests of earlier rules that land late must have landed before the count.
    stage.world.advance(7200)
    faults = (
        Fault(kind=FaultKind.LOST_ANSWER),
        _status(500, has_effect=True),
        Fault(kind=FaultKind.TRUNCATED),
    )
    for fault in faults:
        dials_before = stage.world.dials()
        stage.world.fault(fault)
        stage.channel.submit(stage.submission())
        stage.world.advance(7200)
        require_equal(stage.world.dials() - dials_before, 1, f"the number of dials after {fault.kind} {fault.status}")


FAULT_RULES: tuple[tuple[str, Callable[[Stage], None]], ...] = (
    *(
        (f"{name} is {expected.__name__}", partial(_fault_has_outcome, fault, expected, takes_effect))
        for name, fault, expected, takes_effect in _FAULTS
    ),
    ("a request that dials is never repeated", _a_request_that_dials_is_never_repeated),
)
"""Name and rule. What a rule expects is what the protocol may conclude: see `providers/http/outcomes.py`."""
