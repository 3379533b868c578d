"""Reads YAML text into documents: strictly, within bounds, and with clear messages. Does not know manifests.

libyaml composes the nodes. The values are built here, because PyYAML's constructor turns `no` into False and dates into
objects, and silently keeps only the second of two equal keys.
"""

from __future__ import annotations

import codecs
import math
import re
from collections.abc import Iterator
from pathlib import Path as File
from typing import Any

import yaml
from yaml.composer import Composer
from yaml.nodes import Node, ScalarNode, SequenceNode
from yaml.parser import Parser
from yaml.reader import Reader, ReaderError
from yaml.scanner import Scanner

from declarative.errors import Problem
from declarative.manifest.document import Document
from declarative.manifest.messages import and_more, quote
from declarative.manifest.problems import ProblemCollector
from declarative.model.digest import WrittenNumber
from declarative.model.resource import Json
from declarative.privacy import clean

MAX_VALUES = 1_000_000
"""Values of one document, at most, with aliases expanded."""
MAX_DEPTH = 60

# Tags are compared by identity: a manifest can write the same text, but cannot produce the same object.
_TEXT, _PLAIN, _CONTAINER = "(text)", "(plain)", "(container)"
_PLAIN_STARTS = frozenset("-0123456789ntfNTF~")
_WORDS: dict[str, Json] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
# A number is only what every YAML version reads as a number and people write as one. Other texts with digits would lose
# something as a number: 0x1F, 1e5, 1_000, 007 and 1. may be customer ids, +1415 is the start of a phone number.
_INTEGER = re.compile(r"0|-?[1-9][0-9]*")
_FLOAT = re.compile(r"-?(0|[1-9][0-9]*)\.[0-9]+([eE][-+][0-9]+)?")
_BOMS = ((codecs.BOM_UTF32_LE, "utf-32"), (codecs.BOM_UTF32_BE, "utf-32"), (codecs.BOM_UTF16_LE, "utf-16"),
         (codecs.BOM_UTF16_BE, "utf-16"), (codecs.BOM_UTF8, "utf-8-sig"))  # fmt: skip


