"""A backend that forgets a promise is found out, and the broken rules are named."""

from __future__ import annotations

from pathlib import Path

import pytest

from declarative.state.base import Backend
from declarative.state.local import LocalBackend
from declarative.testing import ContractViolation, check_backend


class OverwritesAnything(LocalBackend):
    """Loads before every fold, and so never sees that another run has changed the lock."""

    def fold(self, lock: bytes) -> None:
        self.load()
        super().fold(lock)


class ForgetsLines(LocalBackend):
    def append(self, line: bytes) -> None:
        pass


def broken_rules(kind: type[LocalBackend], directory: Path) -> set[str]:
    def open_place(name: str) -> Backend:
        (directory / name).mkdir(exist_ok=True)
        return kind(directory / name)

    with pytest.raises(ContractViolation) as caught:
        check_backend(open_place)
    return set(caught.value.broken)


def test_a_backend_that_overwrites_a_changed_lock_is_named(tmp_path: Path) -> None:
    assert broken_rules(OverwritesAnything, tmp_path) == {
        "a lock changed since it was read is not overwritten",
        "a lock never read is not overwritten",
        "a run that missed the loss of its lease harms no line",
    }


def test_a_backend_that_loses_lines_is_named(tmp_path: Path) -> None:
    assert broken_rules(ForgetsLines, tmp_path) >= {
        "lines come back in the order they were written",
        "the next run folds what a crashed one left",
        "nothing is written without a lease",
    }
