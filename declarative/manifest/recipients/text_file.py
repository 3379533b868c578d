"""Reads text files of recipients as UTF-8 bytes, whatever their encoding. Unpacks gzip, within a bound."""

from __future__ import annotations

import codecs
import zlib

from declarative.manifest.messages import quote
from declarative.manifest.recipients.source import Source, UnreadableFile

MOST_UNPACKED = 512 << 20
"""Bytes that a packed file may unfold to."""
_MOST_TIMES = 100
"""How many times its size a packed file may unfold to, beyond 64 MiB. Lists of people reach about ten times."""
_CHUNK = 1 << 20
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_LFS_POINTER = b"version https://git-lfs.github.com/spec/"


def read_text(source: Source) -> bytes:
    """The text of the file as UTF-8, without byte order marks. Raises UnreadableFile."""
    data = _unpack(source) if source.is_packed else source.file.read_bytes()
    refuse_pointer(source, data[:_CHUNK])
    if source.encoding:
        data = _decode(source, data, source.encoding).encode()
    elif mark := next((encoding for mark, encoding in _MARKS if data.startswith(mark)), ""):
        data = _decode(source, data, mark).encode()
    while data.startswith(codecs.BOM_UTF8):
        data = data[len(codecs.BOM_UTF8) :]
    if b"\0" in data:
        raise _nul_error(source, data)
    if not data.isascii():
        _check_utf8(source, data)
    return data


def refuse_pointer(source: Source, start: bytes) -> None:
    """Raise UnreadableFile for what Git LFS leaves in a checkout that did not fetch the file."""
    if start.startswith(_LFS_POINTER):
        raise UnreadableFile(source.file_problem("is a Git LFS pointer, not the file", "fetch the file: git lfs pull"))


def is_text_encoding(name: str) -> bool:
    """Whether Python can read text files in this encoding."""
    try:
        information = codecs.lookup(name)
    except LookupError:
        return False
    unsuitable = {"idna", "punycode", "unicode-escape", "raw-unicode-escape", "undefined", "mbcs", "oem"}
    return information._is_text_encoding and information.name.replace("_", "-") not in unsuitable


def _unpack(source: Source) -> bytes:
    parts: list[bytes] = []
    size = 0
    packed_size = source.file.stat().st_size
    with source.file.open("rb") as file:
        unpacker = zlib.decompressobj(wbits=31)
        while True:
            packed = unpacker.unconsumed_tail or unpacker.unused_data or file.read(_CHUNK)
            if unpacker.eof and packed:
                unpacker = zlib.decompressobj(wbits=31)  # a file may be several, one behind the other
            if not packed:
                break
            try:
                parts.append(unpacker.decompress(packed, _CHUNK))
            except zlib.error:
                raise UnreadableFile(source.file_problem("is not gzip, or is damaged")) from None
            size += len(parts[-1])
            if size > (most := min(MOST_UNPACKED, max(64 << 20, packed_size * _MOST_TIMES))):
                message = f"unfolds to more than {most >> 20} MiB"
                raise UnreadableFile(source.file_problem(message, "split the file, or do not pack it"))
    if not unpacker.eof:
        raise UnreadableFile(
            source.file_problem("ends within its packed data: it may be half written", "copy it again")
        )
    return b"".join(parts)


def _decode(source: Source, data: bytes, encoding: str) -> str:
    try:
        return data.decode(encoding).lstrip("\ufeff")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        message = f"not {encoding.upper()}: byte 0x{data[error.start]:02x} at byte position {error.start}"
        raise UnreadableFile(
            source.file_problem(message, "name its encoding in the entry", line=line, column=1)
        ) from None


def _check_utf8(source: Source, data: bytes) -> None:
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        for start in range(0, len(data), _CHUNK):
            decoder.decode(data[start : start + _CHUNK])
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        raise _utf8_error(source, data) from None


def _utf8_error(source: Source, data: bytes) -> UnreadableFile:
    try:
        data.decode()
    except UnicodeDecodeError as error:
        before = data[: error.start]
        line, column = before.count(b"\n") + 1, error.start - before.rfind(b"\n")
        message = f"not UTF-8: byte 0x{data[error.start]:02x} at byte position {error.start}"
        hint = f"save the file as UTF-8, or name its encoding in the entry{_propose_encoding(data)}"
        return UnreadableFile(source.file_problem(message, hint, line=line, column=column))
    raise AssertionError("the text is UTF-8")


def _propose_encoding(data: bytes) -> str:
    """The encoding that most files in no UTF-8 have, where it fits."""
    try:
        text = data.decode("windows-1252")
    except UnicodeDecodeError:
        return ""
    return ", such as encoding: windows-1252" if sum(map(str.isalpha, text)) else ""


def _nul_error(source: Source, data: bytes) -> UnreadableFile:
    start = data[:1024]
    for offset, encoding in ((1, "utf-16-le"), (0, "utf-16-be")):
        if start[offset::2].count(0) * 2 > len(start[offset::2]):
            message = "NUL bytes in a text file: it is UTF-16 without its mark"
            hint = f"save the file as UTF-8, or write encoding: {encoding}"
            return UnreadableFile(source.file_problem(message, hint, line=1, column=1))
    place = data.index(b"\0")
    line, column = data[:place].count(b"\n") + 1, place - data.rfind(b"\n", 0, place)
    message = f"a NUL byte at byte position {place}"
    hint = "save the file as UTF-8" if not source.encoding else f"is it {quote(source.encoding)}?"
    return UnreadableFile(source.file_problem(message, hint, line=line, column=column))
