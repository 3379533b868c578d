"""An opt-out is never undone in silence: a do-not-call list that holds fewer numbers than at the last apply, or is no
longer named, blocks whatever it guards until its release is allowed. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
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


def block_released(
    observations: Sequence[Observation], desired: Desired, lock: Lock | None, allow_release: Collection[str] = ()
) -> list[Observation]:
    """Block each wanted address that a list guards, or guarded, which holds fewer numbers than at the last apply."""
    allowed = {*allow_release, *desired.project.policy.allow_release}
    return [_block_observation(observation, lock, allowed) for observation in observations]


def released_block(
    resource: Resource, record: ResourceRecord, lock: Lock | None, allowed: Collection[str]
) -> Block | None:
    """Return why a resource is blocked by a list that holds fewer numbers; None where none does."""
    if resource.paused:
        return None
    now = count_numbers(resource.policy.suppress_from)
    released = find_released(_remembered(resource, record, lock), now, allowed)
    if not released:
        return None
    details = [_describe(name, size, now.get(name)) for name, (size, _) in released.items()]
    flags = " ".join(f"--allow-release {name}" for name in released)
    ways = f"dialctl apply {flags}, or allow_release: [{', '.join(released)}] in the Project's policy"
    return Block(Reason.RELEASED, "; ".join(details), f"bring the list back; or, if that is meant: {ways}")


def make_list_memory(desired: Desired, lock: Lock, allow_release: Collection[str]) -> ListMemory:
    """Return what the lock keeps once this apply was approved."""
    allowed = {*allow_release, *desired.project.policy.allow_release}
    project_sizes = remember(lock.lists, count_numbers(desired.project.policy.suppress_from), allowed)
    all_sizes = _largest([count_numbers(resource.policy.suppress_from) for resource in desired.resources.values()])
    by_address = {}
    for address in (*desired.resources, *(address for address in lock.resources if address not in desired.resources)):
        resource, record = desired.resources.get(address), lock.resources.get(address) or ResourceRecord()
        if resource is not None:
            sizes = remember(record.lists, count_numbers(resource.policy.suppress_from), allowed)
            sizes = {name: size for name, size in sizes.items() if size > project_sizes.get(name, 0)}
        else:  # what it remembers counts for whoever names the list now
            sizes = {
                name: min(size, all_sizes.get(name, 0)) if name in allowed else size
                for name, size in record.lists.items()
            }
            sizes = {name: size for name, size in sizes.items() if size}
        if sizes != record.lists:
            by_address[address] = (resource.provider if resource else record.provider, sizes)
    return ListMemory(project_sizes, by_address)


def warn_of_allowed(desired: Desired, lock: Lock | None, allow_release: Collection[str]) -> Iterator[Notice]:
    """Warn of each list that is allowed to hold fewer numbers. One that does not is named as well: the next release
    would pass unseen."""
    allowed = {*allow_release, *desired.project.policy.allow_release}
    met: dict[str, str] = {}
    for resource in desired.resources.values() if allowed else ():
        now = count_numbers(resource.policy.suppress_from)
        released = find_released(_remembered(resource, _find_record(resource, lock), lock), now, ())
        met |= {name: _describe(name, size, now.get(name)) for name, (size, _) in released.items()}
    for name in sorted(allowed):
        idle = f"allow_release names {name}, which holds no fewer numbers than at the last apply: take it out again"
        allowed_release = f"{met[name]}; this release is allowed" if name in met else idle
        yield Notice(desired.project.name, allowed_release)


def collect_lists(desired: Desired) -> tuple[DoNotCallList, ...]:
    """Return every do-not-call list of these resources and their project, each once."""
    policies = [desired.project.policy, *(resource.policy for resource in desired.resources.values())]
    return tuple(dict.fromkeys(do_not_call for policy in policies for do_not_call in policy.suppress_from))


def find_allowed(desired: Desired, allow_release: Collection[str]) -> dict[str, int]:
    """Return the lists that may hold fewer numbers, with what they hold now; nothing for one that is not named."""
    sizes = _largest([count_numbers(resource.policy.suppress_from) for resource in desired.resources.values()])
    return {name: sizes.get(name, 0) for name in allow_release}


def count_numbers(lists: Iterable[DoNotCallList]) -> dict[str, int]:
    """Count the numbers of each list by name; of a file that is named twice, those of both entries."""
    sizes: dict[str, int] = {}
    for do_not_call in lists:
        sizes[do_not_call.name] = sizes.get(do_not_call.name, 0) + do_not_call.size
    return sizes


def _block_observation(observation: Observation, lock: Lock | None, allowed: Collection[str]) -> Observation:
    resource = observation.facts.resource
    if observation.block is not None or observation.read_only or resource is None:
        return observation
    return replace(observation, block=released_block(resource, observation.facts.resource_record, lock, allowed))


def _find_record(resource: Resource, lock: Lock | None) -> ResourceRecord:
    return (lock.resources.get(resource.address) if lock else None) or ResourceRecord()


def _remembered(resource: Resource, record: ResourceRecord, lock: Lock | None) -> dict[str, int]:
    """How many numbers the lists held that guard a resource, or guarded it. A list that it names now is measured by
    what it held anywhere."""
    if lock is None:
        return {}
    names = {do_not_call.name for do_not_call in resource.policy.suppress_from}
    elsewhere = _largest([other.lists for other in lock.resources.values()])
    named = {name: size for name, size in elsewhere.items() if name in names}
    return _largest([lock.lists, record.lists, named])


def _largest(all_sizes: Iterable[Sizes]) -> dict[str, int]:
    """The largest size of each list."""
    largest: dict[str, int] = {}
    for sizes in all_sizes:
        for name, size in sizes.items():
            largest[name] = max(size, largest.get(name, 0))
    return largest


def _describe(name: str, size: int, now: int | None) -> str:
    if now is None:
        held = humanize.plural(size, "number", "numbers")
        return f"{name} is no do-not-call list here any more; it held {held} when it was last applied"
    holds = humanize.plural(now, "number", "numbers")
    return f"{name} holds {holds}; it held {size:,} when it was last applied"
