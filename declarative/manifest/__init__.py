"""Manifests: from YAML in git to what is wanted. Knows nothing of plans, providers' connections or the
lock."""

from declarative.manifest.loader import load_desired
from declarative.manifest.variables import Variables

__all__ = ["Variables", "load_desired"]
