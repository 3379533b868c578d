"""What holds for every test."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("dialctl", deadline=None)  # how fast the machine is decides no test
settings.load_profile("dialctl")
