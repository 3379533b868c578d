"""Manifests: YAML files in git become the desired state. Does not know plans, connections to providers, or the
lock."""

from declarative.manifest.loader import load_desired
from declarative.manifest.variables import Variables

__all__ = ["Variables", "load_desired"]
