"""An opt-out is never undone in silence: a do-not-call list that could not be read, that holds fewer numbers than at
the last apply, or that is no longer named, blocks whatever it guards. Pure."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from declarative import humanize
from declarative.model.lock import Lock, ResourceRecord
from declarative.model.policy import DoNotCallList
from declarative.model.resource import Desired, Resource
from declarative.planning.decide import Reason
from declarative.planning.facts import Block, Observation
from declarative.planning.plan import Notice

Sizes = Mapping[str, int]
"""How many numbers each do-not-call list holds, by name."""


@dataclass(frozen=True)
class ListMemory:
    """How many numbers each do-not-call list holds, as the lock keeps it."""

    project: Sizes
    """The lists of the project."""
    by_address: Mapping[str, tuple[str, Sizes]]
    """By address, its provider and the lists that it has beside those of the project."""


def find_released(before: Sizes, now: Sizes, allowed: Collection[str]) -> dict[str, tuple[int, int]]:
    """Return what each list held and holds that holds fewer numbers now, and may not. One that is not named holds
    none."""
    return {
        name: (size, now.get(name, 0))
        for name, size in before.items()
        if now.get(name, 0) < size and name not in allowed
    }


def remember(before: Sizes, now: Sizes, allowed: Collection[str]) -> dict[str, int]:
    """Return what the lock keeps after an apply: sizes of now, or of before where a list may not hold fewer."""
    kept = {name: size for name, (size, _) in find_released(before, now, allowed).items()}
    return {name: size for name, size in {**now, **kept}.items() if size}


class ListCheck:
    """The do-not-call lists of a run, held against what the lock remembers of them. `allow_release` names those that
    may hold fewer numbers, beside those that the project allows."""

    def __init__(self, desired: Desired, lock: Lock | None, allow_release: Collection[str] = ()) -> None:
        self._desired = desired
        self._records: Mapping[str, ResourceRecord] = lock.resources if lock else {}
        self._project_before: Sizes = lock.lists if lock else {}
        self._before_anywhere = _largest(record.lists for record in self._records.values())
        self._allowed = {*allow_release, *desired.project.policy.allow_release}

    def block_released(self, observations: Iterable[Observation]) -> list[Observation]:
        """Block each wanted address that a list guards, or guarded, which holds fewer numbers than at the last
        apply."""
        return [_block(observation, self.find_block) for observation in observations]

    def block_unread(self, observations: Iterable[Observation]) -> list[Observation]:
        """Block each wanted address that a list guards which could not be read, or which is empty now under a URL that
        nobody reviews."""
        return [_block(observation, self._find_unread_block) for observation in observations]

    def find_block(self, resource: Resource, record: ResourceRecord) -> Block | None:
        """Return why a resource is blocked by a list that holds fewer numbers; None where none does."""
        if resource.paused:
            return None
        now = count_numbers(resource.policy.suppress_from)
        before = self._find_before(resource, record)
        released = find_released(before, now, {*self._allowed, *_find_unknown([resource])})
        if not released:
            return None
        details = [_describe(name, size, now.get(name)) for name, (size, _) in released.items()]
        flags = " ".join(f"--allow-release {shlex.quote(name)}" for name in released)
        ways = f"dialctl apply {flags}, or allow_release: [{', '.join(released)}] in the Project's policy"
        return Block(Reason.RELEASED, "; ".join(details), f"bring the list back; or, if that is meant: {ways}")

    def _find_unread_block(self, resource: Resource, record: ResourceRecord) -> Block | None:
        """Return why nobody new may be called while a list is not known; None where all of them are."""
        before = self._find_before(resource, record)
        for do_not_call in resource.policy.suppress_from:
            name, hint = do_not_call.name, "run again once the list is there; taking off goes on"
            if do_not_call.failure:
                return Block(Reason.NOT_READ, _describe_failure(do_not_call), hint)
            is_empty = do_not_call.is_live and do_not_call.is_known and not do_not_call.size
            if is_empty and name in before and name not in self._allowed:
                detail = f"the do-not-call list {name} is empty; it held {before[name]:,} when it was last applied"
                way_out = f"if it is meant to be empty: --allow-release {shlex.quote(name)}"
                return Block(Reason.NOT_READ, detail, f"{hint}; {way_out}")
        return None

    def list_warnings(self) -> Iterator[Notice]:
        """Yield a warning for each list that is allowed to hold fewer numbers. One that does not is named as well: the
        next release would pass unseen."""
        met: dict[str, str] = {}
        for resource in self._desired.resources.values() if self._allowed else ():
            now = count_numbers(resource.policy.suppress_from)
            before = self._find_before(resource, self._records.get(resource.address) or ResourceRecord())
            released = find_released(before, now, _find_unknown([resource]))
            met |= {name: _describe(name, size, now.get(name)) for name, (size, _) in released.items()}
        for name in sorted(self._allowed):
            idle = f"allow_release names {name}, which holds no fewer numbers than at the last apply: take it out again"
            release = f"{met[name]}; this release is allowed" if name in met else idle
            yield Notice(self._desired.project.name, release)

    def make_memory(self) -> ListMemory:
        """Return what the lock keeps once this apply was approved. Of a list that was not read it keeps what it
        held."""
        resources = self._desired.resources
        allowed = self._allowed - _find_unknown(resources.values())
        project_sizes = remember(
            self._project_before, count_numbers(self._desired.project.policy.suppress_from), allowed
        )
        now_anywhere = _largest(count_numbers(resource.policy.suppress_from) for resource in resources.values())
        by_address = {}
        for address in dict.fromkeys([*resources, *self._records]):
            resource, record = resources.get(address), self._records.get(address) or ResourceRecord()
            if resource is not None:
                sizes = remember(record.lists, count_numbers(resource.policy.suppress_from), allowed)
                sizes = {name: size for name, size in sizes.items() if size > project_sizes.get(name, 0)}
            else:  # what it remembers counts for whoever names the list now
                released = {name: min(size, now_anywhere.get(name, 0)) for name, size in record.lists.items()}
                sizes = {name: released[name] if name in allowed else size for name, size in record.lists.items()}
                sizes = {name: size for name, size in sizes.items() if size}
            if sizes != record.lists:
                by_address[address] = (resource.provider if resource else record.provider, sizes)
        return ListMemory(project_sizes, by_address)

    def _find_before(self, resource: Resource, record: ResourceRecord) -> dict[str, int]:
        """How many numbers the lists held that guard a resource, or guarded it. A list that it names now is measured
        by what it held anywhere."""
        names = {do_not_call.name for do_not_call in resource.policy.suppress_from}
        named = {name: self._before_anywhere[name] for name in names if name in self._before_anywhere}
        return _largest([self._project_before, record.lists, named])


def collect_lists(desired: Desired) -> tuple[DoNotCallList, ...]:
    """Return every do-not-call list of these resources and their project, each once."""
    policies = [desired.project.policy, *(resource.policy for resource in desired.resources.values())]
    return tuple(dict.fromkeys(do_not_call for policy in policies for do_not_call in policy.suppress_from))


def find_allowed(desired: Desired, allow_release: Collection[str]) -> dict[str, int]:
    """Return the lists that may hold fewer numbers, with what they hold now; nothing for one that is not named."""
    sizes = _largest([count_numbers(resource.policy.suppress_from) for resource in desired.resources.values()])
    return {name: sizes.get(name, 0) for name in allow_release}


def list_unread(resource: Resource) -> list[str]:
    """Say of each list that guards a resource and could not be read why nobody new is called."""
    return [_describe_failure(do_not_call) for do_not_call in resource.policy.suppress_from if do_not_call.failure]


def count_numbers(lists: Iterable[DoNotCallList]) -> dict[str, int]:
    """Count the numbers of each list by name; of a file that is named twice, those of both entries."""
    sizes: dict[str, int] = {}
    for do_not_call in lists:
        sizes[do_not_call.name] = sizes.get(do_not_call.name, 0) + do_not_call.size
    return sizes


def _block(observation: Observation, find_block: Callable[[Resource, ResourceRecord], Block | None]) -> Observation:
    resource = observation.facts.resource
    if observation.block is not None or observation.read_only or resource is None or resource.paused:
        return observation
    block = find_block(resource, observation.facts.resource_record)
    return replace(observation, block=block) if block else observation


def _find_unknown(resources: Iterable[Resource]) -> set[str]:
    """The names of lists that this run did not read."""
    lists = (do_not_call for resource in resources for do_not_call in resource.policy.suppress_from)
    return {do_not_call.name for do_not_call in lists if not do_not_call.is_known}


def _largest(all_sizes: Iterable[Sizes]) -> dict[str, int]:
    """The largest size of each list."""
    largest: dict[str, int] = {}
    for sizes in all_sizes:
        for name, size in sizes.items():
            largest[name] = max(size, largest.get(name, 0))
    return largest


def _describe_failure(do_not_call: DoNotCallList) -> str:
    return f"nobody new is called until this do-not-call list can be read: {do_not_call.failure}"


def _describe(name: str, size: int, now: int | None) -> str:
    if now is None:
        held = humanize.plural(size, "number", "numbers")
        return f"{name} is no do-not-call list here any more; it held {held} when it was last applied"
    holds = humanize.plural(now, "number", "numbers")
    return f"{name} holds {holds}; it held {size:,} when it was last applied"
