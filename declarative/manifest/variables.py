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
        known = {
            name.removeprefix(PREFIX): value for name, value in self.environment.items() if name.startswith(PREFIX)
        }
        for file in self.files:
            known.update(_file(file, problems))
        return known | dict(self.command_line)


def substitute(document: Document, values: Mapping[str, str], problems: list[Problem]) -> Document:
    """The document with every reference in a value replaced, keys and metadata.name left alone."""
    if not document.templated:
        return document
    filling = _Filling(document, values, problems)
    value = filling.value(document.value, ())
    return replace(document, value=value, whole_variables=frozenset(filling.whole))


class _Filling:
    def __init__(self, document: Document, values: Mapping[str, str], problems: list[Problem]) -> None:
        self._document = document
        self._values = values
        self._problems = problems
        self.whole: set[Path] = set()

    def value(self, value: Json, path: Path) -> Json:
        match value:
            case str() if "${" in value and path != ("metadata", "name"):
                return self._text(value, path)
            case list():
                return [self.value(item, (*path, index)) for index, item in enumerate(value)]
            case dict():
                return {name: self.value(item, (*path, name)) for name, item in value.items()}
            case _:
                return value

    def _text(self, text: str, path: Path) -> str:
        if _WHOLE.fullmatch(text):
            self.whole.add(path)
        return _REFERENCE.sub(lambda reference: self._one(reference, path), text)

    def _one(self, reference: re.Match[str], path: Path) -> str:
        text, name = reference[0], reference[1]
        if text == "$${":
            return "${"
        if name is None:
            message = f"{wording.quoted(text)} is no variable"
            self._problems.append(self._document.problem(path, message, "write ${var.NAME}, or $${ for a literal ${"))
        elif name not in self._values:
            self._problems.append(self._document.problem(path, f'undefined variable "{name}"', self._hint(name)))
        elif not _is_text(self._values[name]):
            self._problems.append(self._document.problem(path, f'the value of variable "{name}" is not UTF-8'))
            return ""
        return self._values.get(name or "", "")

    def _hint(self, name: str) -> str:
        return (
            wording.did_you_mean(name, self._values) or f"give it with --var {name}=VALUE, --var-file or {PREFIX}{name}"
        )


def _is_text(value: str) -> bool:
    """Bytes of a command line or an environment that are no UTF-8 come as surrogates."""
    return not any("\ud800" <= letter <= "\udfff" for letter in value)


def _file(file: File, problems: list[Problem]) -> dict[str, str]:
    shown = files.shown(file)
    try:
        data = files.read(file, files.MANIFEST_LIMIT)
        text = read.decode(data)
    except files.Unusable as unusable:
        problems.append(Problem(shown, 0, 0, "", f"var file: {unusable.message}", unusable.hint))
        return {}
    except UnicodeDecodeError as error:
        problems.append(read.bad_encoding(shown, data, error))
        return {}
    values: dict[str, str] = {}
    for node in read.nodes(shown, text, problems):
        values |= _mapping(shown, node, problems)
    return values


def _mapping(shown: str, node: Node, problems: list[Problem]) -> dict[str, str]:
    """Scalars as they are written: `plan: 007` is the text 007."""
    if not isinstance(node, MappingNode):
        problems.append(_problem(shown, node, "a var file holds a mapping of names to texts"))
        return {}
    values: dict[str, str] = {}
    for key, value in node.value:
        if not (isinstance(key, ScalarNode) and isinstance(value, ScalarNode)):
            problems.append(_problem(shown, value, "expected a text, found a list or mapping"))
        elif key.value in values:
            problems.append(_problem(shown, key, f"duplicate key {wording.quoted(key.value)}"))
        else:
            values[key.value] = value.value
    return values


def _problem(shown: str, node: Node, message: str) -> Problem:
    return Problem(shown, node.start_mark.line + 1, node.start_mark.column + 1, "", message)
