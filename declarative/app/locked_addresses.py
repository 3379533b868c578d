"""Which addresses a command on the lock is about: by address, pattern, bare name and label. Asks no provider."""

from __future__ import annotations

from declarative.app.session import Session
from declarative.errors import ManifestError, UsageError
from declarative.model.selection import Selection, list_namesakes
from declarative.state.format import parse_lock


def select_addresses(session: Session, selection: Selection) -> list[str]:
    """Return the addresses that a selection names, of those in the lock and in the manifests.

    Labels are those of the manifests; they are read only where the selection needs them. Raises UsageError for what
    names no address.
    """
    lock = parse_lock(session.backend.load())
    locked = [address for address, record in sorted(lock.resources.items()) if not record.is_forgotten] if lock else []
    if not selection.labels and not selection.find_unmatched(locked):
        return selection.choose({address: {} for address in locked})
    labels = _read_labels(session, selection)
    known = {address: labels.get(address, {}) for address in dict.fromkeys([*locked, *labels])}
    for target in selection.find_unmatched(known):
        namesakes = list_namesakes(target, known)
        hint = f"one of {', '.join(namesakes)}" if namesakes else f"known: {', '.join(known) or 'none'}"
        raise UsageError(f'the lock does not know "{target}"', hint=hint)
    chosen = selection.choose(known)
    if not chosen:
        raise UsageError(f"no resource matches {' and '.join(selection.labels)}", hint=f"known: {', '.join(known)}")
    return chosen


def _read_labels(session: Session, selection: Selection) -> dict[str, dict[str, str]]:
    try:
        resources = session.desired.resources
    except ManifestError:
        if selection.labels:
            raise
        return {}
    return {address: dict(resource.labels) for address, resource in resources.items()}
