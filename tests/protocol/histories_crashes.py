"""A run that dies at one of its steps. Knows no step by name."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager


class Crash(BaseException):
    """The process is gone: nothing catches it."""


class _Countdown(logging.Handler):
    def __init__(self, left: int) -> None:
        super().__init__(logging.DEBUG)
        self._left = left

    def emit(self, record: logging.LogRecord) -> None:
        self._left -= 1
        if self._left == 0:
            raise Crash


@contextmanager
def dying_at(step: int) -> Iterator[None]:
    steps, countdown = logging.getLogger("dialctl.steps"), _Countdown(step)
    level = steps.level
    steps.addHandler(countdown)
    steps.setLevel(logging.DEBUG)
    try:
        yield
    finally:
        steps.removeHandler(countdown)
        steps.setLevel(level)
