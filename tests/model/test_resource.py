"""What the manifests of a run want."""

from __future__ import annotations

from declarative.model.resource import Desired, Project


def test_the_digest_is_made_on_first_use_and_once() -> None:
    made: list[int] = []

    def make_digest() -> str:
        made.append(1)
        return "digest"

    desired = Desired(Project(), {}, True, make_digest)
    assert made == []
    assert [desired.digest, desired.digest] == ["digest", "digest"]
    assert made == [1]
    assert desired.list_addresses() == ()
