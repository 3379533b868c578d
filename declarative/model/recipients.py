"""The people of a resource, made on first use: most runs decide without reading a row."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl

    from declarative.model.people import People

HELD_BACK = {
    "suppressed": "on a do-not-call list",
    "other_country": "in a country that is not allowed",
    "invalid_number": "no number that can be called",
    "duplicate": "the same number again",
    "not_selected": "not selected by where",
}
"""Why people of a manifest are held back: the keys of a plan's `held`, in words."""


class Recipients:
    """The recipients of one resource, in manifest order, without those that a policy excludes.

    `count` says how many they are, and `excluded_counts` how many people are held back, by the keys of HELD_BACK.
    `warnings` are texts for people.
    People and digests are made on first use: an unchanged plan needs nobody, and a first plan no digest.
    """

    def __init__(
        self,
        count: int,
        people: Callable[[], People],
        numbers: Callable[[], str],
        payloads: Callable[[], str],
        excluded_counts: Mapping[str, int] | None = None,
        excluded: Callable[[], pl.DataFrame] | None = None,
        warnings: Sequence[str] = (),
        before_policy: Callable[[], str] | None = None,
    ) -> None:
        self.count = count
        self.excluded_counts = dict(excluded_counts or {})
        self.warnings = tuple(warnings)
        self._make_excluded = excluded
        self._make_people = people
        self._digest_numbers = numbers
        self._digest_payloads = payloads
        self._digest_before_policy = before_policy or payloads

    @cached_property
    def people(self) -> People:
        """Who they are, with their data."""
        return self._make_people()

    @property
    def rows(self) -> pl.DataFrame:
        """Columns `number` (E.164) and `data_row`, as People.rows."""
        return self.people.rows

    @property
    def frame(self) -> pl.DataFrame:
        """String columns: `number` (E.164) and `payload` (canonical JSON object of their own fields, `{}` for none).
        Where the data decide nothing, `rows` take a fraction of the memory."""
        return self.people.frame

    @property
    def excluded(self) -> pl.DataFrame:
        """The people in `excluded_counts` whom a policy holds back: String columns `number` and `policy` (suppressed or
        other_country). May only be read if somebody is held back."""
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

    @cached_property
    def before_policy(self) -> str:
        """Digest of the numbers with their data as the manifest names them, before a policy excludes anybody."""
        return self._digest_before_policy()
