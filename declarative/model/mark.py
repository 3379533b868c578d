"""The mark: our signature on what we create at a provider.

A mark has at most 44 characters of `[a-z0-9.~]` and holds no personal data. It ends the `name` of a batch, and it is
the metadata value `dialctl` of a call:

    ~d1.<project 5>.<lineage 6>.<address 7>.<generation>.<shard>.<attempt>.<settings 5>

Generation, shard and attempt are numbers in base 36. Project, address and settings are short hashes. The lineage is the
one that the lock holds, in clear, so that a lost lock can be rebuilt from marks alone.
"""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass

from declarative.model import digest

MAX_LENGTH = 44
"""Characters of a mark."""
MAX_NAME_LENGTH = 100
"""Characters of a whole batch name. The provider states no limit, so we keep a modest one of our own."""
METADATA_KEY = "dialctl"
"""The metadata key of a call that holds the mark."""

_PATTERN = re.compile(
    r"~d1\.([0-9a-z]{5})\.([0-9a-z]{6})\.([0-9a-z]{7})\.([0-9a-z]+)\.([0-9a-z]+)\.([0-9a-z]+)\.([0-9a-z]{5})$"
)
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


def project_hash(project: str) -> str:
    """The project part of a mark, from `metadata.name` of the Project."""
    return digest.short_hash(f"project {project}", 5)


def new_lineage() -> str:
    """A name for a new lineage of locks: 6 random letters and digits."""
    return digest.short_hash(secrets.token_hex(16), 6)


def address_hash(address: str) -> str:
    """The address part of a mark, from an address such as `batch/march`."""
    return digest.short_hash(f"address {address}", 7)


def settings_hash(settings_digest: str) -> str:
    """The settings part of a mark, from the hex digest of the settings."""
    return digest.short_hash(f"settings {settings_digest}", 5)


@dataclass(frozen=True, order=True)
class Mark:
    """A mark, split into its parts."""

    project: str
    """5 characters, see project_hash."""
    lineage: str
    """6 characters: the lineage of the lock that the request was written under."""
    address: str
    """7 characters, see address_hash."""
    generation: int
    """The wave of requests of the address, from 1."""
    shard: int
    """The request within the wave, from 1."""
    attempt: int
    """1 for a first call, one more for each retry by a new batch."""
    settings: str
    """5 characters, see settings_hash."""

    def __str__(self) -> str:
        numbers = ".".join(_base36(part) for part in (self.generation, self.shard, self.attempt))
        return f"~d1.{self.project}.{self.lineage}.{self.address}.{numbers}.{self.settings}"


def parse(text: str | None) -> Mark | None:
    """The mark at the end of a batch name or of a metadata value. None where there is no mark."""
    match = _PATTERN.search(text or "")
    if not match:
        return None
    project, lineage, address, generation, shard, attempt, settings = match.groups()
    return Mark(project, lineage, address, int(generation, 36), int(shard, 36), int(attempt, 36), settings)


def batch_name(label: str, mark: Mark) -> str:
    """The batch name: the label, cut so that the whole has at most MAX_NAME_LENGTH characters, then the mark."""
    # Protocol 4: the label is cut and never the mark, which must be found again.
    text = str(mark)
    return f"{label[: MAX_NAME_LENGTH - len(text) - 1].rstrip()} {text}"


def _base36(number: int) -> str:
    digits = ""
    while number:
        number, remainder = divmod(number, 36)
        digits = _DIGITS[remainder] + digits
    return digits or "0"
