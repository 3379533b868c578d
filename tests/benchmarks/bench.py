"""Measures whole processes against each other and says which claims hold. Knows nothing of what is measured.

Machines differ and are shared, so nothing here compares with a time: runs are paired (A B A B ...), and medians of CPU
time are put in relation. Wall time is shown beside.
"""

from __future__ import annotations

import argparse
import compileall
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Cost:
    """What a process took from start to end: seconds of wall and of CPU (its threads included), peak memory in MB."""

    wall: float
    cpu: float
    peak: float

    def __str__(self) -> str:
        return f"{self.cpu:7.2f} s CPU {self.wall:7.2f} s wall {self.peak:6.0f} MB"


def spend(command: Sequence[str], *, cwd: Path, env: Mapping[str, str], accepted: Sequence[int] = (0,)) -> Cost:
    """Runs the command to its end. Raises SystemExit with its words where it ends with another exit code.

    The peak counts from what this process holds when it forks, so whoever measures stays small.
    """
    with tempfile.TemporaryFile() as words:
        began = time.perf_counter()
        child = subprocess.Popen(command, cwd=cwd, env=env, stdin=subprocess.DEVNULL, stdout=words, stderr=words)
        _, status, usage = os.wait4(child.pid, 0)
        wall = time.perf_counter() - began
        child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode not in accepted:
            words.seek(0)
            raise SystemExit(f"{' '.join(command)}: exit {child.returncode}\n{words.read().decode()}")
    unit = 1_048_576 if sys.platform == "darwin" else 1_024
    return Cost(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / unit)


def paired(runs: Mapping[str, Callable[[], Cost]], times: int) -> dict[str, Cost]:
    """Each run in turn, `times` over; the median of each figure."""
    costs: dict[str, list[Cost]] = {name: [] for name in runs}
    for _ in range(times):
        for name, run in runs.items():
            costs[name].append(run())
    medians = {name: _median(found) for name, found in costs.items()}
    for name, cost in medians.items():
        print(f"  {name:<44} {cost}", flush=True)
    return medians


def _median(costs: Sequence[Cost]) -> Cost:
    return Cost(*(median(getattr(cost, figure) for cost in costs) for figure in ("wall", "cpu", "peak")))


@dataclass
class Claims:
    """What one script claims: figures with the bound that each must not pass."""

    size: str
    broken: list[str] = field(default_factory=list)

    @property
    def full(self) -> bool:
        return self.size == "full"

    def times(self, full: int) -> int:
        """How often each run is repeated."""
        return full if self.full else 2

    def at_most(self, what: str, figure: float, bound: float, unit: str = "times") -> None:
        holds = figure <= bound
        print(f"  {'ok    ' if holds else 'BROKEN'} {what}: {figure:.2f} {unit}, at most {bound:g}", flush=True)
        if not holds:
            self.broken.append(what)

    def megabytes(self, what: str, cost: Cost, bound: float) -> None:
        self.at_most(what, cost.peak, bound, "MB")

    def seen(self, what: str, figure: float) -> None:
        """A figure without a bound, to be read."""
        print(f"         {what}: {figure:.2f} times", flush=True)


def main(title: str, measure: Callable[[Claims, Path], None]) -> None:
    """Runs one script: `measure` gets its claims and an empty directory."""
    parser = argparse.ArgumentParser(description=title)
    parser.add_argument("--size", choices=["small", "full"], default="full")
    parser.add_argument("--check", action="store_true", help="fail when a claim is broken")
    given = parser.parse_args()
    claims = Claims(given.size)
    began = time.perf_counter()
    print(f"{title} ({given.size})", flush=True)
    # As pip leaves what it installs. An editable install is not compiled by pip, and Python may be told not to do so.
    compileall.compile_dir(ROOT / "declarative", quiet=1)
    with tempfile.TemporaryDirectory(prefix="dialctl-bench-") as directory:
        measure(claims, Path(directory))
    print(f"  {time.perf_counter() - began:.0f} s\n", flush=True)
    if given.check and claims.broken:
        raise SystemExit(f"broken: {'; '.join(claims.broken)}")


def python(code: str, *arguments: object) -> list[str]:
    """The command that runs this code in a fresh process."""
    return [sys.executable, "-c", code, *map(str, arguments)]
