"""What every place that keeps the lock must do, and who holds its lease.

Knows bytes only. format.py says what they mean, and each backend says how they are kept.
"""

from __future__ import annotations

import getpass
import os
import secrets
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from types import TracebackType
from typing import Protocol, Self, TypeVar

import orjson

from declarative.errors import LeaseHeld, LeaseLost, StateError

Sleep = Callable[[float], None]
"""Waits for a number of seconds."""
_Value = TypeVar("_Value")


class Log(StrEnum):
    """The lists of lines that stand beside the lock. The values are their names in a folder."""

    HALTS = "dialctl.halt"
    """Halts, and where they were lifted."""
    HISTORY = "dialctl.history.jsonl"
    """What runs did, and what people decided."""


@dataclass(frozen=True)
class StoredState:
    """What a backend keeps."""

    lock: bytes | None
    """The lock, one document. None: there is none yet."""
    journal: tuple[bytes, ...] = ()
    """The lines written since the lock, oldest first. The last line may be torn: format.py skips it then."""


@dataclass(frozen=True, kw_only=True)
class Holder:
    """Who holds a lease. The fields are the JSON keys of the lease file."""

    id: str
    """8 random hex characters. `dialctl force-unlock` takes them."""
    who: str
    """The user's name, in CI the name of the person who started the run."""
    host: str
    """The machine's name."""
    pid: int
    """The process on that machine."""
    since: datetime
    """When the process began, by its own clock. Aware, UTC, whole seconds."""
    run: str | None = None
    """URL of the CI run. None outside CI."""

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Holder:
        """This process. GitHub Actions, GitLab CI and Jenkins give the URL of their run in the environment."""
        # Not all that an environment holds is text, and the lease is JSON.
        texts = {name: _as_text(value) for name, value in environment.items()}
        return cls(
            id=secrets.token_hex(4),
            who=texts.get("GITHUB_ACTOR") or texts.get("GITLAB_USER_LOGIN") or _as_text(_user_name()),
            host=_as_text(socket.gethostname()),
            pid=os.getpid(),
            since=datetime.now(UTC).replace(microsecond=0),
            run=_ci_run_url(texts),
        )

    @classmethod
    def from_json(cls, text: bytes) -> Holder | None:
        """The holder that was written as JSON. None for any other text, such as a file that is not written yet."""
        try:
            values = orjson.loads(text)
            return cls(**{**values, "since": datetime.fromisoformat(values["since"])})
        except (ValueError, TypeError, KeyError):
            return None

    def to_json(self) -> bytes:
        """The JSON text that `from_json` reads."""
        return orjson.dumps(self, option=orjson.OPT_UTC_Z)

    def __str__(self) -> str:
        run_suffix = f", {self.run}" if self.run else ""
        return f"{self.who} on {self.host} (process {self.pid}, since {self.since:%Y-%m-%d %H:%M:%S} UTC{run_suffix})"


