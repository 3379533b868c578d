"""One YAML document with the places of its values, for messages. Does not know what a manifest means."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path as File
from typing import Any

from yaml.nodes import MappingNode, Node, SequenceNode

from declarative.errors import Problem
from declarative.manifest import messages
from declarative.manifest.messages import Path
from declarative.manifest.problems import ProblemCollector
from declarative.model.resource import Json


@dataclass(frozen=True)
class Document:
    """A parsed document. Positions are computed only on request, which is when a problem is reported."""

    file: File
    """The absolute path of the manifest file."""
    display_path: str
    """The same path as messages show it."""
    value: Json
    """The content as plain JSON values."""
    node: Node
    """The parsed YAML, which holds the positions."""
    templated: bool = False
    """True when the file contains `${` anywhere: only then are variables looked for."""
    whole_variables: frozenset[Path] = field(default=frozenset())
    """Paths of values that were exactly one `${var.NAME}`: these can become numbers and booleans."""
    filled_paths: frozenset[Path] = field(default=frozenset())
    """Paths of values that a variable is a part of, so that each may hold a secret."""

    def position(self, path: Path, *, key: bool = False) -> tuple[int, int]:
        """Line and column, from 1, of the value at `path`, or of its nearest parent that exists. With `key`: of the
        key in front of the value."""
        node, last = self.node, self.node
        for step in path:
            name, child = _child_node(node, step)
            if child is None:
                return _start_position(last)
            last, node = (name if key and name is not None else child), child
        return _start_position(last)

    def location(self, path: Path) -> str:
        """`file:line:column` of the value at `path`."""
        line, column = self.position(path)
        return f"{self.display_path}:{line}:{column}"

    def problem(self, path: Path, message: str, hint: str = "", *, key: bool = False) -> Problem:
        line, column = self.position(path, key=key)
        if path in self.filled_paths and (text := self._text_at(path)):
            message = message.replace(messages.quote(text), messages.OF_VARIABLE)
        return Problem(self.display_path, line, column, messages.format_path(path), message, hint)

    def more_problem(self, path: Path, count: int, noun: str) -> Problem:
        """One problem that stands for `count` further ones of a kind, from `path` on."""
        return replace(self.problem(path, messages.and_more(count, noun), messages.EVERY_PROBLEM), count=count)

    def _text_at(self, path: Path) -> str:
        value: Any = self.value
        for step in path:
            value = value[step]
        return str(value)


@dataclass(frozen=True)
class DocumentSection:
    """A part of a document, with the collector for what is wrong in it."""

    document: Document
    """The document that contains the section."""
    path: Path
    """Where the section is in the document; empty for the whole document."""
    problems: ProblemCollector
    """Takes the problems of the section."""

    def at(self, *steps: str | int) -> DocumentSection:
        """The section at a key or index further inside."""
        return replace(self, path=(*self.path, *steps))

    def report(self, message: str, hint: str = "", *, key: bool = False) -> None:
        """Add a problem at this section; with `key`, at the key in front of it."""
        self.problems.add(self.document.problem(self.path, message, hint, key=key))


@dataclass(frozen=True)
class Origin:
    """A value of a resource and the place where it is written. For a default that place is in the Project."""

    value: Any
    """The value as the schema accepted it; wrong entries of lists are None."""
    document: Document
    """The document that contains the value."""
    path: Path
    """Where the value is in that document."""

    @property
    def is_from_variable(self) -> bool:
        """Whether a variable is a part of the value."""
        return any(path[: len(self.path)] == self.path for path in self.document.filled_paths)

    def problem(self, message: str, hint: str = "", *, inner: Path = ()) -> Problem:
        """A problem with the value, or with the part of it at `inner`."""
        return self.document.problem((*self.path, *inner), message, hint)


def _child_node(node: Node, step: str | int) -> tuple[Node | None, Node | None]:
    """The key node (None in a list) and the value node at `step`; both None when there is no such entry."""
    if isinstance(node, MappingNode):
        for name, value in node.value:
            if name.value == step:
                return name, value
    elif isinstance(node, SequenceNode) and isinstance(step, int) and step < len(node.value):
        return None, node.value[step]
    return None, None


def _start_position(node: Node) -> tuple[int, int]:
    return node.start_mark.line + 1, node.start_mark.column + 1
