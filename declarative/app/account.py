"""`dialctl agents` and `dialctl numbers`: what the accounts of a project have. Changes nothing."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from enum import StrEnum

from declarative.app.connections import Connections, connect_type, has_manifests
from declarative.app.first_batch import FieldOffer
from declarative.app.session import Session
from declarative.errors import MissingKey, ProviderError, UsageError
from declarative.providers.base import AccountEntry
from declarative.state.local_files import refuse_link


class AccountList(StrEnum):
    """What can be listed."""

    AGENTS = "agents"
    NUMBERS = "numbers"


@dataclass(frozen=True)
class ProviderAccount:
    """What one provider lists."""

    provider: str
    """The provider's name in the project."""
    entries: tuple[AccountEntry, ...]
    """Its agents or numbers."""


@dataclass(frozen=True)
class AccountOffer:
    """What the account of one provider offers to a first manifest."""

    agents: FieldOffer
    """Its agents."""
    numbers: FieldOffer
    """The numbers that it calls from."""


def read_offer(connections: Connections) -> AccountOffer | None:
    """Ask the one provider of `connections`; None where it has no key. Raises ProviderError."""
    [provider] = connections.providers.values()
    if isinstance(provider, MissingKey):
        return None
    if isinstance(provider, ProviderError):
        raise provider
    agents, numbers = provider.list_agents(), provider.list_numbers()
    return AccountOffer(FieldOffer(entries=tuple(agents)), FieldOffer(entries=tuple(numbers)))


def list_account(session: Session, what: AccountList, provider_name: str | None) -> list[ProviderAccount]:
    """Ask one provider, or those that the project uses. Raises ProviderError, and UsageError for an unknown name.

    Where there are no manifests yet, `provider_name` is a provider type.
    """
    options = session.options
    path = options.directory / options.path
    if not has_manifests(path):
        if provider_name is None:
            raise UsageError("no manifests here say which provider is used", hint="name a provider type by --provider")
        sandbox_directory = refuse_link(path / ".dialctl") / "sandbox" if options.sandbox else None
        with closing(
            connect_type(provider_name, environment=options.environment, sandbox_directory=sandbox_directory)
        ) as connections:
            return [_ask(connections, provider_name, what)]
    declared = session.connections.providers
    if provider_name is not None and provider_name not in declared:
        raise UsageError(f'no provider "{provider_name}" is declared', hint=f"declared: {', '.join(declared)}")
    names = [provider_name] if provider_name is not None else list(session.connections.used_providers)
    return [_ask(session.connections, name, what) for name in names]


def _ask(connections: Connections, name: str, what: AccountList) -> ProviderAccount:
    provider = connections.providers[name]
    if isinstance(provider, ProviderError):
        raise provider
    entries = provider.list_agents() if what is AccountList.AGENTS else provider.list_numbers()
    return ProviderAccount(name, tuple(entries))
