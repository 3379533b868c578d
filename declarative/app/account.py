"""`dialctl agents` and `dialctl numbers`: what the accounts of a project have. Changes nothing."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from declarative.app.session import Session
from declarative.errors import ProviderError, UsageError
from declarative.providers.base import AccountEntry


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


def list_account(session: Session, what: AccountList, provider_name: str | None) -> list[ProviderAccount]:
    """Ask one provider, or those that the project uses. Raises ProviderError, and UsageError for an unknown name."""
    declared = session.connections.providers
    if provider_name is not None and provider_name not in declared:
        raise UsageError(f'no provider "{provider_name}" is declared', hint=f"declared: {', '.join(declared)}")
    names = [provider_name] if provider_name is not None else list(session.connections.used_providers)
    accounts = []
    for name in names:
        provider = declared[name]
        if isinstance(provider, ProviderError):
            raise provider
        entries = provider.list_agents() if what is AccountList.AGENTS else provider.list_numbers()
        accounts.append(ProviderAccount(name, tuple(entries)))
    return accounts
