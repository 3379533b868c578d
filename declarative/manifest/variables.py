"""`${var.NAME}` in manifests: where values come from, and putting them in. Of the environment only
DIALCTL_VAR_* is ever looked at, since a manifest may come from a stranger and the machine holds keys."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path as File

from yaml.nodes import MappingNode, Node, ScalarNode

from declarative.errors import Problem
from declarative.manifest import messages as wording
from declarative.manifest import paths as files
from declarative.manifest import yaml_reader as read
from declarative.manifest.document import Document
from declarative.manifest.messages import Path
from declarative.model.resource import Json

PREFIX = "DIALCTL_VAR_"

_REFERENCE = re.compile(r"\$\$\{|\$\{(?:var\.([A-Za-z_][A-Za-z0-9_]*)\}|([^}]{0,40}\}?))")
_WHOLE = re.compile(r"\$\{var\.[A-Za-z_][A-Za-z0-9_]*\}")


@dataclass(frozen=True)
class Variables:
    """Values by name: of the command line, of var files (the last one wins), of the environment, in this
    order."""

    command_line: Mapping[str, str] = field(default_factory=dict)
    files: Sequence[File] = ()
    environment: Mapping[str, str] = field(default_factory=dict)

    def values(self, problems: list[Problem]) -> dict[str, str]:
        """Every known value by name; unreadable var files are added to `problems`."""
        values = {
            name.removeprefix(PREFIX): value for name, value in self.environment.items() if name.startswith(PREFIX)
        }
        for file in self.files:
            values.update(_read_var_file(file, problems))
        return values | dict(self.command_line)


def substitute_variables(document: Document, values: Mapping[str, str], problems: list[Problem]) -> Document:
    """The document with every reference in a value replaced, keys and metadata.name left alone."""
    if not document.templated:
        return document
    substitution = _Substitution(document, values, problems)
    value = substitution.fill(document.value, ())
    return replace(document, value=value, whole_variables=frozenset(substitution.whole_variables))


class _Substitution:
    def __init__(self, document: Document, values: Mapping[str, str], problems: list[Problem]) -> None:
        self._document = document
        self._values = values
        self._problems = problems
        self.whole_variables: set[Path] = set()

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
            message = f"{wording.quote(text)} is no variable"
            self._problems.append(self._document.problem(path, message, "write ${var.NAME}, or $${ for a literal ${"))
        elif name not in self._values:
            self._problems.append(
                self._document.problem(path, f'undefined variable "{name}"', self._variable_hint(name))
            )
        elif not _is_text(self._values[name]):
            self._problems.append(self._document.problem(path, f'the value of variable "{name}" is not UTF-8'))
            return ""
        return self._values.get(name or "", "")

    def _variable_hint(self, name: str) -> str:
        return (
            wording.did_you_mean(name, self._values) or f"give it with --var {name}=VALUE, --var-file or {PREFIX}{name}"
        )


def _is_text(value: str) -> bool:
    """Bytes of a command line or an environment that are no UTF-8 come as surrogates."""
    return not any("\ud800" <= letter <= "\udfff" for letter in value)


def _read_var_file(file: File, problems: list[Problem]) -> dict[str, str]:
    display_path = files.display_path(file)
    try:
        data = files.read_file(file, files.MANIFEST_LIMIT)
        text = read.decode_text(data)
    except files.UnusableFile as unusable:
        problems.append(Problem(display_path, 0, 0, "", f"var file: {unusable.message}", unusable.hint))
        return {}
    except UnicodeDecodeError as error:
        problems.append(read.encoding_problem(display_path, data, error))
        return {}
    values: dict[str, str] = {}
    for node in read.parse_nodes(display_path, text, problems):
        values |= _read_var_mapping(display_path, node, problems)
    return values


def _read_var_mapping(display_path: str, node: Node, problems: list[Problem]) -> dict[str, str]:
    """Scalars as they are written: `plan: 007` is the text 007."""
    if not isinstance(node, MappingNode):
        problems.append(_node_problem(display_path, node, "a var file holds a mapping of names to texts"))
        return {}
    values: dict[str, str] = {}
    for key, value in node.value:
        if not (isinstance(key, ScalarNode) and isinstance(value, ScalarNode)):
            problems.append(_node_problem(display_path, value, "expected a text, found a list or mapping"))
        elif key.value in values:
            problems.append(_node_problem(display_path, key, f"duplicate key {wording.quote(key.value)}"))
        else:
            values[key.value] = value.value
    return values


def _node_problem(display_path: str, node: Node, message: str) -> Problem:
    return Problem(display_path, node.start_mark.line + 1, node.start_mark.column + 1, "", message)