class _UnsupportedYaml(Exception):
    """YAML that the standard allows and this reader refuses; `mark` is its position."""

    def __init__(self, mark: yaml.Mark | None, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.mark, self.message, self.hint = mark, message, hint


class _Resolver:
    """The hooks that a composer calls for each node. They enforce the bounds and tag each node by how to read it."""

    _values = 0
    _depth = 0

    def resolve(self, kind: type[Node], value: str | None, implicit: Any) -> str:
        self._values += 1
        if self._values > MAX_VALUES:
            raise _too_many_values(None)
        if kind is not ScalarNode:
            return _CONTAINER
        return _PLAIN if implicit[0] and (not value or value[0] in _PLAIN_STARTS) else _TEXT

    def descend_resolver(self, parent: Node | None, index: object) -> None:
        # libyaml composes by recursion in C. Without this bound a text of many brackets crashes the process.
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise _UnsupportedYaml(parent.start_mark if parent else None, f"nested deeper than {MAX_DEPTH} levels")

    def ascend_resolver(self) -> None:
        self._depth -= 1


class PythonComposer(_Resolver, Reader, Scanner, Parser, Composer):
    """Composes without libyaml, for systems whose PyYAML lacks it."""

    def __init__(self, text: str) -> None:
        Reader.__init__(self, text)
        Scanner.__init__(self)
        Parser.__init__(self)
        Composer.__init__(self)

    def dispose(self) -> None:
        """No-op. Only libyaml's parser has something to release."""


def _composer_class() -> type[Any]:
    try:
        from yaml._yaml import CParser
    except ImportError:
        return PythonComposer
    return type("FastComposer", (_Resolver, CParser), {})


COMPOSER = _composer_class()


def decode_text(data: bytes) -> str:
    """Decode UTF-8, or UTF-16 and UTF-32 with a byte order mark. Raises UnicodeDecodeError."""
    encoding = next((name for bom, name in _BOMS if data.startswith(bom)), "utf-8")
    return data.decode(encoding)


def encoding_problem(display_path: str, data: bytes, error: UnicodeDecodeError) -> Problem:
    """The problem at the first byte that cannot be decoded."""
    before = data[: error.start]
    line, column = before.count(b"\n") + 1, error.start - before.rfind(b"\n")
    message = f"not {error.encoding.upper()}: byte 0x{data[error.start]:02x} at byte position {error.start}"
    return Problem(display_path, line, column, "", message, "save the file as UTF-8")


def read_documents(file: File, display_path: str, data: bytes, problems: ProblemCollector) -> list[Document]:
    """Read the documents of a file without empty ones. What cannot be read is added to `problems`."""
    try:
        text = decode_text(data)
    except UnicodeDecodeError as error:
        problems.add(encoding_problem(display_path, data, error))
        return []
    parsed_documents, templated = [], "${" in text
    for node in parse_nodes(display_path, text, problems):
        value = _ValueBuilder(display_path, problems).build(node)
        if value is not None:
            parsed_documents.append(Document(file, display_path, value, node, templated=templated))
    return parsed_documents


def parse_nodes(display_path: str, text: str, problems: ProblemCollector) -> Iterator[Node]:
    """Yield the root node of each document. Stops at the first that cannot be parsed and adds it to `problems`."""
    composer: Any = None
    try:
        composer = COMPOSER(text)
        while composer.check_node():
            yield composer.get_node()
    except yaml.YAMLError as error:
        problems.add(_syntax_problem(display_path, text, error))
    except _UnsupportedYaml as unsupported:
        problems.add(_yaml_problem(display_path, unsupported))
    finally:
        if composer is not None:
            composer.dispose()


class _ValueBuilder:
    """Builds the value of one document from its nodes. A repeated key is reported and reading goes on; anything else
    that is wrong ends the document."""

    def __init__(self, display_path: str, problems: ProblemCollector) -> None:
        self._display_path = display_path
        self._problems = problems
        self._built: dict[int, tuple[Json, int]] = {}
        self._open: set[int] = set()
        self._count = 0

    def build(self, node: Node) -> Json:
        try:
            return self._build_value(node)
        except _UnsupportedYaml as unsupported:
            self._problems.add(_yaml_problem(self._display_path, unsupported))
            return None

    def _build_value(self, node: Node) -> Json:
        self._count += 1
        if isinstance(node, ScalarNode):
            return _scalar_value(node)
        built_value = self._built.get(id(node))
        if built_value is not None:  # an alias: the value is shared, but code that walks it meets it again
            self._count += built_value[1]
            if self._count > MAX_VALUES:
                raise _too_many_values(node.start_mark)
            return built_value[0]
        return self._build_container(node)

    def _build_container(self, node: Node) -> Json:
        if id(node) in self._open:
            raise _UnsupportedYaml(node.start_mark, "an alias that contains itself")
        if node.tag is not _CONTAINER:
            raise _tag_error(node)
        self._open.add(id(node))
        before = self._count
        value: Json = (
            [self._build_value(item) for item in node.value]
            if isinstance(node, SequenceNode)
            else self._build_mapping(node)
        )
        self._open.discard(id(node))
        self._built[id(node)] = (value, self._count - before)
        return value

    def _build_mapping(self, node: Node) -> Json:
        value: dict[str, Json] = {}
        first_keys: dict[str, Node] = {}
        repeated: list[Node] = []
        for key, item in node.value:
            name = _key_text(key)
            if first_keys.setdefault(name, key) is not key:
                repeated.append(key)
            self._count += 1
            value[name] = item.value if item.tag is _TEXT else self._build_value(item)
        if repeated:
            self._report_repeated(first_keys, repeated)
        return value

    def _report_repeated(self, first_keys: dict[str, Node], repeated: list[Node]) -> None:
        most_described = self._problems.most_described
        for key in repeated[:most_described]:
            self._problems.add(_duplicate_key_problem(self._display_path, first_keys[key.value], key))
        if others := repeated[most_described:]:
            mark, message = others[0].start_mark, and_more(len(others), "duplicate key")
            self._problems.add(
                Problem(self._display_path, mark.line + 1, mark.column + 1, "", message, count=len(others))
            )


def _key_text(node: Node) -> str:
    if not isinstance(node, ScalarNode):
        raise _UnsupportedYaml(node.start_mark, "a key that is a list or mapping", "keys are text; quote braces")
    if node.value == "<<" and not node.style:
        raise _UnsupportedYaml(
            node.start_mark, 'merge keys ("<<") are not supported', "write the fields out, or use defaults"
        )
    if node.tag is not _TEXT and node.tag is not _PLAIN:
        raise _tag_error(node)
    return str(node.value)


def _scalar_value(node: ScalarNode) -> Json:
    if node.tag is _TEXT or node.tag == "tag:yaml.org,2002:str":
        return str(node.value)
    if node.tag is not _PLAIN:
        raise _tag_error(node)
    try:
        return _parse_plain(str(node.value))
    except ValueError as error:
        raise _UnsupportedYaml(node.start_mark, str(error), "put it in quotes to keep it as text") from None


def _parse_plain(text: str) -> Json:
    """The value of a text without quotes. Raises ValueError for a number that is too large."""
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.fullmatch(text):
        number = int(text) if len(text) <= 24 else None
        if number is not None and -(1 << 63) <= number < 1 << 64:
            return number
    elif not _FLOAT.fullmatch(text):
        return text
    elif math.isfinite(real := float(text)):
        return real if str(real) == text else WrittenNumber(text)
    raise ValueError(f"the number {quote(text)} is too large")


def _too_many_values(mark: yaml.Mark | None) -> _UnsupportedYaml:
    return _UnsupportedYaml(
        mark,
        f"more than {MAX_VALUES:,} values, aliases expanded",
        "keep people in a recipients file (recipients_from)",
    )


def _tag_error(node: Node) -> _UnsupportedYaml:
    tag = str(node.tag).replace("tag:yaml.org,2002:", "!!")
    return _UnsupportedYaml(node.start_mark, f"the tag {quote(tag)} is not supported", "leave the tag out")


def _duplicate_key_problem(display_path: str, first_key: Node, key: Node) -> Problem:
    first = first_key.start_mark
    message = f"duplicate key {quote(key.value)}, first at line {first.line + 1}, column {first.column + 1}"
    return Problem(display_path, key.start_mark.line + 1, key.start_mark.column + 1, "", message, "keep one of them")


def _yaml_problem(display_path: str, unsupported: _UnsupportedYaml) -> Problem:
    line, column = (unsupported.mark.line + 1, unsupported.mark.column + 1) if unsupported.mark else (0, 0)
    return Problem(display_path, line, column, "", unsupported.message, unsupported.hint)


def _syntax_problem(display_path: str, text: str, error: yaml.YAMLError) -> Problem:
    if isinstance(error, ReaderError):
        before = text[: error.position]
        line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
        return Problem(display_path, line, column, "", f"not YAML: {error.reason}")
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    line, column = (mark.line + 1, mark.column + 1) if mark else (0, 0)
    lines = text.splitlines()
    line_text = lines[line - 1] if 0 < line <= len(lines) else ""
    if "\t" in line_text[: len(line_text) - len(line_text.lstrip())]:
        return Problem(
            display_path, line, line_text.index("\t") + 1, "", "a tab in the indentation", "indent with spaces"
        )
    reason = " ".join(filter(None, (getattr(error, "context", None), getattr(error, "problem", None))))
    return Problem(display_path, line, column, "", clean(f"not YAML: {reason or error}"))
