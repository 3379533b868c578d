"""Ids as the providers write them, and what an id means in the sandbox. A call of a batch is found by its id alone."""

from __future__ import annotations

import secrets
from functools import lru_cache
from hashlib import blake2b
from typing import NamedTuple

_ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_KEY, _TAIL = 17, 5


class BatchId(NamedTuple):
    """Id of a new batch."""

    id: str
    """A prefix such as `acb_`, and 22 characters."""
    key: str
    """The first 17 of them."""


def _random_id(length: int) -> str:
    return "".join(secrets.choice(_ALPHABET) for _ in range(length))


def new_batch_id(prefix: str = "acb") -> BatchId:
    """Make a random id. The ids of its calls and recipients begin with its key."""
    letters = _random_id(_KEY + _TAIL)
    return BatchId(f"{prefix}_{letters}", letters[:_KEY])


def new_call_id() -> str:
    return f"ac_{_random_id(_KEY + _TAIL)}"


def format_member_id(prefix: str, key: str, ordinal: int) -> str:
    """Return the id of the `ordinal`-th call (`ac`) or recipient (`abcr`) of a batch."""
    return f"{prefix}_{key}{_encode_ordinal(ordinal)}"


@lru_cache(maxsize=16_384)
def _encode_ordinal(ordinal: int) -> str:
    letters = ""
    for _ in range(_TAIL):
        ordinal, digit = divmod(ordinal, len(_ALPHABET))
        letters = _ALPHABET[digit] + letters
    return letters


def parse_batch_call_id(call: str) -> tuple[str, int] | None:
    """Return the key of the batch and the ordinal, or None if this is no id of a batch's call."""
    letters = call.removeprefix("ac_")
    if len(letters) != _KEY + _TAIL or not set(letters) <= set(_ALPHABET):
        return None
    ordinal = 0
    for letter in letters[_KEY:]:
        ordinal = ordinal * len(_ALPHABET) + _ALPHABET.index(letter)
    return letters[:_KEY], ordinal


def is_existing_id(identifier: str) -> bool:
    """Whether an agent or a number exists: every well-formed id does, except those that contain `missing`."""
    plain = identifier.replace("_", "").replace("-", "")
    return plain.isascii() and plain.isalnum() and len(identifier) <= 128 and "missing" not in identifier


def number_type(number_id: str) -> str:
    """Return `cartesia`, `twilio` or `sip_trunk`, by what the id contains."""
    if "sip" in number_id:
        return "sip_trunk"
    return "twilio" if "twilio" in number_id else "cartesia"


def derive_e164(number_id: str) -> str:
    """Return the number behind a number id: always the same, always fictional (555-01xx)."""
    pick = int.from_bytes(blake2b(number_id.encode(), digest_size=2).digest(), "big")
    return f"+1202555{100 + pick % 100:04d}"
