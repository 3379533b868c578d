"""What calls have cost: by the number of calls, and by their length as far as it is known."""

from __future__ import annotations

from decimal import Decimal

import polars as pl

from declarative.app.costs import SpentCost, add_costs, measure_cost
from declarative.model.price import Money, Price

PRICE = Price("USD", per_minute=Decimal("0.14"), per_call=Decimal("0.01"))
_SCHEMA = {"attempts_at_most": pl.Int64, "reached": pl.Boolean, "duration_seconds": pl.Int64}


def measure(*rows: tuple[int | None, bool | None, int | None]) -> SpentCost:
    return measure_cost(pl.DataFrame(rows, schema=_SCHEMA, orient="row"), PRICE)


def usd(amount: str, untimed: int = 0) -> SpentCost:
    return SpentCost(Money(Decimal(amount), "USD"), untimed)


def test_a_call_costs_by_its_length() -> None:
    assert measure((1, True, 90)) == usd("0.22")


def test_calls_that_nobody_took_have_no_minutes() -> None:
    assert measure((1, True, 60), (3, False, None)) == usd("0.18")


def test_who_was_not_called_costs_nothing() -> None:
    assert measure((0, None, None), (None, None, None)) == usd("0")
    assert measure() == usd("0")


def test_a_call_of_unknown_length_is_counted_apart() -> None:
    assert measure((1, True, None), (2, True, 60), (1, None, None)) == usd("0.18", untimed=1)


def test_costs_of_one_currency_are_added() -> None:
    euro = SpentCost(Money(Decimal("0.30"), "EUR"))
    assert add_costs([usd("0.10", 1), euro, usd("0.25", 2)]) == [euro, usd("0.35", 3)]
    assert add_costs([]) == []