class Lease(Protocol):
    """The right to send and to write, held until the end of a `with` block.

    Protocol 11: every send and every write checks it.
    """

    @property
    def holder(self) -> Holder:
        """The run that took the lease: ourselves."""
        ...

    def check(self) -> None:
        """Return only while the lease is certainly ours. Raises LeaseLost."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class Backend(Protocol):
    """A place that keeps one lock with its journal, and lists of lines beside it.

    Every method raises StateError when the place does not answer, or refuses.
    """

    @property
    def location(self) -> str:
        """The path or URL of the place, for messages."""
        ...

    def load(self) -> StoredState:
        """Read what is kept now, without waiting for a lease and without changing anything.

        A run that will write loads again after it took the lease, because `fold` compares with what was loaded last.
        """
        ...

    def append(self, line: bytes) -> None:
        """Add one line, without line breaks, to the journal. Raises LeaseLost.

        Protocol 1: the line is durable when this returns, for a request may follow it. The cost does not depend on
        what is kept already. Protocol 11: it never cuts off or reorders the lines of a run that holds the lease, even
        where the caller lost its own between the check and the write. Raises StateConflict where the journal does not
        end as it did when it was last read or written here.
        """
        ...

    def fold(self, lock: bytes) -> None:
        """Replace the lock, then drop the journal. Raises LeaseLost.

        Raises StateConflict when the lock is not the one that was last loaded or folded. Without a load before it,
        the lock must be absent.
        """
        ...

    def lease(self, holder: Holder, wait: float, sleep: Sleep) -> Lease:
        """Take the lease, after at most `wait` seconds spent in `sleep`. Raises LeaseHeld."""
        ...

    def holder(self) -> Holder | None:
        """Who holds the lease now, as far as that is known without waiting. None: no run holds it."""
        ...

    def break_lease(self, lease_id: str) -> None:
        """Take the lease from its holder, which can neither write nor send from then on.

        Raises StateError when no run holds it under this id.
        """
        ...

    def read_lines(self, log: Log) -> tuple[bytes, ...]:
        """Read what was added to a list, oldest first. Needs no lease."""
        ...

    def add_line(self, log: Log, line: bytes) -> None:
        """Add one line, a JSON object without line breaks, to the end of a list. It is durable when this returns.

        Needs no lease: whoever holds one is neither asked nor disturbed. Of two processes that add at once both lines
        stay. `fold` leaves the lists alone.
        """
        ...

    def read_round(self) -> bytes | None:
        """Read what `write_round` wrote last, by one small read. None: nothing was written."""
        ...

    def write_round(self, note: bytes) -> None:
        """Replace the note about the last round of `dialctl run`. Needs no lease.

        It spares the replicas needless rounds. Nothing depends on it that decides about people: it may be lost, and
        of two processes that write at once either note may stay.
        """
        ...


def retry_until(
    attempt: Callable[[], _Value | None], wait: float, sleep: Sleep, *, pause: float = 0.5
) -> _Value | None:
    """Call `attempt` every `pause` seconds until it returns a value. None: it returned none within `wait` seconds."""
    remaining = wait
    while (value := attempt()) is None and remaining > 0:
        step = min(pause, remaining)
        sleep(step)
        remaining -= step
    return value


def lease_held_error(location: str, holder: Holder | None, *, hint: str) -> LeaseHeld:
    """The error for a place whose lease another run holds. `holder` is None while that run writes its name."""
    holder_text = str(holder) if holder else "another run, which has not written its name yet"
    return LeaseHeld(f"{location} is in use by {holder_text}", hint=hint)


def lease_lost_error(location: str, holder: Holder | None, reason: str) -> LeaseLost:
    """The error for a run that no longer holds its lease. `holder` is that run, None if it never took the lease."""
    taken_at = f" (taken {holder.since:%H:%M:%S} UTC)" if holder else ""
    return LeaseLost(
        f"the lease on {location}{taken_at} is lost: {reason}; nothing more is sent or written",
        hint="see who holds it now with dialctl plan, then run again: what was sent is in the lock",
    )


def lease_unknown_error(location: str, lease_id: str, holder: Holder | None) -> StateError:
    """The error for a lease that is to be broken, but that `holder` does not hold under this id."""
    state = f"it is held by {holder}, lease {holder.id}" if holder else "no run holds it"
    return StateError(f"there is no lease {lease_id} on {location}: {state}")


def _as_text(value: str) -> str:
    """The value with a question mark for each byte that is no UTF-8."""
    return value.encode(errors="replace").decode()


def _user_name() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a container's user id has no name; the Python version decides which error it is
        return f"user {os.getuid()}"


def _ci_run_url(environment: Mapping[str, str]) -> str | None:
    github_values = [environment.get(name) for name in ("GITHUB_SERVER_URL", "GITHUB_REPOSITORY", "GITHUB_RUN_ID")]
    if all(github_values):
        server, repository, run_id = github_values
        return f"{server}/{repository}/actions/runs/{run_id}"
    return environment.get("CI_JOB_URL") or environment.get("BUILD_URL") or None
