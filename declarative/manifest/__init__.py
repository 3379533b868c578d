"""Manifests: from YAML in git to what is wanted. Knows nothing of plans, providers' connections or the
lock."""

from declarative.manifest.loader import load_desired
from declarative.manifest.named_files import list_named_files
from declarative.manifest.variables import Variables

__all__ = ["Variables", "list_named_files", "load_desired"]
