"""Reads and writes the emergency stops beside the lock, and DIALCTL_HALT of the environment. Needs no lease, no
manifest and no provider."""

from __future__ import annotations

import secrets
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime

from declarative.model.halts import EVERYTHING, EmergencyHalt, Halts, environment_halt
from declarative.privacy import clean, mask_all
from declarative.state.base import Backend, Holder, Log
from declarative.state.halt_lines import parse_halts, render_halt, render_resume

VARIABLE = "DIALCTL_HALT"
"""Holds the reason for which the runs of this machine call nobody."""


def read_halts(backend: Backend, environment: Mapping[str, str]) -> Halts:
    """Read what stands now. Raises StateError."""
    standing = parse_halts(backend.read_lines(Log.HALTS)).standing
    reason = environment.get(VARIABLE, "").strip()
    return Halts((*standing, environment_halt(reason))) if reason else Halts(standing)


def add_halts(
    backend: Backend, addresses: Sequence[str], reason: str, environment: Mapping[str, str]
) -> list[EmergencyHalt]:
    """Write a halt of each address, and return them. Raises StateError; those before it stand then."""
    by, at = _name_writer(environment), _now()
    halts = [
        EmergencyHalt(id=secrets.token_hex(4), address=address, at=at, by=by, reason=mask_all(clean(reason)))
        for address in addresses
    ]
    for halt in halts:
        backend.add_line(Log.HALTS, render_halt(halt))
    return halts


def end_halts(backend: Backend, halts: Collection[EmergencyHalt], environment: Mapping[str, str]) -> None:
    """Write that these halts are over. Raises StateError."""
    if halts:
        line = render_resume([halt.id for halt in halts], at=_now(), by=_name_writer(environment))
        backend.add_line(Log.HALTS, line)


def select_halts(backend: Backend, address: str | None) -> list[EmergencyHalt]:
    """Return the halts beside the lock that a resume of this address ends; None means a resume of everything. That of
    the whole project is not among those of an address."""
    standing = parse_halts(backend.read_lines(Log.HALTS)).standing
    return [halt for halt in standing if address is None or halt.address == address != EVERYTHING]


def _now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)


def _name_writer(environment: Mapping[str, str]) -> str:
    holder = Holder.from_environment(environment)
    return f"{holder.who} on {holder.host}"
