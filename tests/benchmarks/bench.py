"""Measures whole processes against each other and says which claims hold. It does not know what they do.

Machines differ and are shared, so no claim is a time: runs alternate (A B A B ...), and the medians of their CPU time
are compared. Wall time is shown too.
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
    """What a process took from start to end."""

    wall: float
    """Seconds by the clock."""
    cpu: float
    """Seconds of CPU, of all threads."""
    peak: float
    """Most memory held, in MB."""

    def __str__(self) -> str:
        return f"{self.cpu:7.2f} s CPU {self.wall:7.2f} s wall {self.peak:6.0f} MB"


def spend(command: Sequence[str], *, cwd: Path, env: Mapping[str, str], accepted: Sequence[int] = (0,)) -> Cost:
    """Run the command to its end. Raises SystemExit with its output if its exit code is not accepted.

    The peak counts from what this process holds when it forks, so this process stays small.
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


def run_in_turn(runs: Mapping[str, Callable[[], Cost]], times: int) -> dict[str, Cost]:
    """Repeat all runs in turn, `times` times. Returns and prints the median of each figure."""
    costs: dict[str, list[Cost]] = {name: [] for name in runs}
    for _ in range(times):
        for name, run in runs.items():
            costs[name].append(run())
    medians = {name: _median(run_costs) for name, run_costs in costs.items()}
    for name, cost in medians.items():
        print(f"  {name:<44} {cost}", flush=True)
    return medians


def _median(costs: Sequence[Cost]) -> Cost:
    return Cost(*(median(getattr(cost, figure) for cost in costs) for figure in ("wall", "cpu", "peak")))


@dataclass
class Claims:
    """What one script claims: figures, each with a bound."""

    size: str
    """`small` or `full`."""
    broken: set[str] = field(default_factory=set)
    """Claims that did not hold, in words."""

    @property
    def full(self) -> bool:
        return self.size == "full"

    def repeats(self, full: int) -> int:
        """Return how often each run is repeated."""
        return full if self.full else 2

    def check_at_most(self, what: str, figure: float, bound: float, unit: str = "times") -> None:
        holds = figure <= bound
        print(f"  {'ok    ' if holds else 'BROKEN'} {what}: {figure:.2f} {unit}, at most {bound:g}", flush=True)
        if not holds:
            self.broken.add(what)

    def check_megabytes(self, what: str, cost: Cost, bound: float) -> None:
        self.check_at_most(what, cost.peak, bound, "MB")

    def show(self, what: str, figure: float) -> None:
        """Print a figure without a bound."""
        print(f"         {what}: {figure:.2f} times", flush=True)


def main(title: str, measure: Callable[[Claims, Path], None]) -> None:
    """Run one script. `measure` gets its claims and an empty directory."""
    parser = argparse.ArgumentParser(description=title)
    parser.add_argument("--size", choices=["small", "full"], default="full")
    parser.add_argument("--check", action="store_true", help="fail when a claim is broken twice")
    given = parser.parse_args()
    # pip compiles what it installs, but not an editable install; and Python may be told not to compile.
    compileall.compile_dir(ROOT / "declarative", quiet=1)
    broken = _measure_once(title, given.size, measure)
    if given.check and broken:
        print("  once more, since another process may have disturbed the first time")
        broken &= _measure_once(title, given.size, measure)
    if given.check and broken:
        raise SystemExit(f"broken twice: {'; '.join(sorted(broken))}")


def _measure_once(title: str, size: str, measure: Callable[[Claims, Path], None]) -> set[str]:
    """Return the claims that are broken, in words."""
    claims = Claims(size)
    began = time.perf_counter()
    print(f"{title} ({size})", flush=True)
    with tempfile.TemporaryDirectory(prefix="dialctl-bench-") as directory:
        measure(claims, Path(directory))
    print(f"  {time.perf_counter() - began:.0f} s\n", flush=True)
    return claims.broken


def python(code: str, *arguments: object) -> list[str]:
    """Return the command that runs this code in a fresh process."""
    return [sys.executable, "-c", code, *map(str, arguments)]
