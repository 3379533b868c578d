"""The people of a resource, made on first use: most runs decide without reading a row."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl


class Recipients:
    """The recipients of one resource, in manifest order, without those that a policy excludes.

    `count` says how many they are, and `excluded_counts` how many people each policy excludes, by the policy's name.
    The frames and the digests are made on first use: an unchanged plan needs no frame, and a first plan no digest.
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
        """String columns: `number` (E.164) and `payload` (canonical JSON object of their own fields, `{}` for none)."""
        return self._make_frame()

    @property
    def excluded(self) -> pl.DataFrame:
        """The people in `excluded_counts`: String columns `number` and `policy`. May only be read if there are any."""
        assert self._make_excluded is not None
        return self._make_excluded()

    @cached_property
    def numbers(self) -> str:
        """Digest of the set of numbers."""
        return self._digest_numbers()

    @cached_property
    def payloads(self) -> str:
        """Digest of the numbers with their data."""
        return self._digest_payloads()
