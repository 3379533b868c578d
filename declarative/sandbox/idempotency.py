"""Answers kept by idempotency key, for as long as the provider promises. Knows no provider's words."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import orjson

from declarative.sandbox.request import ApiError, ApiResponse, RequestContext


@dataclass(frozen=True, slots=True)
class KeyRule:
    """How one route of one provider keeps answers."""

    life: float
    """Seconds from the first request in which its answer is remembered."""
    conflict: int
    """Status of the refusal of a known key with another body."""


def find_kept(context: RequestContext, scope: str, key: str, rule: KeyRule) -> Any:
    """Return the answer kept under a key; None without one. Raises ApiError for another body under a known key."""
    life = rule.life if context.knobs.key_life is None else context.knobs.key_life
    row = context.moment.db.execute(
        "SELECT digest, answer FROM kept WHERE org = ? AND scope = ? AND key = ? AND at > ?",
        (context.org.id, scope, key, context.now - life),
    ).fetchone()
    if row is None:
        return None
    if row["digest"] != _body_digest(context) and context.knobs.other_body == "refuse":
        raise ApiError(rule.conflict, "this idempotency key was used with another body", title="idempotency")
    return orjson.loads(row["answer"])


def keep_answer(context: RequestContext, scope: str, key: str, response: ApiResponse) -> None:
    """Keep the answer of a request that succeeded. A newer one replaces one whose time has passed."""
    context.moment.db.execute(
        "INSERT OR REPLACE INTO kept VALUES (?, ?, ?, ?, ?, ?)",
        (context.org.id, scope, key, _body_digest(context), context.now, orjson.dumps(response.body)),
    )


def _body_digest(context: RequestContext) -> str:
    """Two bodies are equal where their JSON is, whatever the order of fields."""
    return sha256(orjson.dumps(context.parse_body(), option=orjson.OPT_SORT_KEYS)).hexdigest()
