"""One is one person, and everything else is people."""

from __future__ import annotations

import pytest

from declarative import humanize as counting


@pytest.mark.parametrize(("count", "said"), [(0, "0 people"), (1, "1 person"), (2, "2 people"), (5000, "5,000 people")])
def test_people_are_counted_in_words(count: int, said: str) -> None:
    assert counting.people(count) == said


def test_a_phrase_may_bring_its_verb() -> None:
    phrases = [counting.plural(count, "person waits", "people wait") for count in (1, 1200)]
    assert phrases == ["1 person waits", "1,200 people wait"]
