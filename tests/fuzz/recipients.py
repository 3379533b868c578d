"""Recipients and do-not-call files of every kind. An input is the ending, a line break, and the content."""

from __future__ import annotations

import gzip
import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import orjson
import polars as pl
import xlsxwriter
from hypothesis import strategies as st

from tests.fuzz.commands import run_told
from tests.fuzz.mutation import mutated_bytes, mutated_json
from tests.fuzz.search import Check, Surface

_CSV = b'to_number,name,plan\n+14155550101,"Ada, L",a\n+14155550102,"B ""x""",b\n+1 (415) 555-0103,,c\n'
_PROJECT = """\
apiVersion: dialctl/v1
kind: Project
metadata: {name: spring}
spec: {defaults: {provider: cartesia}}
---
apiVersion: dialctl/v1
kind: Batch
metadata: {name: march}
spec:
  agent_id: a
  from_number_id: n
  recipients: [{to_number: "+14155550199"}]
"""


def _parquet() -> bytes:
    stream = io.BytesIO()
    pl.DataFrame(
        {"to_number": ["+14155550101", "+14155550102"], "n": [1, None], "l": [["a"], []], "at": [0, 10**15]}
    ).cast({"at": pl.Datetime}).write_parquet(stream)
    return stream.getvalue()


def _xlsx() -> bytes:
    stream = io.BytesIO()
    with xlsxwriter.Workbook(stream) as workbook:
        sheet = workbook.add_worksheet()
        sheet.write_row(0, 0, ["to_number", "name", "n"])
        sheet.write_row(1, 0, ["+14155550101", "Ada", 3.5])
        sheet.write_row(2, 0, ["+14155550102", "Ben", True])
    return stream.getvalue()


_LINES = (
    b'{"to_number": "+14155550101", "n": 3.10, "deep": {"a": [1, null, true]}}\n'
    b'{"to_number": "+14155550102", "n": 12345678901234567890, "x": "\xc3\xa9"}'
)
_TEXTS = {
    b"csv": _CSV,
    b"tsv": _CSV.replace(b",", b"\t"),
    b"jsonl": _LINES,
    b"ndjson": _LINES,
    b"json": b"[" + _LINES.replace(b"\n", b",") + b"]",
}


def _inputs() -> st.SearchStrategy[bytes]:
    packed = gzip.compress(_CSV)
    files = {**_TEXTS, b"csv.gz": packed, b"parquet": _parquet(), b"xlsx": _xlsx()}
    rows = orjson.loads(_TEXTS[b"json"].replace(b"12345678901234567890", b"1"))
    return st.one_of(
        *(_named(ending, mutated_bytes([content])) for ending, content in files.items()),
        _named(b"csv", mutated_bytes([_CSV.decode().encode("utf-16")])),
        _named(b"csv.gz", mutated_bytes([_CSV]).map(gzip.compress)),
        _named(b"json", mutated_json([rows])),
    )


def _named(ending: bytes, contents: st.SearchStrategy[bytes]) -> st.SearchStrategy[bytes]:
    return contents.map(lambda content: ending + b"\n" + content)


@contextmanager
def _open(folder: Path) -> Iterator[Check]:
    def check(content: bytes) -> None:
        ending, _, body = content.partition(b"\n")
        file = folder / f"r.{ending.decode()}"
        file.write_bytes(body)
        wanted = _PROJECT.encode() + f"  recipients_from: [{{file: {file.name}}}]\n".encode()
        kept_off = _PROJECT.encode() + f"  policy: {{suppress_from: [{{file: {file.name}}}]}}\n".encode()
        for manifest in (wanted, kept_off):
            (folder / "m.yaml").write_bytes(manifest)
            run_told("-C", str(folder), "validate", "--json", exits=(0, 1))
        file.unlink()

    yield check


RECIPIENTS = Surface("recipients", _inputs(), _open, examples=14)
