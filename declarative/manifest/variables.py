"""`${var.NAME}` in manifests: where the values come from, and how they are put in.

A manifest may come from a stranger, and the environment of the machine holds keys. So only environment variables named
DIALCTL_VAR_* are read.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path as File

from yaml.nodes import MappingNode, Node, ScalarNode

from declarative.errors import Problem
from declarative.manifest import messages, paths, yaml_reader
from declarative.manifest.document import Document
from declarative.manifest.messages import Path
from declarative.manifest.problems import ProblemCollector
from declarative.model.resource import Json

PREFIX = "DIALCTL_VAR_"

_REFERENCE = re.compile(r"\$\$\{|\$\{(?:var\.([A-Za-z_][A-Za-z0-9_]*)\}|([^}]{0,40}\}?))")
_WHOLE = re.compile(r"\$\{var\.[A-Za-z_][A-Za-z0-9_]*\}")

_LONGEST_SHOWN = 60
"""Characters of a name that a hint repeats."""


@dataclass(frozen=True)
class Variables:
    """Where values come from. The command line wins over var files, and var files win over the environment."""

    command_line: Mapping[str, str] = field(default_factory=dict)
    """Values of `--var NAME=VALUE`, by name."""
    files: Sequence[File] = ()
    """Var files of `--var-file`. A later file wins over an earlier one."""
    environment: Mapping[str, str] = field(default_factory=dict)
    """The whole environment. Only names that begin with DIALCTL_VAR_ are read."""

    def values(self, problems: ProblemCollector) -> dict[str, str]:
        """Every known value by name. Var files that cannot be read are added to `problems`."""
        values = {
            name.removeprefix(PREFIX): value for name, value in self.environment.items() if name.startswith(PREFIX)
        }
        for file in self.files:
            values.update(_read_var_file(file, problems))
        return values | dict(self.command_line)


def substitute_variables(document: Document, values: Mapping[str, str], problems: ProblemCollector) -> Document:
    """Replace every reference in a value. Keys and metadata.name stay as they are."""
    if not document.templated:
        return document
    substitution = _Substitution(document, values, problems)
    value = substitution.fill(document.value, ())
    return replace(
        document,
        value=value,
        whole_variables=frozenset(substitution.whole_variables),
        filled_paths=frozenset(substitution.filled_paths),
    )


class _Substitution:
    """Fills the variables of one document, and remembers which values have one or are exactly one."""

    def __init__(self, document: Document, values: Mapping[str, str], problems: ProblemCollector) -> None:
        self._document = document
        self._values = values
        self._problems = problems
        self.whole_variables: set[Path] = set()
        self.filled_paths: set[Path] = set()

    def fill(self, value: Json, path: Path) -> Json:
        match value:
            case str() if "${" in value and path != ("metadata", "name"):
                return self._fill_text(value, path)
            case list():
                return [self.fill(item, (*path, index)) for index, item in enumerate(value)]
            case dict():
                return {name: self.fill(item, (*path, name)) for name, item in value.items()}
            case _:
                return value

    def _fill_text(self, text: str, path: Path) -> str:
        if _WHOLE.fullmatch(text):
            self.whole_variables.add(path)
        return _REFERENCE.sub(lambda reference: self._fill_reference(reference, path), text)

    def _fill_reference(self, reference: re.Match[str], path: Path) -> str:
        text, name = reference[0], reference[1]
        if text == "$${":
            return "${"
        if name is None:
            message = f"{messages.quote(text)} is not a variable"
            self._report(path, message, "write ${var.NAME}, or $${ for a literal ${")
        elif name not in self._values:
            self._report(path, f"undefined variable {messages.quote(name)}", self._variable_hint(name))
        elif not _is_text(self._values[name]):
            self._report(path, f'the value of variable "{name}" is not UTF-8')
            return ""
        self.filled_paths.add(path)
        return self._values.get(name or "", "")

    def _report(self, path: Path, message: str, hint: str = "") -> None:
        self._problems.add(self._document.problem(path, message, hint))

    def _variable_hint(self, name: str) -> str:
        suggestion = messages.did_you_mean(name, self._values)
        shown = name if len(name) <= _LONGEST_SHOWN else "NAME"
        return suggestion or f"give it with --var {shown}=VALUE, --var-file or {PREFIX}{shown}"


def _is_text(value: str) -> bool:
    """Python passes bytes of a command line or environment that are not UTF-8 as surrogates."""
    return not any("\ud800" <= letter <= "\udfff" for letter in value)


def _read_var_file(file: File, problems: ProblemCollector) -> dict[str, str]:
    display_path = paths.display_path(file)
    try:
        data = paths.read_file(file, paths.MANIFEST_LIMIT)
        text = yaml_reader.decode_text(data)
    except paths.UnusableFile as unusable:
        problems.add(Problem(display_path, 0, 0, "", f"var file: {unusable.message}", unusable.hint))
        return {}
    except UnicodeDecodeError as error:
        problems.add(yaml_reader.encoding_problem(display_path, data, error))
        return {}
    values: dict[str, str] = {}
    for node in yaml_reader.parse_nodes(display_path, text, problems):
        values |= _read_var_mapping(display_path, node, problems)
    return values


def _read_var_mapping(display_path: str, node: Node, problems: ProblemCollector) -> dict[str, str]:
    """Scalars as they are written: `plan: 007` is the text 007."""
    if not isinstance(node, MappingNode):
        problems.add(_node_problem(display_path, node, "a var file holds a mapping of names to texts"))
        return {}
    values: dict[str, str] = {}
    for key, value in node.value:
        if not (isinstance(key, ScalarNode) and isinstance(value, ScalarNode)):
            problems.add(_node_problem(display_path, value, "expected a text, found a list or mapping"))
        elif key.value in values:
            problems.add(_node_problem(display_path, key, f"duplicate key {messages.quote(key.value)}"))
        else:
            values[key.value] = value.value
    return values


def _node_problem(display_path: str, node: Node, message: str) -> Problem:
    return Problem(display_path, node.start_mark.line + 1, node.start_mark.column + 1, "", message)
