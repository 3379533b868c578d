"""Answers that no provider should give: good ones with parts taken out or replaced by garbage."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import orjson
from hypothesis import strategies as st

LONG, DEEP, HUGE = "LONG", "DEEP", "HUGE"
"""What `encode` writes as 70,000 letters, 400 arrays in one another, and a number of 20 digits."""
GARBAGE: list[Any] = [
    None, True, -1, 2**63, -(2**63), 1e308, LONG, DEEP, HUGE, "", ".", "..", "../x", [], {}, [None],
    "\x1b]0;x\x07", "\u202eacb", "acb\u0000", "-9" * 20, "0001-01-01T00:00:00Z", "9999-12-31T23:59:59-14:00",
    f"~d1.aaaaa.bbbbbb.ccccccc.{'z' * 50}.1.1.ddddd",
]  # fmt: skip
"""Values that are true of nothing, wherever they stand."""


@st.composite
def mutated(draw: st.DrawFn, sample: Any, values: st.SearchStrategy[Any]) -> Any:
    """A good answer with one to three of its parts taken out, or replaced."""
    answer = copy.deepcopy(sample)
    for _ in range(draw(st.integers(1, 3))):
        places = list(_places(answer))
        if not places:
            return answer
        container, key = draw(st.sampled_from(places))
        if draw(st.booleans()) and isinstance(container, dict):
            del container[key]
        else:
            container[key] = copy.deepcopy(draw(values))
    return answer


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    keys = value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    for key in keys:
        yield value, key
        yield from _places(value[key])


def encode(answer: Any) -> bytes:
    content = orjson.dumps(answer).replace(b"LONG", b"a" * 70_000)
    return content.replace(b'"DEEP"', b"[" * 400 + b"]" * 400).replace(b'"HUGE"', b"9" * 20)
