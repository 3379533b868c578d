"""dialctl: infrastructure as code for outbound AI voice calls.

    import declarative as dialctl

    desired = dialctl.load("campaigns")
    with dialctl.Session("campaigns", sandbox=True) as session:
        report = dialctl.apply(session, approve=lambda plan: plan.people_to_call <= 500)

Names are loaded on first use: importing the package costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from declarative.api import apply, drift, load, plan, status
    from declarative.app.apply_report import ApplyReport
    from declarative.app.session import Session
    from declarative.errors import (
        DialctlError,
        Exit,
        Interrupted,
        LeaseHeld,
        LeaseLost,
        ManifestError,
        MissingKey,
        PlanFileError,
        Problem,
        ProviderError,
        Refused,
        StateConflict,
        StateError,
        Unauthorized,
        UsageError,
    )
    from declarative.planning.decide import Reason, Verb
    from declarative.planning.plan import Action, Plan

__version__ = "0.2.0"

_ERRORS = (
    "DialctlError",
    "Exit",
    "Interrupted",
    "LeaseHeld",
    "LeaseLost",
    "ManifestError",
    "MissingKey",
    "PlanFileError",
    "Problem",
    "ProviderError",
    "Refused",
    "StateConflict",
    "StateError",
    "Unauthorized",
    "UsageError",
)
_HOMES = {
    **dict.fromkeys(("apply", "drift", "load", "plan", "status"), "declarative.api"),
    **dict.fromkeys(_ERRORS, "declarative.errors"),
    "Session": "declarative.app.session",
    "ApplyReport": "declarative.app.apply_report",
    "Plan": "declarative.planning.plan",
    "Action": "declarative.planning.plan",
    "Verb": "declarative.planning.decide",
    "Reason": "declarative.planning.decide",
}
"""The module that defines each public name."""

__all__ = [  # noqa: RUF022 grouped by what a caller does with them
    # what to do
    "load",
    "plan",
    "apply",
    "status",
    "drift",
    # what it is done with, and what it gives
    "Session",
    "Plan",
    "Action",
    "Verb",
    "Reason",
    "ApplyReport",
    # what may be wrong
    "Problem",
    "Exit",
    "DialctlError",
    "UsageError",
    "ManifestError",
    "Refused",
    "PlanFileError",
    "StateError",
    "StateConflict",
    "LeaseHeld",
    "LeaseLost",
    "ProviderError",
    "MissingKey",
    "Unauthorized",
    "Interrupted",
    "__version__",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
