"""The mark: our signature on what we create at a provider; knows no other module of the house.

At most 44 characters of `[a-z0-9.~]`, no personal data. It ends the `name` of a batch and is the metadata value
`dialctl` of a call:

    ~d1.<project 5>.<lineage 6>.<address 7>.<generation>.<shard>.<attempt>.<settings 5>

Generation, shard and attempt are numbers in base 36. Project, address and settings are short hashes; the lineage is
the lock's own, so that a lost lock can be rebuilt from marks alone.
"""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass

from declarative.model import digest

MAX_LENGTH = 44
MAX_NAME_LENGTH = 100  # of the whole batch name; the provider states no limit, so we keep a modest one of our own
METADATA_KEY = "dialctl"

_PATTERN = re.compile(
    r"~d1\.([0-9a-z]{5})\.([0-9a-z]{6})\.([0-9a-z]{7})\.([0-9a-z]+)\.([0-9a-z]+)\.([0-9a-z]+)\.([0-9a-z]{5})$"
)
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


def project_hash(project: str) -> str:
    return digest.short_hash(f"project {project}", 5)


def new_lineage() -> str:
    """A name for a new line of locks: 6 random letters and digits."""
    return digest.short_hash(secrets.token_hex(16), 6)


def address_hash(address: str) -> str:
    return digest.short_hash(f"address {address}", 7)


def settings_hash(settings_digest: str) -> str:
    return digest.short_hash(f"settings {settings_digest}", 5)


@dataclass(frozen=True, order=True)
class Mark:
    """A mark taken apart. `generation` counts the waves of requests of an address, `shard` the requests of a
    wave, both from 1; `attempt` is 1 for a first call and counts up with each retry by a new batch."""

    project: str
    lineage: str
    address: str
    generation: int
    shard: int
    attempt: int
    settings: str

    def __str__(self) -> str:
        numbers = ".".join(_base36(part) for part in (self.generation, self.shard, self.attempt))
        return f"~d1.{self.project}.{self.lineage}.{self.address}.{numbers}.{self.settings}"


def parse(text: str | None) -> Mark | None:
    """The mark at the end of a batch name or in a metadata value; None where there is none."""
    match = _PATTERN.search(text or "")
    if not match:
        return None
    project, lineage, address, generation, shard, attempt, settings = match.groups()
    return Mark(project, lineage, address, int(generation, 36), int(shard, 36), int(attempt, 36), settings)


def batch_name(label: str, mark: Mark) -> str:
    """The batch name: the label, cut so that the whole keeps to 100 characters, and the mark at its end."""
    text = str(mark)
    return f"{label[: MAX_NAME_LENGTH - len(text) - 1].rstrip()} {text}"


def _base36(number: int) -> str:
    digits = ""
    while number:
        number, remainder = divmod(number, 36)
        digits = _DIGITS[remainder] + digits
    return digits or "0"
