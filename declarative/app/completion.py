"""What a shell can complete from a project: its addresses and labels. Asks no provider."""

from __future__ import annotations

from declarative.app.session import Session
from declarative.errors import DialctlError


def list_addresses(session: Session) -> list[str]:
    """The addresses in the manifests, and those that only the lock of this directory remembers."""
    try:
        lock = session.local_lock()
    except DialctlError:
        lock = None
    return list(dict.fromkeys([*session.desired.resources, *(lock.resources if lock else ())]))


def list_labels(session: Session) -> list[str]:
    """The labels of all resources, each as `name=value`."""
    labels = {
        f"{name}={value}" for resource in session.desired.resources.values() for name, value in resource.labels.items()
    }
    return sorted(labels)
