"""Amounts of money are decimals: nothing is lost, and they are rounded where they are shown alone."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from declarative.model.price import Money, Price, add_money

AMOUNTS = st.decimals(0, 1_000, places=4)


def usd(amount: str) -> Money:
    return Money(Decimal(amount), "USD")


def test_calls_cost_by_their_number_and_length() -> None:
    price = Price("USD", per_minute=Decimal("0.07"), per_call=Decimal("0.01"))
    assert price.cost(39, 39 * timedelta(minutes=3)) == usd("8.58")
    assert price.cost(0, timedelta()).text == "0.00"
    assert Price("USD", per_minute=Decimal("0.10")).cost(1, timedelta(seconds=90)).amount == Decimal("0.15")


@pytest.mark.parametrize(
    ("amount", "roughly", "exact"),
    [
        ("8.19", "8 USD", "8.19 USD"),
        ("1208.505", "1,209 USD", "1,208.51 USD"),
        ("0.42", "0.42 USD", "0.42 USD"),
        ("1.5", "1.50 USD", "1.50 USD"),
        ("0.004", "less than 0.01 USD", "0.00 USD"),
        ("0", "0.00 USD", "0.00 USD"),
    ],
)
def test_amounts_in_words(amount: str, roughly: str, exact: str) -> None:
    assert (usd(amount).roughly, str(usd(amount))) == (roughly, exact)


@given(st.lists(st.tuples(AMOUNTS, st.sampled_from(["USD", "EUR"]))))
def test_amounts_of_one_currency_are_added_and_none_is_lost(amounts: list[tuple[Decimal, str]]) -> None:
    added = add_money(Money(amount, currency) for amount, currency in amounts)
    assert [money.currency for money in added] == sorted({currency for _, currency in amounts})
    for money in added:
        assert money.amount == sum(amount for amount, currency in amounts if currency == money.currency)
