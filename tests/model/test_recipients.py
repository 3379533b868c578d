"""The people of a resource are made on first use, once."""

from __future__ import annotations

from collections.abc import Callable

import polars as pl
import pytest

from declarative.model.people import People
from declarative.model.recipients import Recipients

ADA = People.of(pl.DataFrame({"number": ["+14155550101"], "payload": ["{}"]}))


def test_nothing_is_made_before_it_is_used_and_nothing_twice() -> None:
    made: list[str] = []

    def digest(name: str) -> Callable[[], str]:
        return lambda: made.append(name) or name  # type: ignore[func-returns-value]

    recipients = Recipients(1, lambda: ADA, digest("numbers"), digest("payloads"))
    assert (recipients.count, made) == (1, [])
    assert (recipients.numbers, recipients.numbers, recipients.payloads) == ("numbers", "numbers", "payloads")
    assert made == ["numbers", "payloads"]
    assert recipients.frame is recipients.frame


def test_excluded_people_can_be_named_if_there_are_any() -> None:
    excluded = pl.DataFrame({"number": ["+14155550102"], "policy": ["other_country"]})
    recipients = Recipients(1, lambda: ADA, str, str, {"other_country": 1}, lambda: excluded)
    assert recipients.excluded.rows() == [("+14155550102", "other_country")]
    without = Recipients(1, lambda: ADA, str, str)
    assert without.excluded_counts == {}
    with pytest.raises(AssertionError):
        _ = without.excluded
