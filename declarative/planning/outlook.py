"""What observing one address came to, ready to be planned. Values only."""

from __future__ import annotations

from dataclasses import dataclass

from declarative.model.remote import Remote
from declarative.planning.blocks import Block
from declarative.planning.facts import Facts


@dataclass(frozen=True, kw_only=True)
class Observation:
    """`quiet`: known to need nothing, without its people having been read. `adopt`: things with our mark that the lock
    does not know. `renamed`: addresses of the lock whose memory belongs to this one. `applying`: who holds the lease
    under which its open intents are being answered right now. `candidates`: calls without a mark that may be one of its
    lost requests; only a person can tell. `only_seen`: no part of this run, which looks at it for the sake of
    others."""

    case: Facts
    quiet: bool = False
    block: Block | None = None
    adopt: tuple[Remote, ...] = ()
    renamed: tuple[str, ...] = ()
    applying: str | None = None
    candidates: tuple[Remote, ...] = ()
    provider: str = ""
    read_only: bool = False
