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
from datetime import datetime

from declarative.model import digest

MAX_LENGTH = 44
"""Characters of a mark."""
MAX_NAME_LENGTH = 100
"""Characters of a whole batch name. The provider states no limit, so we keep a modest one of our own."""
MAX_GENERATION = 36**5 - 1
"""Sixty million waves of requests at one address: more than a second each for a year."""
MAX_PROBE_TIME = 2**33
"""Seconds since 1970, in the year 2242: the generation of a list probe is its time."""
BEGINNING = "~d1."
"""How the text of every mark begins."""
METADATA_KEY = "dialctl"
"""The metadata key of a call that holds the mark."""

PROBE_ADDRESS = "0000000"
"""The address part of a list probe's mark. No address has this hash."""

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
    short_hash = digest.short_hash(f"address {address}", 7)
    return short_hash if short_hash != PROBE_ADDRESS else PROBE_ADDRESS.replace("0", "1")


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

    @property
    def is_probe(self) -> bool:
        """Whether it marks a list probe: a batch of our own number that belongs to no address."""
        return self.address == PROBE_ADDRESS

    def __str__(self) -> str:
        numbers = ".".join(_base36(part) for part in (self.generation, self.shard, self.attempt))
        return f"~d1.{self.project}.{self.lineage}.{self.address}.{numbers}.{self.settings}"


def probe_mark(project: str, lineage: str, moment: datetime) -> Mark:
    """The mark of a list probe that is sent at this moment. Another second gives another mark."""
    return Mark(project_hash(project), lineage, PROBE_ADDRESS, int(moment.timestamp()), 1, 1, settings_hash("probe"))


def parse(text: str | None) -> Mark | None:
    """The mark at the end of a batch name or of a metadata value. None where there is no mark."""
    match = _PATTERN.search((text or "")[-MAX_LENGTH:])
    if not match:
        return None
    project, lineage, address, generation, shard, attempt, settings = match.groups()
    mark = Mark(project, lineage, address, int(generation, 36), int(shard, 36), int(attempt, 36), settings)
    # Protocol 4: what we would not have written is not ours. A huge generation would make every lock look old.
    most = MAX_PROBE_TIME if mark.is_probe else MAX_GENERATION
    return mark if str(mark) == match.group() and mark.generation <= most else None


def batch_name(label: str, mark: Mark) -> str:
    """The batch name: the label, cut so that the whole has at most MAX_NAME_LENGTH characters, then the mark."""
    # Protocol 4: the label is cut and never the mark, which must be found again.
    text = str(mark)
    return f"{label[: MAX_NAME_LENGTH - len(text) - 1].rstrip()} {text}"


def spell(mark: Mark, separators: str = "~.") -> str:
    """The text of a mark with other characters for `~` and `.`: an API may take fewer in an idempotency key."""
    return str(mark).translate(str.maketrans("~.", separators))


def _base36(number: int) -> str:
    digits = ""
    while number:
        number, remainder = divmod(number, 36)
        digits = _DIGITS[remainder] + digits
    return digits or "0"
