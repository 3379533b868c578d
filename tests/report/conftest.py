"""Every test here works on a project of its own."""

from __future__ import annotations

from tests.project_fixture import project

__all__ = ["project"]
