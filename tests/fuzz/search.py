"""Feeds a surface with inputs: a few of them that are always the same, or as many as fit into some minutes.

`DIALCTL_FUZZ_MINUTES=60 pytest tests/fuzz` searches for an hour, shared among the surfaces. Each failure is kept in the
corpus, whose files are replayed by every run of the tests.
"""

from __future__ import annotations

import hashlib
import os
import resource
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

CORPUS = Path(__file__).parent / "corpus"
MINUTES = float(os.environ.get("DIALCTL_FUZZ_MINUTES") or 0)
"""How long all surfaces together are searched. 0: a few inputs of each."""
MOST_SECONDS = 10.0
"""Processor seconds that one input may take."""
_HANGS_AFTER = 600
"""Seconds of the clock on the wall after which an input hangs. Many, for other work may run beside."""
_ROUND = 100
"""Inputs of one round of hypothesis."""

Check = Callable[[bytes], None]
"""Uses one input. Fails by any exception."""


@dataclass(frozen=True)
class Surface:
    """A place where input comes in."""

    name: str
    """The name of its folder in the corpus."""
    inputs: st.SearchStrategy[bytes]
    """Draws inputs, in the form of the corpus."""
    open: Callable[[Path], AbstractContextManager[Check]]
    """Opens the surface in an empty folder."""
    examples: int
    """How many inputs are tried without DIALCTL_FUZZ_MINUTES."""

    def corpus(self) -> list[Path]:
        return sorted((CORPUS / self.name).glob("*"))


@dataclass
class Figures:
    """What a search came to."""

    inputs: int = 0
    """Inputs that were tried."""
    slowest: float = 0.0
    """Most processor seconds of one input."""
    failures: dict[str, Path] = field(default_factory=dict)
    """The first input of each kind of failure, by the words of the failure."""


class _Hang(BaseException):
    """An input takes too long. No command catches it."""


def run_check(check: Check, content: bytes) -> float:
    """Use one input, and return the processor seconds that it took. Fails also for an input that takes too long."""
    started = _processor_seconds()
    with _limit_seconds():
        check(content)
    seconds = _processor_seconds() - started
    assert seconds <= MOST_SECONDS, f"took {seconds:.0f} s"
    return seconds


def try_few(surface: Surface, check: Check) -> None:
    """Try inputs that are the same in every run. The first failure is made small and raised."""

    @settings(
        max_examples=surface.examples,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )
    @given(surface.inputs)
    def try_input(content: bytes) -> None:
        run_check(check, content)

    try_input()


def search(surface: Surface, check: Check, seconds: float) -> Figures:
    """Try new inputs until the time is up. The first input of each kind of failure goes into the corpus."""
    figures = Figures()
    ends_at = time.monotonic() + seconds
    while time.monotonic() < ends_at:
        _search_round(surface, check, figures, ends_at)
    return figures


def _search_round(surface: Surface, check: Check, figures: Figures, ends_at: float) -> None:
    @seed(time.time_ns())
    @settings(
        max_examples=_ROUND,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(surface.inputs)
    def try_input(content: bytes) -> None:
        if time.monotonic() > ends_at:
            return
        figures.inputs += 1
        try:
            figures.slowest = max(figures.slowest, run_check(check, content))
        except (Exception, _Hang) as failure:
            words = f"{type(failure).__name__}: {failure}"[:300]
            if words not in figures.failures:
                figures.failures[words] = _keep(surface, content)

    try_input()


def _keep(surface: Surface, content: bytes) -> Path:
    file = CORPUS / surface.name / hashlib.sha256(content).hexdigest()[:16]
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)
    return file


def _processor_seconds() -> float:
    usages = [resource.getrusage(kind) for kind in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


@contextmanager
def _limit_seconds() -> Iterator[None]:
    def stop(*_: object) -> None:
        raise _Hang("hangs")

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(_HANGS_AFTER)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
