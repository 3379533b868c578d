"""What calls have cost, by their number and length. Pure; nothing is said of a provider without a price."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

import polars as pl

from declarative.model.price import Money, Price, add_money


@dataclass(frozen=True)
class SpentCost:
    """What calls in one currency have cost."""

    money: Money
    """For each call, and for the minutes that are known."""
    untimed: int = 0
    """Calls that somebody took and whose length is not known: their minutes are missing."""


def measure_cost(rows: pl.DataFrame, price: Price) -> SpentCost:
    """Return what the calls of these people cost: columns `attempts_at_most`, `reached`, `duration_seconds` of results.
    The last call of a person is the only one that somebody took."""
    calls, seconds, untimed = rows.select(
        pl.col("attempts_at_most").sum(),
        pl.col("duration_seconds").sum(),
        (pl.col("reached").fill_null(False) & pl.col("duration_seconds").is_null()).sum(),
    ).row(0)
    return SpentCost(price.cost(calls, timedelta(seconds=seconds)), untimed)


def add_costs(costs: Iterable[SpentCost]) -> list[SpentCost]:
    """Add up costs, one for each currency."""
    all_costs = list(costs)
    return [
        SpentCost(money, sum(cost.untimed for cost in all_costs if cost.money.currency == money.currency))
        for money in add_money(cost.money for cost in all_costs)
    ]
