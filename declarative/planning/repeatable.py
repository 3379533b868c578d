"""Whether a request whose answer was lost may be sent again, as far as its idempotency key decides it. Pure.

Either answer then names the one thing that was created.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from declarative.model.capabilities import Capabilities
from declarative.model.lock import Intent, RequestKind

LAST_REPEAT = timedelta(seconds=30)
"""How long before the start of a batch its request is sent again, at the latest."""
SAFE_PART = 5 / 6
"""The part of a key's life in which a request is sent again. The rest is for the clocks, and for the way there."""
_TAKEN = re.compile(r"answered 2\d\d\b")


def may_repeat(intent: Intent, capabilities: Capabilities, provider_time: datetime) -> bool:
    """Whether the same bytes may be sent again now, as far as the key decides it."""
    life = capabilities.idempotent_for
    if life is None or intent.request is not RequestKind.SUBMIT or not intent.body:
        return False
    # Protocol 5: after an answer that is no success the key may be free, though the request took effect. Then a look at
    # the list is all that there is.
    if intent.answer.startswith("answered") and not _TAKEN.match(intent.answer):
        return False
    if provider_time > intent.sent_at + life * SAFE_PART:
        return False
    if intent.scheduled_at is None:
        return True
    # Protocol 5: the first delivery may still be on its way. What lands before the start must meet the key alive, or it
    # would make a second batch. So the start lies within the life of the key, counted from the first send.
    covers_start = intent.scheduled_at <= intent.sent_at + life * SAFE_PART
    return covers_start and provider_time + LAST_REPEAT <= intent.scheduled_at
