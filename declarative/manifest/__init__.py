"""Manifests: YAML files in git become the desired state. Does not know plans, connections to providers, or the
lock."""

from declarative.manifest.discover import has_manifests
from declarative.manifest.loader import load_desired
from declarative.manifest.named_files import list_named_files
from declarative.manifest.nested import find_enclosing_project, find_nested_projects
from declarative.manifest.outline import read_outline
from declarative.manifest.recipients.description import FileDescription, describe_file
from declarative.manifest.recipients.remote_file import RemoteFiles
from declarative.manifest.variables import Variables

__all__ = [
    "FileDescription",
    "RemoteFiles",
    "Variables",
    "describe_file",
    "find_enclosing_project",
    "find_nested_projects",
    "has_manifests",
    "list_named_files",
    "load_desired",
    "read_outline",
]
