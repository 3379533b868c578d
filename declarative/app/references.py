"""Looks up the agents and numbers of resources that would call, before anybody approves a plan."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from declarative.errors import ProviderError
from declarative.model.digest import json_digest
from declarative.model.resource import Desired, Json, Resource
from declarative.model.settings_fields import SettingsFields
from declarative.planning.decide import Reason
from declarative.planning.facts import Block
from declarative.planning.plan import Plan
from declarative.privacy import clean, mask, redact
from declarative.providers.base import Provider

_MOST_NAMES = 10


@dataclass
class References:
    """What was looked up for one plan. What could not be read is left out: it blocks nobody."""

    blocks: dict[str, Block] = field(default_factory=dict)
    """By address: why nobody is called there. The provider does not know the agent or the number."""
    names: dict[str, str] = field(default_factory=dict)
    """By id in settings: an agent's name, or a number, masked."""


def look_up(plan: Plan, desired: Desired, providers: Mapping[str, Provider | ProviderError]) -> References:
    """Look up what the resources name that would call, or that could not be read: the calls of an agent that does not
    exist cannot be. Each agent and number is asked for once, and a provider that fails is not asked again."""
    references = References()
    failed_providers: set[str] = set()
    messages_by_key: dict[tuple[str, str], list[str]] = {}
    for resource in _list_calling_resources(plan, desired):
        provider = providers.get(resource.provider)
        if provider is None or isinstance(provider, ProviderError) or resource.provider in failed_providers:
            continue
        settings = {name: value for name, value in resource.settings.items() if resource.fields.is_reference(name)}
        key = (resource.provider, json_digest(settings))
        try:
            if key not in messages_by_key:
                messages_by_key[key] = provider.unknown_references(settings)
                if not messages_by_key[key]:
                    _learn_names(references, provider, resource.fields, settings)
            if messages := messages_by_key[key]:
                references.blocks[resource.address] = _make_block(messages, provider)
        except ProviderError:
            failed_providers.add(resource.provider)
    return references


def _list_calling_resources(plan: Plan, desired: Desired) -> list[Resource]:
    addresses = dict.fromkeys(
        action.address
        for action in plan.actions
        if action.verb.dials or action.calls_new_people or action.reason is Reason.NOT_READ
    )
    return [desired.resources[address] for address in addresses if address in desired.resources]


def _learn_names(
    references: References, provider: Provider, fields: SettingsFields, settings: Mapping[str, Json]
) -> None:
    number_id, agent_id = fields.caller_id_of(settings), fields.agent_of(settings)
    if number_id and number_id not in references.names:
        number = provider.own_number(settings)
        references.names |= {number_id: mask(number)} if number else {}
    if agent_id and agent_id not in references.names:
        references.names |= {entry.id: clean(entry.name) for entry in provider.list_agents() if entry.name}


def _make_block(messages: Sequence[str], provider: Provider) -> Block:
    agents = [f"{clean(entry.name)} ({clean(entry.id)})" for entry in provider.list_agents()]
    numbers = [f"{clean(entry.id)} {mask(entry.name)}" for entry in provider.list_numbers()]
    lists = [f"{noun}: {_join(names)}" for noun, names in (("agents", agents), ("numbers", numbers)) if names]
    detail = "; ".join(map(redact, messages))  # an id is whatever the manifest says, a phone number too
    return Block(Reason.MISSING_REFERENCE, detail, f"correct it; there are {'; '.join(lists) or 'none'}")


def _join(names: Sequence[str]) -> str:
    more = f", and {len(names) - _MOST_NAMES:,} more" if len(names) > _MOST_NAMES else ""
    return ", ".join(names[:_MOST_NAMES]) + more
