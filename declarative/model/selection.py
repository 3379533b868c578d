"""Selecting resources: by address, by a pattern of addresses, by a bare name, and by labels as kubectl does."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase

_PATTERN = re.compile(r"[*?\[]")
_SET_FORM = re.compile(r"(?P<name>\S+)\s+(?P<word>in|notin)\s*\((?P<values>[^()]*)\)")
_EQUAL_FORM = re.compile(r"(?P<name>[^\s=!]+)\s*(?P<word>==|=|!=)\s*(?P<values>[^\s=!,()]*)")
_NAME_FORM = re.compile(r"(?P<word>!?)\s*(?P<name>[^\s=!<>(),]+)")
_BETWEEN_REQUIREMENTS = re.compile(r",(?![^()]*\))")


@dataclass(frozen=True)
class LabelRequirement:
    """One requirement of a label selector, such as `team in (growth, sales)`."""

    name: str
    """The label."""
    values: frozenset[str] | None
    """Values that meet it; None for any value."""
    is_negated: bool = False
    """Whether it is met by what the values do not name, a missing label included."""

    def is_met(self, labels: Mapping[str, str]) -> bool:
        """Whether a resource with these labels meets it."""
        has_value = self.name in labels and (self.values is None or labels[self.name] in self.values)
        return has_value != self.is_negated


def parse_label_selector(text: str) -> tuple[LabelRequirement, ...]:
    """Parse kubectl's forms: `a=b`, `a==b`, `a!=b`, `a in (b, c)`, `a notin (b, c)`, `a` and `!a`, joined by commas.

    Raises ValueError, with the part that is wrong, for anything else.
    """
    return tuple(_parse_requirement(part.strip()) for part in _BETWEEN_REQUIREMENTS.split(text))


def _parse_requirement(text: str) -> LabelRequirement:
    if match := _SET_FORM.fullmatch(text):
        values = frozenset(value.strip() for value in match["values"].split(","))
        return LabelRequirement(match["name"], values, match["word"] == "notin")
    if match := _EQUAL_FORM.fullmatch(text):
        return LabelRequirement(match["name"], frozenset({match["values"]}), match["word"] == "!=")
    if match := _NAME_FORM.fullmatch(text):
        return LabelRequirement(match["name"], None, match["word"] == "!")
    raise ValueError(text)


@dataclass(frozen=True)
class Selection:
    """The resources that a run is narrowed to. An empty one selects everything."""

    targets: tuple[str, ...] = ()
    """Addresses, patterns of addresses, or bare names. A resource that one of them names is selected."""
    labels: tuple[str, ...] = ()
    """Label selectors. A resource has to meet all of them."""

    def __bool__(self) -> bool:
        return bool(self.targets or self.labels)

    def choose(self, labels_by_address: Mapping[str, Mapping[str, str]]) -> list[str]:
        """Return the selected addresses, in the order given."""
        named = {address for target in self.targets for address in match_target(target, labels_by_address)}
        requirements = [requirement for text in self.labels for requirement in parse_label_selector(text)]
        return [
            address
            for address, labels in labels_by_address.items()
            if (not self.targets or address in named)
            and all(requirement.is_met(labels) for requirement in requirements)
        ]

    def find_unmatched(self, addresses: Collection[str]) -> list[str]:
        """Return the targets that name no address, and bare names that several addresses have."""
        return [target for target in self.targets if not match_target(target, addresses)]


EVERYTHING = Selection()
"""Selects everything."""


def match_target(target: str, addresses: Iterable[str]) -> list[str]:
    """Return the addresses that a target names: one by its address or unique name, several by a pattern."""
    known_addresses = list(addresses)
    if target in known_addresses:
        return [target]
    if _PATTERN.search(target):
        return [address for address in known_addresses if fnmatchcase(address, target)]
    same_name = list_namesakes(target, known_addresses)
    return same_name if len(same_name) == 1 else []


def list_namesakes(name: str, addresses: Iterable[str]) -> list[str]:
    """Return the addresses whose part after the slash is this name."""
    return [address for address in addresses if address.partition("/")[2] == name]
