"""The people of a resource, made on first use: most runs decide without reading a row."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl


class Recipients:
    """The recipients of one resource after suppression, in manifest order.

    `count` of them; `numbers` is the digest of the set of numbers, `payloads` of numbers with their data.
    `frame` has two String columns: `number` (E.164) and `payload` (canonical JSON object of own fields, `{}` for none).
    All three are made on first use: an unchanged plan needs no table, and a first plan no digest.
    `held` counts those whom a policy keeps out, by the policy's name; `kept_out` is who they are (`number`, `policy`).
    """

    def __init__(
        self,
        count: int,
        frame: Callable[[], pl.DataFrame],
        numbers: Callable[[], str],
        payloads: Callable[[], str],
        excluded_counts: Mapping[str, int] | None = None,
        excluded: Callable[[], pl.DataFrame] | None = None,
    ) -> None:
        self.count = count
        self.excluded_counts = dict(excluded_counts or {})
        self._make_excluded = excluded
        self._make_frame = frame
        self._digest_numbers = numbers
        self._digest_payloads = payloads

    @cached_property
    def frame(self) -> pl.DataFrame:
        return self._make_frame()

    @property
    def excluded(self) -> pl.DataFrame:
        assert self._make_excluded is not None  # whoever counts them in `held` can name them
        return self._make_excluded()

    @cached_property
    def numbers(self) -> str:
        return self._digest_numbers()

    @cached_property
    def payloads(self) -> str:
        return self._digest_payloads()
