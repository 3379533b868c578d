"""YAML text to documents: strict, bounded, and with plain words for what is wrong. Knows nothing of
manifests.

Composing is left to libyaml; values are built here, because PyYAML's constructor turns `no` into False, dates
into objects and the second of two equal keys into the only one.
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
from declarative.manifest.messages import quoted
from declarative.model.resource import Json
from declarative.privacy import clean

MAX_VALUES = 1_000_000
MAX_DEPTH = 60

# Compared by identity: a manifest can write any tag, these very objects it cannot.
_TEXT, _PLAIN, _CONTAINER = "(text)", "(plain)", "(container)"
_PLAIN_STARTS = frozenset("-0123456789ntfNTF~")
_WORDS: dict[str, Json] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
# A number is what every YAML reads as one and everybody writes as one; whatever else has digits is somebody's text, and
# would be lost as a number: 0x1F, 1e5, 1_000, 007 and 1. are customer ids, +1415 is a phone number.
_INTEGER = re.compile(r"0|-?[1-9][0-9]*")
_FLOAT = re.compile(r"-?(0|[1-9][0-9]*)\.[0-9]+([eE][-+][0-9]+)?")
_BOMS = ((codecs.BOM_UTF32_LE, "utf-32"), (codecs.BOM_UTF32_BE, "utf-32"), (codecs.BOM_UTF16_LE, "utf-16"),
         (codecs.BOM_UTF16_BE, "utf-16"), (codecs.BOM_UTF8, "utf-8-sig"))  # fmt: skip


class _Refused(Exception):
    """Something YAML allows and we do not, at a node or a mark."""

    def __init__(self, mark: yaml.Mark | None, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.mark, self.message, self.hint = mark, message, hint


class _Resolver:
    """The hooks that a composer calls for each node: bounds, and which scalars may be more than text."""

    _values = 0
    _depth = 0

    def resolve(self, kind: type[Node], value: str | None, implicit: Any) -> str:
        self._values += 1
        if self._values > MAX_VALUES:
            raise _too_many(None)
        if kind is not ScalarNode:
            return _CONTAINER
        return _PLAIN if implicit[0] and (not value or value[0] in _PLAIN_STARTS) else _TEXT

    def descend_resolver(self, parent: Node | None, index: object) -> None:
        # libyaml composes by recursion in C: without this bound a text of brackets ends the process.
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise _Refused(parent.start_mark if parent else None, f"nested deeper than {MAX_DEPTH} levels")

    def ascend_resolver(self) -> None:
        self._depth -= 1


class PythonComposer(_Resolver, Reader, Scanner, Parser, Composer):
    def __init__(self, text: str) -> None:
        Reader.__init__(self, text)
        Scanner.__init__(self)
        Parser.__init__(self)
        Composer.__init__(self)

    def dispose(self) -> None:
        """What libyaml's parser needs and this one does not."""


def _composer() -> type[Any]:
    try:
        from yaml._yaml import CParser
    except ImportError:
        return PythonComposer
    return type("FastComposer", (_Resolver, CParser), {})


COMPOSER = _composer()


def decode(data: bytes) -> str:
    """The text of a file in UTF-8, or in UTF-16 or UTF-32 with a byte order mark. Raises
    UnicodeDecodeError."""
    encoding = next((name for bom, name in _BOMS if data.startswith(bom)), "utf-8")
    return data.decode(encoding)


def bad_encoding(shown: str, data: bytes, error: UnicodeDecodeError) -> Problem:
    before = data[: error.start]
    line, column = before.count(b"\n") + 1, error.start - before.rfind(b"\n")
    message = f"not {error.encoding.upper()}: byte 0x{data[error.start]:02x} at byte position {error.start}"
    return Problem(shown, line, column, "", message, "save the file as UTF-8")


def documents(file: File, shown: str, data: bytes, problems: list[Problem]) -> list[Document]:
    """The documents of a file, empty ones left out. What cannot be read is added to `problems`."""
    try:
        text = decode(data)
    except UnicodeDecodeError as error:
        problems.append(bad_encoding(shown, data, error))
        return []
    read = []
    for node in nodes(shown, text, problems):
        value = _Builder(shown, problems).whole(node)
        if value is not None:
            read.append(Document(file, shown, value, node, templated="${" in text))
    return read


def nodes(shown: str, text: str, problems: list[Problem]) -> Iterator[Node]:
    """The root node of each document, up to the first that cannot be parsed, which is added to `problems`."""
    composer: Any = None
    try:
        composer = COMPOSER(text)
        while composer.check_node():
            yield composer.get_node()
    except yaml.YAMLError as error:
        problems.append(_syntax_problem(shown, text, error))
    except _Refused as refused:
        problems.append(_refused_problem(shown, refused))
    finally:
        if composer is not None:
            composer.dispose()


