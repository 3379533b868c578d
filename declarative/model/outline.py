"""What can be read of a project whose manifests may be broken, as values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class OutlinedProvider:
    """A provider that a Project document declares."""

    type: str
    """What the provider catalog calls it."""
    api_version: str | None = None
    """None: the document names none."""


@dataclass(frozen=True, kw_only=True)
class OutlinedResource:
    """A resource, as far as its document can be read."""

    provider: str = ""
    """The provider that it names; empty where it names none."""
    previously: tuple[str, ...] = ()
    """Its earlier addresses."""


@dataclass(frozen=True, kw_only=True)
class Outline:
    """A project, as far as its documents can be read."""

    directory: Path
    """The folder of the Project document; that of PATH where none can be read."""
    project: str = ""
    """The project's name; empty where no Project document can be read."""
    state_url: str | None = None
    """Where the Project document says the state is kept. None: nowhere."""
    default_provider: str = ""
    """The provider of resources that name none; empty where there is none."""
    providers: Mapping[str, OutlinedProvider] = field(default_factory=dict)
    """The declared providers, by name."""
    resources: Mapping[str, OutlinedResource] = field(default_factory=dict)
    """By address."""
    unreadable: tuple[str, ...] = ()
    """Files that could not be read in full."""
