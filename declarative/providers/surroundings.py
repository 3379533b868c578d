"""What a connection needs besides the project's own words. Knows no provider; importing it imports nothing heavy."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import httpx


@dataclass(frozen=True, kw_only=True)
class ConnectOptions:
    """Keys and base URLs come from `environment` alone; requests go through `transport` where one is given; `sleep`
    waits between repeated reads, and `monotonic` (seconds) is the clock that moves while it does."""

    environment: Mapping[str, str]
    transport: httpx.BaseTransport | None = None
    sleep: Callable[[float], None] = time.sleep
    monotonic: Callable[[], float] = time.monotonic