class _Builder:
    """Values from the nodes of one document. Repeated keys are collected; anything else ends the document."""

    def __init__(self, shown: str, problems: list[Problem]) -> None:
        self._shown = shown
        self._problems = problems
        self._built: dict[int, tuple[Json, int]] = {}
        self._open: set[int] = set()
        self._count = 0

    def whole(self, node: Node) -> Json:
        try:
            return self._value(node)
        except _Refused as refused:
            self._problems.append(_refused_problem(self._shown, refused))
            return None

    def _value(self, node: Node) -> Json:
        self._count += 1
        if isinstance(node, ScalarNode):
            return _scalar(node)
        known = self._built.get(id(node))
        if known is not None:  # reached by an alias: shared here, but whoever walks the value meets it again
            self._count += known[1]
            if self._count > MAX_VALUES:
                raise _too_many(node.start_mark)
            return known[0]
        return self._container(node)

    def _container(self, node: Node) -> Json:
        if id(node) in self._open:
            raise _Refused(node.start_mark, "an alias that contains itself")
        if node.tag is not _CONTAINER:
            raise _unknown_tag(node)
        self._open.add(id(node))
        before = self._count
        value: Json = (
            [self._value(item) for item in node.value] if isinstance(node, SequenceNode) else self._mapping(node)
        )
        self._open.discard(id(node))
        self._built[id(node)] = (value, self._count - before)
        return value

    def _mapping(self, node: Node) -> Json:
        value: dict[str, Json] = {}
        for key, item in node.value:
            name = _key(key)
            if name in value:
                self._problems.append(_duplicate(self._shown, node, key))
            self._count += 1
            value[name] = item.value if item.tag is _TEXT else self._value(item)
        return value


def _key(node: Node) -> str:
    if not isinstance(node, ScalarNode):
        raise _Refused(node.start_mark, "a key that is a list or mapping", "keys are text; quote braces")
    if node.value == "<<" and not node.style:
        raise _Refused(node.start_mark, 'merge keys ("<<") are not supported', "write the fields out, or use defaults")
    if node.tag is not _TEXT and node.tag is not _PLAIN:
        raise _unknown_tag(node)
    return str(node.value)


def _scalar(node: ScalarNode) -> Json:
    if node.tag is _TEXT or node.tag == "tag:yaml.org,2002:str":
        return str(node.value)
    if node.tag is not _PLAIN:
        raise _unknown_tag(node)
    try:
        return _plain(str(node.value))
    except ValueError as error:
        raise _Refused(node.start_mark, str(error), "put it in quotes to keep it as text") from None


def _plain(text: str) -> Json:
    """What a text without quotes stands for. Raises ValueError for a number that is too large."""
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.fullmatch(text):
        number = int(text) if len(text) <= 24 else None
        if number is not None and -(1 << 63) <= number < 1 << 64:
            return number
    elif not _FLOAT.fullmatch(text):
        return text
    elif math.isfinite(real := float(text)):
        return real
    raise ValueError(f"the number {quoted(text)} is too large")


def _too_many(mark: yaml.Mark | None) -> _Refused:
    return _Refused(
        mark,
        f"more than {MAX_VALUES:,} values, aliases expanded",
        "keep people in a recipients file (recipients_from)",
    )


def _unknown_tag(node: Node) -> _Refused:
    tag = str(node.tag).replace("tag:yaml.org,2002:", "!!")
    return _Refused(node.start_mark, f"the tag {quoted(tag)} is not supported", "leave the tag out")


def _duplicate(shown: str, mapping: Node, key: Node) -> Problem:
    first = next(other for other, _ in mapping.value if other.value == key.value).start_mark
    message = f"duplicate key {quoted(key.value)}, first at line {first.line + 1}, column {first.column + 1}"
    return Problem(shown, key.start_mark.line + 1, key.start_mark.column + 1, "", message, "keep one of them")


def _refused_problem(shown: str, refused: _Refused) -> Problem:
    line, column = (refused.mark.line + 1, refused.mark.column + 1) if refused.mark else (0, 0)
    return Problem(shown, line, column, "", refused.message, refused.hint)


def _syntax_problem(shown: str, text: str, error: yaml.YAMLError) -> Problem:
    if isinstance(error, ReaderError):
        before = text[: error.position]
        line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
        return Problem(shown, line, column, "", f"not YAML: {error.reason}")
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    line, column = (mark.line + 1, mark.column + 1) if mark else (0, 0)
    lines = text.splitlines()
    row = lines[line - 1] if 0 < line <= len(lines) else ""
    if "\t" in row[: len(row) - len(row.lstrip())]:
        return Problem(shown, line, row.index("\t") + 1, "", "a tab in the indentation", "indent with spaces")
    reason = " ".join(filter(None, (getattr(error, "context", None), getattr(error, "problem", None))))
    return Problem(shown, line, column, "", clean(f"not YAML: {reason or error}"))
