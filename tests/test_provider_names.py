"""The engine grows by capabilities, not by names: no provider's name stands outside the places that are about one."""

from __future__ import annotations

from pathlib import Path

from declarative.providers import catalog

PACKAGE = Path(__file__).parents[1] / "declarative"
ABOUT_ONE = ("providers", "sandbox", "schemas")
"""Folders of adapters, of their simulators and of their fields."""
FOR_PEOPLE = ("cli/examples.py", "cli/init.py", "cli/sandbox.py")
"""Files with examples that a user can copy, the type that `init` writes for, and the variables of the simulator."""


def test_no_provider_is_named_where_every_provider_is_meant() -> None:
    names = [*catalog.type_names(), "elevenlabs", "telnyx", "retell", "vapi", "twilio"]
    found = [
        f"{path.relative_to(PACKAGE)}:{number}: {line.strip()}"
        for path in sorted(PACKAGE.rglob("*.py"))
        if path.relative_to(PACKAGE).parts[0] not in ABOUT_ONE and str(path.relative_to(PACKAGE)) not in FOR_PEOPLE
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if any(name in line.lower() for name in names)
    ]
    assert found == []
