"""What ended an apply before it was done, as an error for its report."""

from __future__ import annotations

from declarative.errors import StateError


def describe_failure(error: StateError | OSError) -> StateError:
    """The error to report. One of the disk is said in the system's words."""
    if isinstance(error, StateError):
        return error
    hint = "what went out is in the journal; make room, then apply again"
    return StateError(f"{error.filename or 'the state'} cannot be written: {error.strerror}", hint=hint)
