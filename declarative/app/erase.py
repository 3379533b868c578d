"""`dialctl erase`: takes people out of all that dialctl keeps here, and says where else they stand."""

from __future__ import annotations

import gzip
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import polars as pl

from declarative.app.cache_life import purge_caches
from declarative.app.session import Session
from declarative.engine.observe import observe
from declarative.planning.facts import Observation

_SEPARATORS = r"[\s().\-/ ]*"
"""What may stand between the digits of a number."""
_KEPT_DIGITS = 9
"""By so many last digits a number is searched for: it may stand without its country, or with a zero before it."""
_SKIPPED = (".git", ".dialctl", "node_modules")
_MOST_BYTES = 200_000_000
"""A larger file is not searched, and said."""
_COLUMNS = (".parquet", ".xlsx")
"""Endings of files that are no text."""


@dataclass(frozen=True, kw_only=True)
class Erasure:
    """What was deleted, and where the people still stand."""

    cache_files: int
    """Files of caches that were deleted: all that there were."""
    has_sandbox: bool
    """Whether the sandbox of this directory is to be deleted, too."""
    places: Sequence[str]
    """`file:line` in the checkout where one of the numbers stands; for a file without lines its row."""
    unsearched: Sequence[str]
    """Files that could not be searched, each with the reason."""
    at_providers: Sequence[tuple[str, str, str]]
    """Provider, address, and the id of a batch or call there that holds one of the people."""
    unread: Sequence[tuple[str, str]]
    """Addresses whose provider could not be read, each with the reason."""
    has_key: bool
    """Whether digests of people are made with a key."""
    rows: Sequence[tuple[str, str]]
    """Column and cell of a do-not-call file, one for each person."""


def erase_people(session: Session, numbers: Sequence[str]) -> Erasure:
    """Delete the caches of the project, and find where these numbers (in normal form) still stand. Raises what keeps
    the project from being read; then nothing was deleted."""
    observations = _observe(session)
    places, unsearched = [], []
    for file in _list_files(session.project_directory):
        name = file.relative_to(session.project_directory).as_posix()
        try:
            places += [f"{name}:{line}" for line in _find_lines(file, numbers)]
        except (OSError, ValueError, pl.exceptions.PolarsError) as error:
            unsearched.append(f"{name}: {error}")
    return Erasure(
        # After the providers were read: what was read is not kept again.
        cache_files=purge_caches(session.data_directory / "cache"),
        has_sandbox=(session.data_directory / "sandbox").is_dir(),
        places=places,
        unsearched=unsearched,
        at_providers=[entry for observation in observations for entry in _find_remotes(observation, numbers)],
        unread=[
            (observation.facts.address, observation.block.detail)
            for observation in observations
            if observation.block is not None
        ],
        has_key=session.key.fingerprint is not None,
        rows=[_make_row(session, number) for number in numbers],
    )


def _observe(session: Session) -> list[Observation]:
    """Every address with the people of all of its batches and calls, from the providers alone."""
    scope = session.scope(session.lock(), everything=True)
    return observe(replace(scope, caches={}, include_removed=True))


def _find_remotes(observation: Observation, numbers: Sequence[str]) -> Iterator[tuple[str, str, str]]:
    for remote in observation.facts.remotes.values():
        if remote.members is not None and remote.members.get_column("number").is_in(list(numbers)).any():
            yield observation.provider, observation.facts.address, remote.id


def _make_row(session: Session, number: str) -> tuple[str, str]:
    """Without a key the digest of a number could be guessed as fast as the number be read."""
    return ("person", session.key.name_erased(number)) if session.key.fingerprint else ("to_number", number)


def _list_files(directory: Path) -> Iterator[Path]:
    for path in sorted(directory.rglob("*")):
        parts = path.relative_to(directory).parts
        if not any(part in _SKIPPED for part in parts) and path.is_file() and not path.is_symlink():
            yield path


def _find_lines(file: Path, numbers: Sequence[str]) -> Iterator[int]:
    """The lines of a file that hold one of the numbers in any way of writing it. Raises OSError and ValueError."""
    if file.stat().st_size > _MOST_BYTES:
        raise ValueError("it is too large to be searched")
    pattern = re.compile("|".join(_SEPARATORS.join(number.lstrip("+")[-_KEPT_DIGITS:]) for number in numbers))
    if (ending := file.suffix.lower()) in _COLUMNS:
        content = io.BytesIO(file.read_bytes())
        frame = pl.read_parquet(content) if ending == ".parquet" else pl.read_excel(content)
        texts, first = ["\t".join(map(str, row)) for row in frame.iter_rows()], 2 if ending == ".xlsx" else 1
    else:
        data = gzip.decompress(file.read_bytes()) if ending == ".gz" else file.read_bytes()
        encoding = "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8"
        texts, first = data.decode(encoding, errors="replace").split("\n"), 1
    yield from (line for line, text in enumerate(texts, start=first) if pattern.search(text))
