"""What an author gives to `check_provider`: the provider's side, where time moves and requests go wrong."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

from declarative.model.resource import Json
from declarative.testing.contract import NotSupported

if TYPE_CHECKING:
    import httpx


class FaultKind(StrEnum):
    """How a request that dials goes wrong."""

    LOST_REQUEST = "lost_request"
    """The connection closes; the provider never sees the request."""
    LOST_ANSWER = "lost_answer"
    """The request takes effect; the connection closes without an answer."""
    STATUS = "status"
    """The provider, or a proxy in front of it, answers with an error status."""
    TRUNCATED = "truncated"
    """The request takes effect; the connection closes within the body of the answer."""
    LATE = "late"
    """The connection closes; the request takes effect an hour later."""


@dataclass(frozen=True, kw_only=True)
class Fault:
    """What goes wrong with one request that dials."""

    kind: FaultKind
    """The fields below belong to STATUS."""
    status: int = 0
    """HTTP status of the answer."""
    has_effect: bool = False
    """Whether the request takes effect all the same."""
    body: str | None = None
    """Body of the answer. None: an error in the provider's own form."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """Headers of the answer, in addition to the usual ones."""


class World(Protocol):
    """The provider's side of a test: a simulator, a fake, or a transport with written answers.

    Inherit from it and override what can be done. A method that raises NotSupported, as these defaults do, skips the
    rules that need it. No other client may place calls there while the contract runs.
    """

    @property
    def settings(self) -> Mapping[str, Json]:
        """Settings of a resource that the provider accepts, by its field names: an agent that exists, a number."""
        ...

    @property
    def listed_after(self) -> float:
        """Seconds after which a list surely shows what was placed: not before its call has begun, at some providers."""
        return 0.0

    @property
    def unreached_numbers(self) -> Sequence[str]:
        """E.164 numbers whose calls are not answered. Empty: the rules about people who are not reached are skipped."""
        return ()

    def environment(self) -> Mapping[str, str]:
        """Environment variables in addition to the key, such as the base URL of a server on this machine."""
        return {}

    def transport(self) -> httpx.BaseTransport | None:
        """The transport that leads to this world. None: the connection needs none."""
        return None

    def advance(self, seconds: float) -> None:
        """Move the provider's clock forward; calls that fall due meanwhile take place."""
        raise NotSupported("the world cannot advance its clock")

    def fault(self, fault: Fault) -> None:
        """Let the next request go wrong, and only that one."""
        raise NotSupported("the world has no faults")

    def dials(self) -> int:
        """Return how often a phone was called so far."""
        raise NotSupported("the world does not count its dials")
