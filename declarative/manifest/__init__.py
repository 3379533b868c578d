"""Manifests: YAML files in git become the desired state. Does not know plans, connections to providers, or the
lock."""

from declarative.manifest.loader import load_desired
from declarative.manifest.named_files import list_named_files
from declarative.manifest.variables import Variables

__all__ = ["Variables", "list_named_files", "load_desired"]
