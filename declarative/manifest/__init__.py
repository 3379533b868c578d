"""Manifests: YAML files in git become the desired state. Does not know plans, connections to providers, or the
lock."""

from declarative.manifest.loader import load_desired
from declarative.manifest.recipients.description import FileDescription, describe_file
from declarative.manifest.recipients.remote_file import RemoteFiles
from declarative.manifest.variables import Variables

__all__ = ["FileDescription", "RemoteFiles", "Variables", "describe_file", "load_desired"]
