"""Measures how the time of a piece of work grows with its size, within one run: a slow machine passes too."""

from __future__ import annotations

import time
from collections.abc import Callable

FEW, MANY = 500, 5000
LINEAR = 40.0
"""Ten times the people may take so many times as long on a busy machine; what is quadratic takes a hundred."""


def growth(work: Callable[[int], object]) -> float:
    """How many times as long `work` takes for MANY as for FEW: the quickest of three each."""
    return _quickest(work, MANY) / _quickest(work, FEW)


def _quickest(work: Callable[[int], object], size: int) -> float:
    took = []
    for _ in range(3):
        began = time.perf_counter()
        work(size)
        took.append(time.perf_counter() - began)
    return min(took)


def numbers(count: int) -> list[str]:
    """So many fictional phone numbers."""
    return [f"+1{200 + place // 100}55501{place % 100:02}" for place in range(count)]
