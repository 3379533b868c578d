"""The data of one person: which fields it can have, and the rules that a schema cannot express or would check too
slowly."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace

from declarative.model.capabilities import ANY_DATA, Capabilities, DataLimits
from declarative.model.digest import canonical_json
from declarative.model.mark import METADATA_KEY
from declarative.model.resource import Json

FLAT_VALUE = "a variable's value is text, a number or a boolean"
RESERVED_KEY = 'the key "dialctl" is reserved: it holds the mark of dialctl'


@dataclass(frozen=True)
class PersonSchema:
    """The data that a person can have under a provider, API version and route."""

    fields: tuple[str, ...]
    """Names of the fields, such as metadata. The first takes the columns of a file that no field names."""
    provider: str
    """The provider's name, for messages."""
    limits: Mapping[str, DataLimits] = field(default_factory=dict)
    """What a field may hold, by its name."""
    known_fields: tuple[str, ...] = ()
    """Names of the fields of all providers: those of others get a message of their own."""

    @classmethod
    def from_capabilities(
        cls,
        capabilities: Capabilities,
        provider: str,
        known_fields: tuple[str, ...] = (),
        written_fields: Collection[str] = (),
    ) -> PersonSchema:
        """The data of people of a resource that has `written_fields`."""
        limits, carrier = capabilities.data_limits, capabilities.personal_in
        if carrier and carrier not in written_fields:
            refusal = f"{provider} sends a person's data in {carrier}, which is not written here"
            limits = {name: DataLimits(refusal=refusal) for name in capabilities.personal}
        return cls(capabilities.personal, provider, limits, known_fields)

    def limits_of(self, name: str) -> DataLimits:
        return self.limits.get(name, ANY_DATA)

    @property
    def ruled_fields(self) -> frozenset[str]:
        """Fields whose keys and values must be looked at one by one, even without the key of our mark."""
        return frozenset(name for name in self.fields if replace(self.limits_of(name), reserves_mark=True) != ANY_DATA)


def name_fault(limits: DataLimits, name: str) -> str:
    """What is wrong with a key of a field; an empty text when nothing is."""
    if limits.refusal:
        return limits.refusal
    if limits.reserves_mark and name == METADATA_KEY:
        return RESERVED_KEY
    if limits.key_pattern and not re.fullmatch(limits.key_pattern, name):
        return f"a variable's name is {limits.key_description}"
    if limits.reserved_prefixes and name.startswith(limits.reserved_prefixes):
        return f"names that begin with {' or '.join(limits.reserved_prefixes)} are reserved by the provider"
    return ""


def count_fault(limits: DataLimits, names: Collection[str]) -> str:
    """What is wrong with the number of keys; an empty text when nothing is."""
    if limits.most_keys is not None and len(names) > limits.most_keys:
        return f"{len(names)} variables, at most {limits.most_keys} are allowed"
    return ""


def data_faults(limits: DataLimits, data: Mapping[str, Json]) -> Iterator[tuple[str | None, str]]:
    """Yield what is wrong with a field's data: the key (None for the field as a whole) and a message."""
    for name, value in data.items():
        fault = name_fault(limits, name)
        if not fault and limits.is_flat and not isinstance(value, (str, int, float)):
            fault = FLAT_VALUE
        if fault:
            yield name, fault
    if fault := count_fault(limits, data):
        yield None, fault
    if limits.most_bytes is not None and len(canonical_json(data)) > limits.most_bytes:
        yield None, f"more than {limits.most_bytes:,} bytes as JSON"
