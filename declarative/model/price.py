"""What calls cost: amounts of money as decimals, never as floats."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from decimal import ROUND_HALF_UP, Decimal

_CENT = Decimal("0.01")
_ROUGHLY_FROM = Decimal(2)
"""From this amount on a rough one is said in whole units."""


@dataclass(frozen=True)
class Money:
    """An amount of money."""

    amount: Decimal
    """Exact, as it was computed."""
    currency: str
    """ISO 4217 code, such as USD."""

    @property
    def text(self) -> str:
        """The amount in hundredths: `8.19`."""
        return str(self.amount.quantize(_CENT, ROUND_HALF_UP))

    def __str__(self) -> str:
        """The amount in hundredths, for people: `1,208.19 USD`."""
        return f"{self.amount.quantize(_CENT, ROUND_HALF_UP):,} {self.currency}"

    @property
    def roughly(self) -> str:
        """A forecast for people: `8 USD`, and `0.42 USD` for a small one."""
        if 0 < self.amount < _CENT:
            return f"less than {_CENT} {self.currency}"
        unit = Decimal(1) if self.amount >= _ROUGHLY_FROM else _CENT
        return f"{self.amount.quantize(unit, ROUND_HALF_UP):,} {self.currency}"


@dataclass(frozen=True)
class Price:
    """What a provider takes for calls, as the project says."""

    currency: str
    """ISO 4217 code, such as USD."""
    per_minute: Decimal = Decimal(0)
    """For a minute of a call that somebody took."""
    per_call: Decimal = Decimal(0)
    """For each call, taken or not."""

    def cost(self, calls: int, length: timedelta) -> Money:
        """Return what so many calls cost that last so long together."""
        minutes = Decimal(length // timedelta(milliseconds=1)) / 60_000
        return Money(self.per_call * calls + self.per_minute * minutes, self.currency)


def add_money(amounts: Iterable[Money]) -> list[Money]:
    """Add up amounts, one for each currency, in the order of their codes."""
    sums: dict[str, Decimal] = {}
    for money in amounts:
        sums[money.currency] = sums.get(money.currency, Decimal(0)) + money.amount
    return [Money(sums[currency], currency) for currency in sorted(sums)]
