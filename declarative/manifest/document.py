"""One YAML document with the places of its values, for messages. Knows nothing of what a manifest means."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path as File

from yaml.nodes import MappingNode, Node, SequenceNode

from declarative.errors import Problem
from declarative.manifest import messages as wording
from declarative.manifest.messages import Path
from declarative.model.resource import Json


@dataclass(frozen=True)
class Document:
    """`value` as plain JSON values, `node` as parsed. `templated`: its file has a `${` somewhere.
    `whole_variables` are the paths of values that were exactly one `${var.NAME}`. Positions are looked up
    when asked for, which is only when something is wrong."""

    file: File
    display_path: str
    value: Json
    node: Node
    templated: bool = False
    whole_variables: frozenset[Path] = field(default=frozenset())

    def position(self, path: Path, *, key: bool = False) -> tuple[int, int]:
        """Line and column, from 1, of the value at `path` (of its key with `key`), or of the nearest that
        exists."""
        node, last = self.node, self.node
        for step in path:
            name, child = _child_node(node, step)
            if child is None:
                return _start_position(last)
            last, node = (name if key and name is not None else child), child
        return _start_position(last)

    def problem(self, path: Path, message: str, hint: str = "", *, key: bool = False) -> Problem:
        line, column = self.position(path, key=key)
        return Problem(self.display_path, line, column, wording.format_path(path), message, hint)

    def more_problem(self, path: Path, count: int, noun: str) -> Problem:
        """Those problems of one kind, from `path` on, that are not described one by one."""
        return replace(self.problem(path, wording.and_more(count, noun)), count=count)


def _child_node(node: Node, step: str | int) -> tuple[Node | None, Node | None]:
    if isinstance(node, MappingNode):
        for name, value in node.value:
            if name.value == step:
                return name, value
    elif isinstance(node, SequenceNode) and isinstance(step, int) and step < len(node.value):
        return None, node.value[step]
    return None, None


def _start_position(node: Node) -> tuple[int, int]:
    return node.start_mark.line + 1, node.start_mark.column + 1
