"""Every error that a user can meet, sorted by what to do next. Imports no other module of the project.

DialctlError                    exit 1
├── UsageError                  exit 64   the command line is wrong
├── ManifestError               the manifests are wrong; carries every problem found
├── Refused                     we will not do this as asked (no terminal, answered no, over a limit)
│   └── PlanFileError           a saved plan that is stale, tampered with, foreign or too new
├── StateError                  the lock cannot be used as it is
│   ├── StateConflict           another process wrote the state after we read it
│   ├── LeaseHeld               another run holds the lease
│   └── LeaseLost               our lease is gone: nothing may be sent or written any more
├── ProviderError               a provider could not be read
│   ├── MissingKey              no API key in the environment
│   └── Unauthorized            the provider refused the key
└── Interrupted                 exit 130 or 143   asked to stop, and stopped cleanly
"""

from __future__ import annotations

import errno
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

NEEDS_POSIX = "dialctl runs on Linux and macOS, and on Windows under WSL: this Python has no file locks (fcntl)"
"""Why nothing works here: without the lock of a folder two runs could call the same people."""


class Exit(IntEnum):
    """Exit codes of the `dialctl` command."""

    DONE = 0
    FAILED = 1
    CHANGES = 2
    NEEDS_HUMAN = 3
    USAGE = 64
    INTERRUPTED = 130
    TERMINATED = 143


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong with the input, at a place that an editor can open."""

    file: str
    """Path relative to the current directory; absolute for a file outside it."""
    line: int
    """Counted from 1; 0 for the whole file."""
    column: int
    """Counted from 1; 0 for the whole file."""
    path: str
    """The place inside the document, as in `spec.recipients[3].to_number`; empty for none."""
    message: str
    """What is wrong, in one sentence without a full stop."""
    hint: str = ""
    """What to do about it; empty for none."""
    count: int = 1
    """How many equal problems it stands for."""

    @property
    def description(self) -> str:
        """What is wrong and what to do, without file and line."""
        path_prefix = f"{self.path}: " if self.path else ""
        hint_suffix = f" ({self.hint})" if self.hint else ""
        return f"{path_prefix}{self.message}{hint_suffix}"

    def __str__(self) -> str:
        location = f"{self.file}:{self.line}:{self.column}" if self.line else self.file
        return f"{location}: {self.description}"


class DialctlError(Exception):
    """Base of all errors. `hint` says what to do next; empty for none."""

    code = "error"
    """The word that names this error under `--json`. It never changes."""
    exit_code = Exit.FAILED
    """The exit code of the command that ends with this error."""

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    @property
    def problems(self) -> Sequence[Problem]:
        """Every problem found in the manifests; empty for other errors."""
        return ()


def system_hint(error: OSError, place: str) -> str:
    """What a person does about an error of the operating system at a file or folder."""
    match error.errno:
        case errno.ENOSPC | errno.EDQUOT | errno.EFBIG:
            action = f"make room on the disk of {place}"
        case errno.EMFILE | errno.ENFILE:
            action = "allow more open files (ulimit -n)"
        case errno.EIO:
            action = f"check the disk of {place}"
        case errno.EROFS:
            action = f"{place} is on a disk that may only be read: mount it for writing"
        case _:
            action = f"make {place} readable and writable for this user"
    return f"{action}, then run again"


def describe_system_error(error: OSError) -> DialctlError:
    """A failure of a file, a disk or another part of the system in its own words, and what to do about it."""
    place = str(error.filename or "the output or the project")
    message = f"{error.filename or 'cannot read or write'}: {error.strerror or error}"
    return DialctlError(message, hint=system_hint(error, place))


class UsageError(DialctlError):
    code = "usage"
    exit_code = Exit.USAGE


class ManifestError(DialctlError):
    code = "invalid_manifest"

    def __init__(self, problems: Sequence[Problem]) -> None:
        count = sum(problem.count for problem in problems)
        super().__init__(f"{count:,} problem{'' if count == 1 else 's'} in the manifests")
        self._problems = tuple(problems)

    @property
    def problems(self) -> Sequence[Problem]:
        return self._problems


class Refused(DialctlError):
    code = "refused"


class PlanFileError(Refused):
    code = "plan_file"


class StateError(DialctlError):
    code = "state"


class StateConflict(StateError):
    code = "state_conflict"


class LeaseHeld(StateError):
    code = "lease_held"


class LeaseLost(StateError):
    code = "lease_lost"


class ProviderError(DialctlError):
    code = "provider"


class NoSandbox(ProviderError):
    """The sandbox does not simulate the provider type, or cannot: its own simulator fails."""

    code = "no_sandbox"


class MissingKey(ProviderError):
    code = "missing_key"


class Unauthorized(ProviderError):
    code = "unauthorized"


class Interrupted(DialctlError):
    """A signal asked to stop: SIGTERM if `terminated`, else Ctrl-C. Raised between two requests, never within one."""

    code = "interrupted"

    def __init__(self, message: str, *, terminated: bool) -> None:
        super().__init__(message)
        self.exit_code = Exit.TERMINATED if terminated else Exit.INTERRUPTED
