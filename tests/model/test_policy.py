"""Names of time zones."""

from __future__ import annotations

import pytest

from declarative.model.policy import is_time_zone


@pytest.mark.parametrize("name", ["UTC", "Europe/Berlin", "America/New_York"])
def test_a_time_zone(name: str) -> None:
    assert is_time_zone(name)


@pytest.mark.parametrize("name", ["", "recipient", "Europe/Nowhere", "../etc/passwd", "/etc/passwd", "a\0b", "Europe"])
def test_any_other_text_is_no_time_zone(name: str) -> None:
    assert not is_time_zone(name)
