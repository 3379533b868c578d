"""Which settings a provider type has, and which of them the engine reads. Names are those of the provider's API; no
name is known anywhere else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class SettingsFields:
    """The settings fields of one route, and what some of them mean. Of several names for one meaning, a resource uses
    the first that it sets."""

    names: tuple[str, ...] = ()
    """Manifest fields of a resource. A change to one of them moves the people who still wait."""
    agent: tuple[str, ...] = ()
    """Those that name who speaks. Single calls are listed by it."""
    script: tuple[str, ...] = ()
    """Those that say what happens in a call, where none names who speaks. A resource sets exactly one."""
    caller_id: tuple[str, ...] = ()
    """Those that name the calling number by the provider's id."""
    caller: tuple[str, ...] = ()
    """Those that hold the calling number itself, E.164. They are masked in every plan, and digested in the lock."""
    at_once: str = ""
    """The one that limits how many calls of a batch run at the same time. Empty: there is none."""
    lengthy: tuple[str, ...] = ()
    """Those with long texts. The lock keeps a digest."""
    secret: tuple[str, ...] = ()
    """Those that can carry a secret, such as a token in an address. The lock keeps a digest; no plan shows them."""

    def agent_of(self, settings: Mapping[str, object]) -> str:
        """The id of who speaks; "" where no setting names it."""
        return _first_text(self.agent, settings)

    def caller_id_of(self, settings: Mapping[str, object]) -> str:
        """The provider's id of the calling number; "" where no setting names it."""
        return _first_text(self.caller_id, settings)

    def caller_of(self, settings: Mapping[str, object]) -> str:
        """The calling number; "" where no setting holds it."""
        return _first_text(self.caller, settings)

    def at_once_of(self, settings: Mapping[str, object]) -> int | None:
        """How many calls of a batch run at the same time, at most; None where no setting says it."""
        limit = settings.get(self.at_once)
        return limit if isinstance(limit, int) and not isinstance(limit, bool) else None

    def is_reference(self, name: str) -> bool:
        """Whether a setting names a thing at the provider, or holds the calling number."""
        return name in (*self.agent, *self.caller_id, *self.caller)


NO_SETTINGS = SettingsFields()
"""For what has no settings."""


def _first_text(names: tuple[str, ...], settings: Mapping[str, object]) -> str:
    return next((str(settings[name]) for name in names if settings.get(name)), "")
