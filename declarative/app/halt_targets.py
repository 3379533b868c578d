"""What a halt is about: the project's names, addresses and providers, from what can be read of manifests and lock."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches

from declarative.errors import UsageError
from declarative.model import mark
from declarative.model.halts import EVERYTHING
from declarative.model.mark import Mark
from declarative.model.outline import Outline
from declarative.model.selection import Selection, list_namesakes
from declarative.state.salvage import SalvagedLock

_ADDRESS = re.compile(r"(batch|call)/[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")


@dataclass(frozen=True, kw_only=True)
class HaltTargets:
    """What a halt is about."""

    projects: Sequence[str]
    """Names of the project: what bears a mark of one of them is cancelled. The first one is shown."""
    addresses: Sequence[str]
    """The addresses to halt; EVERYTHING alone for the whole project."""
    providers: Sequence[str]
    """Names of the providers that these addresses use; empty where nothing tells."""
    former: Collection[str] = ()
    """Earlier addresses of these resources: what was sent under them is cancelled too."""
    known: Collection[str] = ()
    """Every address of the project that is known."""
    warnings: Sequence[str] = field(default_factory=tuple)
    """What a person has to know of it."""

    def covers(self, address: str) -> bool:
        """Whether what the lock knows under an address is to be cancelled."""
        return EVERYTHING in self.addresses or address in {*self.addresses, *self.former}

    def find_address(self, remote_mark: Mark) -> str | None:
        """The address of a mark that is to be cancelled, empty where only the project is known; None for any other
        mark. Its lineage and its generation do not matter."""
        if remote_mark.project not in {mark.project_hash(name) for name in self.projects}:
            return None
        names = {mark.address_hash(name): name for name in {*self.addresses, *self.former, *self.known}}
        address = names.get(remote_mark.address, "")
        return address if self.covers(address) else None

    def count_single_calls(self, lock: SalvagedLock, takes_calls_back: Callable[[str], bool]) -> int:
        """How many calls were placed one by one at providers that do not take them back, and are not known to be
        over."""
        return sum(
            not remote.is_batch and self.covers(remote.address) and not takes_calls_back(remote.provider)
            for remote in lock.remotes
        )


def find_targets(
    outline: Outline, lock: SalvagedLock, targets: Sequence[str], *, everything: bool, project: str
) -> HaltTargets:
    """Find what is meant. Raises UsageError where the project has no name, or a word names no address."""
    known = dict.fromkeys([*outline.resources, *lock.addresses])
    is_readable = lock.is_whole and not outline.unreadable
    addresses = [EVERYTHING] if everything else _choose(targets, known, is_readable=is_readable)
    wanted = list(known) if everything else addresses
    return HaltTargets(
        projects=_find_names(outline, lock, project),
        addresses=addresses,
        providers=_find_providers(outline, lock, wanted),
        former=[name for address in wanted if (found := outline.resources.get(address)) for name in found.previously],
        known=known,
        warnings=[f"{name} could not be read in full" for name in outline.unreadable]
        + [f"nothing is known of {address}, as far as can be read" for address in wanted if address not in known],
    )


def _find_names(outline: Outline, lock: SalvagedLock, project: str) -> list[str]:
    nameless = "default" if not outline.unreadable else ""
    found = outline.project or lock.project or (nameless if not project else "")
    names = list(dict.fromkeys(name for name in (found, project) if name))
    if not names:
        raise UsageError(
            "the project's name is not known: neither its document nor the lock can be read",
            hint="name it: dialctl halt --all --project NAME",
        )
    return names


def _choose(targets: Sequence[str], known: Collection[str], *, is_readable: bool) -> list[str]:
    """The addresses that the words name. An address that nothing knows is taken as it is where not all can be read."""
    chosen = Selection(tuple(targets)).choose({address: {} for address in known})
    for target in Selection(tuple(targets)).find_unmatched(known):
        if is_readable or not _ADDRESS.fullmatch(target):
            raise UsageError(f'nothing is known of "{target}", so nothing was halted', hint=_hint(target, known))
        chosen.append(target)
    return chosen


def _hint(target: str, known: Collection[str]) -> str:
    namesakes = list_namesakes(target, known) or get_close_matches(target, known)
    if namesakes:
        return f"did you mean {' or '.join(namesakes)}? dialctl halt --all stops everything"
    return f"known: {', '.join(known) or 'none'}; dialctl halt --all stops everything"


def _find_providers(outline: Outline, lock: SalvagedLock, addresses: Iterable[str]) -> list[str]:
    wanted = {*addresses}
    named = [found.provider or outline.default_provider for name, found in outline.resources.items() if name in wanted]
    in_lock = [remote.provider for remote in lock.remotes if remote.address in wanted]
    known = list(dict.fromkeys(name for name in (*named, *in_lock) if name))
    return known or [name for name in dict.fromkeys([outline.default_provider, *outline.providers]) if name]
