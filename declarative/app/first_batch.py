"""Writes the Batch of a first project for any provider type, from what its schema and its capabilities say."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from declarative.app.reference import collect_takers
from declarative.model.capabilities import Capabilities, ProviderType
from declarative.model.resource import Route
from declarative.privacy import clean, mask
from declarative.providers.base import AccountEntry

_PLAIN = re.compile(r"[A-Za-z]+_[A-Za-z0-9_-]+")
"""An id that YAML reads as text without quotes."""
_MOST_LISTED = 20
"""Agents, and numbers, that are listed in the manifest."""
_START = "  # scheduled_at: 2030-01-15T16:00:00Z   # not before; at once without it"

_HEAD = """\
# yaml-language-server: $schema=dialctl.schema.json
apiVersion: dialctl/v1
kind: Batch
metadata:
  name: first-campaign        # address: batch/first-campaign
spec:"""
_RETRY = """\
  retry:
    max_retries: 1            # call again, once, those who were not reached
    on: [{outcomes}]
    after: 4h"""
_RECIPIENTS = """\
  recipients_from:
    - file: recipients.csv    # a row a person; every other column is {personal} for the agent
      to_number: phone
"""


@dataclass(frozen=True)
class FieldOffer:
    """What a field of the first Batch may hold."""

    chosen: str = ""
    """Its value. Empty: it is left to be filled in."""
    entries: tuple[AccountEntry, ...] = ()
    """What the account has, listed as comments where nothing is chosen."""

    def lines_for_people(self) -> list[str]:
        """A line for each entry, with numbers masked."""
        return [
            _describe(replace(entry, id=mask(entry.id), name="") if entry.id.startswith("+") else entry)
            for entry in self.entries
        ]

    def find(self, text: str) -> str:
        """The id that an id or the number of a line means; empty for none."""
        word = text.strip()
        if word.isdecimal() and 1 <= int(word) <= len(self.entries):
            return self.entries[int(word) - 1].id
        return word if word in [entry.id for entry in self.entries] else ""


NOTHING_OFFERED = FieldOffer()
"""For a field that is left to be filled in."""


def find_number_field(provider_type: ProviderType) -> str:
    """The field of a Batch that names the number to call from; empty for a type without one."""
    fields = collect_takers("Batch", provider_type.name)
    roles = first_route(provider_type).settings
    return next((name for name in (*roles.caller_id, *roles.caller) if name in fields), "")


def first_route(provider_type: ProviderType) -> Capabilities:
    """What the route can do that a Batch takes in the type's first API version."""
    routes = provider_type.routes[provider_type.versions[0]]
    return routes.get(Route.BATCH) or routes[Route.CALL]


def render_first_batch(provider_type: ProviderType, agent: FieldOffer, number: FieldOffer) -> str:
    """The text of the manifest. It is valid as it is, and runs in the sandbox."""
    fields = collect_takers("Batch", provider_type.name)
    number_field, roles = find_number_field(provider_type), first_route(provider_type).settings
    lines = [_HEAD]
    for name in fields:
        is_required = all(field.required for _, field in fields[name])
        placeholder = provider_type.placeholders.get(name, "replace_with_yours" if is_required else "")
        if name in roles.agent[:1]:
            lines += _field_lines(name, agent, placeholder, "agents")
        elif name == number_field:
            lines += _field_lines(name, number, placeholder, "numbers")
        elif name == roles.at_once:
            lines.append(f"  {name}: 2")
        elif name == "scheduled_at":
            lines.append(_START)
        elif placeholder:
            lines.append(f"  {name}: {placeholder}")
    routes = provider_type.routes[provider_type.versions[0]].values()
    unreached = sorted(
        {word for route in routes for word in route.outcomes if re.search(r"no.answer|busy", word)}, reverse=True
    )
    if unreached:
        lines.append(_RETRY.format(outcomes=", ".join(unreached)))
    personal = next((name for route in routes for name in route.personal), "metadata")
    return "\n".join([*lines, _RECIPIENTS.format(personal=personal)])


def _field_lines(name: str, offer: FieldOffer, placeholder: str, command: str) -> Iterator[str]:
    """The field, after the account's own values as comments where none is chosen. Without a placeholder it may be left
    out."""
    if offer.chosen:
        chosen = clean(offer.chosen)
        yield f"  {name}: {chosen if _PLAIN.fullmatch(chosen) else json.dumps(chosen, ensure_ascii=False)}"
        return
    if offer.entries:
        yield f"  # What the account has, as dialctl {command} lists it:"
        yield from (f"  #   {_describe(entry)}" for entry in offer.entries[:_MOST_LISTED])
        if len(offer.entries) > _MOST_LISTED:
            yield f"  #   and {len(offer.entries) - _MOST_LISTED:,} more"
    if placeholder:
        yield f"  {name}: {placeholder}"
    else:
        yield f'  # {name}: "+14155550100"   # default: the agent\'s own'


def _describe(entry: AccountEntry) -> str:
    """An agent or number in a line: the id that manifests name, then what people know it by."""
    name = "" if entry.name == entry.id else mask(entry.name) if entry.name.startswith("+") else entry.name
    return "  ".join(clean(word) for word in (entry.id, name, entry.kind) if word)
