"""What every place that keeps the lock must do, and who holds it. Knows bytes only: what they mean is
lock.py's business, and how they are kept is each backend's own."""

from __future__ import annotations

import getpass
import os
import secrets
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from types import TracebackType
from typing import Protocol, Self, TypeVar

import orjson

from declarative.errors import LeaseHeld, LeaseLost

Sleep = Callable[[float], None]
_Value = TypeVar("_Value")


@dataclass(frozen=True)
class StoredState:
    """What a backend keeps: `lock`, one document or None where there is none yet, and `journal`, the lines
    written since, oldest first. The last line may be torn; lock.py reads around it."""

    lock: bytes | None
    journal: tuple[bytes, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Holder:
    """Who holds a lease: `id` is what `dialctl force-unlock` takes, `run` the address of the CI run, if
    any."""

    id: str
    who: str
    host: str
    pid: int
    since: datetime
    run: str | None = None

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Holder:
        """This process. GitHub Actions, GitLab CI and Jenkins tell the address of their run in the
        environment."""
        return cls(
            id=secrets.token_hex(4),
            who=environment.get("GITHUB_ACTOR") or environment.get("GITLAB_USER_LOGIN") or _user_name(),
            host=socket.gethostname(),
            pid=os.getpid(),
            since=datetime.now(UTC).replace(microsecond=0),
            run=_ci_run_url(environment),
        )

    @classmethod
    def from_json(cls, text: bytes) -> Holder | None:
        """The holder written as JSON; None where the text is not one, as in the instant before it is
        written."""
        try:
            values = orjson.loads(text)
            return cls(**{**values, "since": datetime.fromisoformat(values["since"])})
        except (ValueError, TypeError, KeyError):
            return None

    def to_json(self) -> bytes:
        return orjson.dumps(self, option=orjson.OPT_UTC_Z)

    def __str__(self) -> str:
        run_suffix = f", {self.run}" if self.run else ""
        return f"{self.who} on {self.host} (process {self.pid}, since {self.since:%Y-%m-%d %H:%M:%S} UTC{run_suffix})"


class Lease(Protocol):
    """The right to send and to write, held until the end of a `with` block."""

    @property
    def holder(self) -> Holder: ...

    def check(self) -> None:
        """Return only while the lease is surely ours; called before every send and every write. Raises
        LeaseLost."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class Backend(Protocol):
    """A place that keeps one lock with its journal. Every method raises StateError when the place does not
    answer or does not obey."""

    @property
    def location(self) -> str:
        """The place, for people."""
        ...

    def load(self) -> StoredState:
        """What is kept now. Never waits for a lease and never changes anything. A run that means to write
        loads again after it took the lease: `fold` compares with what was loaded last."""
        ...

    def append(self, line: bytes) -> None:
        """Add one line without line breaks to the journal: durable when this returns, at a cost that does not
        depend on what is kept already. Raises LeaseLost."""
        ...

    def fold(self, lock: bytes) -> None:
        """Replace the lock, then drop the journal. Raises LeaseLost, and StateConflict when the lock is not
        the one last loaded or folded (one never loaded counts as expected to be absent)."""
        ...

    def lease(self, holder: Holder, wait: float, sleep: Sleep) -> Lease:
        """The lease, after at most `wait` seconds spent in `sleep`. Raises LeaseHeld."""
        ...

    def holder(self) -> Holder | None:
        """Who holds the lease now, as far as can be told without waiting."""
        ...

    def break_lease(self, lease_id: str) -> None:
        """Take the lease from its holder, who can neither write nor send from then on. Raises StateError when
        nobody holds it under this id."""
        ...


def retry_until(
    attempt: Callable[[], _Value | None], wait: float, sleep: Sleep, *, pause: float = 0.5
) -> _Value | None:
    """The first result of `attempt` that is not None, asked for every `pause` seconds; None after `wait` of
    them."""
    remaining = wait
    while (value := attempt()) is None and remaining > 0:
        step = min(pause, remaining)
        sleep(step)
        remaining -= step
    return value


def lease_held_error(location: str, holder: Holder | None, *, hint: str) -> LeaseHeld:
    holder_text = str(holder) if holder else "another run that has not said yet who it is"
    return LeaseHeld(f"{location} is in use by {holder_text}", hint=hint)


def lease_lost_error(location: str, holder: Holder | None, reason: str) -> LeaseLost:
    taken_at = f" (taken {holder.since:%H:%M:%S} UTC)" if holder else ""
    return LeaseLost(
        f"the lease on {location}{taken_at} is lost: {reason}; nothing more is sent or written",
        hint="see who holds it now with dialctl plan, then run again: what was sent is in the lock",
    )


def _user_name() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a container's user id without a name; which of them depends on the Python
        return f"user {os.getuid()}"


def _ci_run_url(environment: Mapping[str, str]) -> str | None:
    github_values = [environment.get(name) for name in ("GITHUB_SERVER_URL", "GITHUB_REPOSITORY", "GITHUB_RUN_ID")]
    if all(github_values):
        server, repository, run_id = github_values
        return f"{server}/{repository}/actions/runs/{run_id}"
    return environment.get("CI_JOB_URL") or environment.get("BUILD_URL") or None
