"""Holds back what an older checkout wants: nothing is sent for it, cancels included. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from declarative.planning.decide import BLOCKS_RESOURCE, Reason
from declarative.planning.facts import Block, Observation
from declarative.planning.plan import Notice

_HINT = "update the checkout; or, if these manifests are meant: dialctl apply --allow-older"
_STRONGER = BLOCKS_RESOURCE[: BLOCKS_RESOURCE.index(Reason.MANIFESTS_ARE_OLDER)]
"""Reasons that are named instead, where both apply."""


def block_older(observations: Sequence[Observation], older: Mapping[str, str]) -> list[Observation]:
    """Block each address whose manifest is older than the one last applied. `older` says so by address, and for every
    address that names no commit under the empty text."""
    return [_block(observation, older) for observation in observations] if older else list(observations)


def warn_of_older(older: Mapping[str, str], project: str) -> Iterator[Notice]:
    """Say once that apply will hold back what this checkout wants."""
    details = dict.fromkeys(older.values())
    addresses = [address for address in older if address]
    for detail in details:
        concerned = sorted(address for address in addresses if older[address] == detail)
        yield Notice(
            concerned[0] if len(concerned) == 1 else project,
            f"older manifests: {detail}; apply sends nothing for {_name_addresses(concerned)}: {_HINT}",
        )


def _block(observation: Observation, older: Mapping[str, str]) -> Observation:
    if observation.block is not None and observation.block.reason in _STRONGER:
        return observation
    block = _find_block(observation, older)
    return replace(observation, block=block) if block else observation


def _find_block(observation: Observation, older: Mapping[str, str]) -> Block | None:
    if observation.read_only:
        return None
    address, resource_record = observation.facts.address, observation.facts.resource_record
    details = [older[known] for known in (address, *observation.renamed_from) if known in older]
    if not details and resource_record.commit is None and observation.facts.resource is not None:
        details = [older[""]] if "" in older else []
    return Block(Reason.MANIFESTS_ARE_OLDER, f"these manifests are older: {details[0]}", _HINT) if details else None


def _name_addresses(addresses: Sequence[str]) -> str:
    return addresses[0] if len(addresses) == 1 else f"{len(addresses):,} addresses"
