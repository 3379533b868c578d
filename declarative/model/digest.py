"""The digests by which two values count as equal. Knows no value of the project.

Digests of people are HMACs under `DIALCTL_PERSON_KEY` when it is set. Without it they are plain SHA-256. There are few
enough phone numbers to guess one from such a digest, and README says so.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Mapping
from typing import Self

import orjson

from declarative.errors import UsageError

_ERASED = "do-not-call"
"""Takes the place of a lineage in digests of erased people."""


class WrittenNumber(float):
    """A number whose text would be changed by reading it: 3.10. It counts as a number, and is encoded as its text."""

    text: str

    def __new__(cls, text: str) -> Self:
        number = super().__new__(cls, text)
        number.text = text
        return number


def encode_written(value: object) -> str:
    """What orjson calls for a value that it does not know. Raises TypeError for all but a WrittenNumber."""
    if isinstance(value, WrittenNumber):
        return value.text
    raise TypeError


def canonical_json(value: object) -> bytes:
    """The one JSON text of a value: UTF-8, keys sorted, no spaces. Equal values have equal texts."""
    return orjson.dumps(value, encode_written, orjson.OPT_SORT_KEYS)


def json_digest(value: object) -> str:
    """Hex SHA-256 of the canonical JSON text of a value."""
    return hashlib.sha256(canonical_json(value)).hexdigest()


def short_hash(text: str, length: int) -> str:
    """SHA-256 of a text as `length` letters and digits (at most 32), five bits each. Marks are made of these."""
    number = int.from_bytes(hashlib.sha256(text.encode()).digest()[:20], "big")
    alphabet = "0123456789abcdefghjkmnpqrstvwxyz"
    return "".join(alphabet[(number >> (5 * position)) & 31] for position in range(length))


class PersonKey:
    """The secret that people's digests are made with. None or an empty text: digests are plain SHA-256."""

    def __init__(self, secret: str | None, others: tuple[PersonKey, ...] = ()) -> None:
        self._secret = secret.encode() if secret else None
        self.others = others
        """Keys that are still set beside this one, while a team changes its key."""

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> PersonKey:
        """The first key in DIALCTL_PERSON_KEY, with the others that follow it after commas. Raises UsageError for one
        that another program would read in another way."""
        secret = environment.get("DIALCTL_PERSON_KEY", "")
        if secret != secret.strip() or not all(letter.isprintable() for letter in secret):
            raise UsageError(
                "DIALCTL_PERSON_KEY begins or ends with a space or line break, or holds a character that is not text",
                hint="set it to the key alone; a file that was read into it often ends with a line break",
            )
        first, *others = [part.strip() for part in secret.split(",")]
        if others and not all((first, *others)):
            raise UsageError("DIALCTL_PERSON_KEY holds a comma without a key on both sides", hint="NEW,OLD")
        return cls(first, tuple(map(cls, others)))

    @property
    def every(self) -> tuple[PersonKey, ...]:
        """All keys that are set, this one first."""
        return (self, *self.others)

    def preferring(self, fingerprint: str | None) -> PersonKey:
        """The key with this fingerprint, with all the others beside it; this one where none has it."""
        chosen = next((key for key in self.every if key.fingerprint == fingerprint), self)
        preferred = PersonKey(None, tuple(key for key in self.every if key is not chosen))
        preferred._secret = chosen._secret
        return preferred

    @property
    def fingerprint(self) -> str | None:
        """16 hex characters by which the lock recognises the key. None without a key."""
        return self._new_hash(b"dialctl person key").hexdigest()[:16] if self._secret else None

    def digest_lines(self, chunks: Iterable[str]) -> str:
        """Hex digest of a text that comes in chunks. Where it is cut makes no difference."""
        digest = self._new_hash(b"")
        for chunk in chunks:
            digest.update(chunk.encode())
        return digest.hexdigest()

    def digest_person(self, salt: str, number: str) -> str:
        """16 hex characters that stand for one number. `salt` is the lineage, so they differ from lock to lock."""
        return self._new_hash(f"{salt}\n{number}".encode()).hexdigest()[:16]

    def name_erased(self, number: str) -> str:
        """What stands for an erased person in the column `person` of a do-not-call file: the key's fingerprint and a
        digest, the same in every lock. Without a key it would be guessable: use the number itself then."""
        return f"{self.fingerprint}-{self.digest_person(_ERASED, number)}"

    def _new_hash(self, data: bytes) -> hmac.HMAC | hashlib._Hash:
        if self._secret is None:
            return hashlib.sha256(data)
        return hmac.new(self._secret, data, hashlib.sha256)
