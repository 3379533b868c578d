"""The digests by which two values are called the same; knows no other module of the house.

Digests that cover people are HMACs under `DIALCTL_PERSON_KEY` when it is set. Without it they are plain SHA-256:
phone numbers are few enough to be guessed from such a digest, which README says.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable

import orjson


def canonical_json(value: object) -> bytes:
    """The one JSON text of a value: UTF-8, keys sorted, no spaces."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def json_digest(value: object) -> str:
    """Hex SHA-256 of a JSON value's canonical text."""
    return hashlib.sha256(canonical_json(value)).hexdigest()


def short_hash(text: str, length: int) -> str:
    """The first `length` characters (of 32 letters and digits) of the text's SHA-256, for marks."""
    number = int.from_bytes(hashlib.sha256(text.encode()).digest()[:20], "big")
    alphabet = "0123456789abcdefghjkmnpqrstvwxyz"
    return "".join(alphabet[(number >> (5 * position)) & 31] for position in range(length))


class PersonKey:
    """The secret under which people are digested; `None` digests plainly."""

    def __init__(self, secret: str | None) -> None:
        self._secret = secret.encode() if secret else None

    @property
    def fingerprint(self) -> str | None:
        """What the lock keeps to recognise the key: 16 hex characters, or None without a key."""
        return self._new_hash(b"dialctl person key").hexdigest()[:16] if self._secret else None

    def digest_lines(self, chunks: Iterable[str]) -> str:
        """Hex digest of a text given in chunks."""
        digest = self._new_hash(b"")
        for chunk in chunks:
            digest.update(chunk.encode())
        return digest.hexdigest()

    def digest_person(self, salt: str, number: str) -> str:
        """16 hex characters that stand for one number within one lineage (the salt)."""
        return self._new_hash(f"{salt}\n{number}".encode()).hexdigest()[:16]

    def _new_hash(self, data: bytes) -> hmac.HMAC | hashlib._Hash:
        if self._secret is None:
            return hashlib.sha256(data)
        return hmac.new(self._secret, data, hashlib.sha256)
