"""The digest by which a request is known to be the same to the byte: never a changed body under an old key. Pure."""

from __future__ import annotations

from declarative.model.digest import PersonKey, canonical_json
from declarative.providers.base import Submission


def digest_request(submission: Submission, key: PersonKey, api_version: str | None) -> str:
    """A digest of all that the bytes of a request are made of. The people are in their order."""
    parts = [
        str(submission.mark),
        submission.key,
        submission.label,
        dict(submission.settings),
        submission.scheduled_at.isoformat() if submission.scheduled_at else None,
        api_version,
    ]
    rows = submission.recipients.select("number", "payload").iter_rows()
    return key.digest_lines(
        [f"{canonical_json(parts).decode()}\n", *(f"{number}\t{data or ''}\n" for number, data in rows)]
    )
