"""Strategies: good files with some of their bytes, lines or values replaced."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from hypothesis import strategies as st

from tests.hostile_json import GARBAGE, encode, mutated

WORDS: Sequence[bytes] = (
    b"\0", b"\xff\xfe", b"\xef\xbb\xbf", b"\r", b"\n\n", b"\t", b'"', b"'", b",", b";", b":", b"#", b"- ", b"&a ",
    b"*a",
    b"<<: ", b"!!python/object:os.system ", b"? ", b"{", b"}", b"[" * 50, b"]", b"${var.x}", b"$${", b"~", b"null",
    b"true",
    b"no", b"-1", b"0x10", b"1e999", b"9" * 20, b".nan", b"2026-13-45T99:99:99Z", b"\x1b]0;x\x07", b"::error::x",
    b"\n::stop-commands::x\n", b"../..", b"/etc/passwd", b"s3://x/y", b"\xe2\x80\xae", b"\xc2\xa0", b"\xed\xa0\x80",
    "٣".encode(), "+1415•••".encode(), b"+14155550101", b"=cmd()", b"a" * 5000, b"dialctl/v1", b"__proto__",
)  # fmt: skip
"""What is put between the bytes of a good file."""

_Edit = Callable[[bytes, int, int, bytes], bytes]


def _swap_lines(content: bytes, first: int, second: int, _: bytes) -> bytes:
    lines = content.splitlines(keepends=True) or [b""]
    first, second = first % len(lines), second % len(lines)
    lines[first], lines[second] = lines[second], lines[first]
    return b"".join(lines)


def _drop_line(content: bytes, first: int, _second: int, _: bytes) -> bytes:
    lines = content.splitlines(keepends=True) or [b""]
    del lines[first % len(lines)]
    return b"".join(lines)


def _double_line(content: bytes, first: int, second: int, _: bytes) -> bytes:
    lines = content.splitlines(keepends=True) or [b""]
    lines.insert(second % len(lines), lines[first % len(lines)])
    return b"".join(lines)


def _flip_bit(content: bytes, first: int, second: int, _: bytes) -> bytes:
    place = first % max(1, len(content))
    return content[:place] + bytes(byte ^ 1 << second % 8 for byte in content[place : place + 1]) + content[place + 1 :]


def _insert(content: bytes, first: int, _second: int, word: bytes) -> bytes:
    place = first % (len(content) + 1)
    return content[:place] + word + content[place:]


def _replace(content: bytes, first: int, second: int, word: bytes) -> bytes:
    place = first % (len(content) + 1)
    return content[:place] + word + content[place + second % 30 :]


def _repeat(content: bytes, first: int, second: int, _: bytes) -> bytes:
    place = first % (len(content) + 1)
    part = content[place : place + 1 + second % 200]
    return content[:place] + part * (1 + second % 50) + content[place:]


def _cut(content: bytes, first: int, second: int, _: bytes) -> bytes:
    return content[: first % (len(content) + 1)] if second % 2 else content[first % (len(content) + 1) :]


_EDITS: Sequence[_Edit] = (_swap_lines, _drop_line, _double_line, _flip_bit, _insert, _replace, _repeat, _cut)


@st.composite
def mutated_bytes(draw: st.DrawFn, samples: Sequence[bytes], most_edits: int = 4) -> bytes:
    """A good file after one to `most_edits` edits."""
    content = draw(st.sampled_from(samples))
    places = st.integers(0, 1 << 16)
    for _ in range(draw(st.integers(1, most_edits))):
        edit = draw(st.sampled_from(_EDITS))
        content = edit(content, draw(places), draw(places), draw(st.sampled_from(WORDS)))
    return content


_TEXTS = st.text(max_size=20) | st.sampled_from([word.decode(errors="replace") for word in WORDS])
VALUES = st.recursive(
    st.sampled_from([*GARBAGE, True, 0, "1", "true", "+14155550101"]) | _TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_TEXTS, inner, max_size=4),
    max_leaves=8,
)
"""JSON values that are true of nothing."""


def mutated_json(samples: Sequence[Any]) -> st.SearchStrategy[bytes]:
    """A good JSON document with some of its values taken out, or replaced."""
    return st.sampled_from(samples).flatmap(lambda sample: mutated(sample, VALUES)).map(encode)
