"""What may yet ring somebody a second time, and until when a run can keep it from that. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from declarative import moments
from declarative.model import mark
from declarative.planning.facts import Facts


def doubt_notices(case: Facts) -> Iterator[str]:
    """Sentences for whoever plans or looks: another apply, in time, finds out and takes back what is one too many."""
    for key, known in case.record.remotes.items():
        remote = case.remotes.get(key)
        starts = remote.scheduled_at if remote and known.doubts and not remote.cancelled else None
        if starts is not None and starts > case.now:
            yield (
                f"{key} was sent since an earlier request seemed lost, and its run ended before the list proved it: "
                f"run dialctl apply before {moments.when(starts)}, or people may be rung twice"
            )
    yield from _given_up(case)


def _given_up(case: Facts) -> Iterator[str]:
    """The provider takes a request with a later time of its own until then. The lock keeps no time of a mark that was
    given up; the settings in it tell that it is the manifest's."""
    starts = case.resource.scheduled_at if case.resource else None
    if case.resource is None or starts is None or starts <= case.now:
        return
    settings = mark.settings_hash(case.resource.settings_digest)
    given_up = [found for text in case.record.revoked if (found := mark.parse(text)) and found.settings == settings]
    if given_up:
        yield (
            "a request that was given up as lost would still be taken, should it arrive late: run dialctl apply "
            f"once more before {moments.when(starts)}"
        )
