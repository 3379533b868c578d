"""Input that is made to take all time or all memory: ten processor seconds and 1 GB are enough for a clear answer."""

from __future__ import annotations

import base64
import gzip
import os
import socket
import threading
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import polars as pl
import pytest
import xlsxwriter

from tests.command import start_server
from tests.measured import assert_bounded, run_measured
from tests.project_fixture import BATCH, PROJECT

_SPEC = BATCH.replace("  recipients_from: [{file: people.csv}]\n", "")
_MEGABYTES = 1_000_000


def _repeated(part: bytes, count: int) -> bytes:
    """A packed file that unfolds to `count` times `part`, without unfolding it here."""
    return gzip.compress(part) * count


def _write_many_values(file: Path) -> None:
    row = pl.DataFrame({"to_number": ["+14155550101"], "a": [base64.b64encode(os.urandom(30_000) * 13).decode()]})
    row[[0] * 3000].write_parquet(file)  # equal texts share their memory


def _write_many_rows(file: Path) -> None:
    pl.DataFrame({"to_number": ["+14155550101"]})[[0]].select(
        pl.col("to_number").repeat_by(10_000_000).explode()
    ).write_parquet(file)


def _write_shared_texts(file: Path) -> None:
    head = b'<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
    _write_part(file, "xl/sharedStrings.xml", head, b"<si><t>a</t></si>" * 60_000, 400)


def _write_last_corner(file: Path) -> None:
    with xlsxwriter.Workbook(file) as workbook:
        sheet = workbook.add_worksheet()
        sheet.write(0, 0, "to_number")
        sheet.write(1_048_575, 16_383, "x")


def _write_part(file: Path, name: str, head: bytes, part: bytes, count: int) -> None:
    """A workbook with a part that unfolds to `count` times `part`."""
    with xlsxwriter.Workbook(file) as workbook:
        workbook.add_worksheet().write(0, 0, "to_number")
    with zipfile.ZipFile(file) as archive:
        parts = {entry.filename: archive.read(entry) for entry in archive.infolist()}
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for other in parts.keys() - {name}:
            archive.writestr(other, parts[other])
        with archive.open(name, "w", force_zip64=True) as stream:
            stream.write(head)
            for _ in range(count):
                stream.write(part)


def _write_blanks(file: Path) -> None:
    _write_part(file, "xl/worksheets/sheet1.xml", b"", b" " * _MEGABYTES, 400)


def _write_columns(file: Path) -> None:
    file.write_text("to_number" + "".join(f",c{index}" for index in range(200_000)) + "\n+14155550101" + "," * 200_000)


_FILES: dict[str, Callable[[Path], object]] = {
    "many-values.parquet": _write_many_values,
    "last-corner.xlsx": _write_last_corner,
    "blanks.xlsx": _write_blanks,
    "shared-texts.xlsx": _write_shared_texts,
    "many-rows.parquet": _write_many_rows,
    "columns.csv": _write_columns,
    "rows.csv.gz": lambda file: file.write_bytes(
        gzip.compress(b"to_number\n") + _repeated(b"+14155550101\n" * 80_000, 500)
    ),
    "breaks.csv.gz": lambda file: file.write_bytes(_repeated(b"\n" * _MEGABYTES, 2000)),
    "brackets.json.gz": lambda file: file.write_bytes(_repeated(b"[" * _MEGABYTES, 2000)),
    "brackets.json": lambda file: file.write_bytes(b"[" * 50 * _MEGABYTES),
}


@pytest.mark.parametrize("name", _FILES)
def test_a_recipients_file(tmp_path: Path, name: str) -> None:
    _FILES[name](tmp_path / name)
    (tmp_path / "m.yaml").write_text(f"{PROJECT}---\n{_SPEC}  recipients_from: [{{file: {name}}}]\n")
    measured = run_measured("validate", directory=tmp_path)
    assert_bounded(measured)
    assert measured.result.exit == 1
    assert name in measured.result.err


_MANIFESTS = {
    "repeated keys": _SPEC + "  agent_id: x\n" * 20_000,
    "unknown keys": _SPEC + "".join(f"  k{index}: x\n" for index in range(20_000)),
    "null in a list": _SPEC + "  recipients:\n" + "    - null\n" * 20_000,
    "nested": f"{_SPEC}  labels: {'[' * 400}{']' * 400}\n",
    "nested without end": f"{_SPEC}  labels: {'[' * 1_000_000}\n",
    "aliases": f"{_SPEC}  k0: &k0 [x]\n" + "".join(f"  k{i + 1}: &k{i + 1} [*k{i}, *k{i}]\n" for i in range(60)),
    "large integers": f"{_SPEC}  target_concurrency_limit: {'9' * 100_000}\n",
    "small pace": f"{_SPEC}  pace: {{calls_per_second: 1e-300}}\n  recipients: [{{to_number: '+14155550101'}}]\n",
    "long variable": f"{_SPEC}  display_name: ${{var.{'a' * _MEGABYTES}}}\n",
    "long name": f"{_SPEC}  display_name: {'a' * 20 * _MEGABYTES}\n",
}


@pytest.mark.parametrize("name", _MANIFESTS)
def test_a_manifest(tmp_path: Path, name: str) -> None:
    (tmp_path / "m.yaml").write_text(f"{PROJECT}---\n{_MANIFESTS[name]}")
    measured = run_measured("validate", directory=tmp_path)
    assert_bounded(measured)
    assert measured.result.exit == 1
    assert "m.yaml" in measured.result.err


@contextmanager
def _answering(body: bytes, **headers: str) -> Iterator[str]:
    """Serve one answer to every request; yields its URL."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            for name, value in {"Content-Length": str(len(body)), **headers}.items():
                self.send_header(name.replace("_", "-"), value)
            self.end_headers()
            with suppress(OSError):
                self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


_ANSWERS = {
    "values": (gzip.compress(b'{"data": [' + b"{}," * 1_600_000 + b"{}]}", 1), {"Content_Encoding": "gzip"}),
    "bytes": (_repeated(b" " * _MEGABYTES, 500), {"Content_Encoding": "gzip"}),
    "nesting": (b'{"data": [' + b"[" * 400 + b"]" * 400 + b"]}", {}),
    "without an end": (b'{"data": [{"id": "acb_1"}], "has_more": true}', {}),
}


@pytest.mark.parametrize("name", _ANSWERS)
def test_an_answer(tmp_path: Path, name: str) -> None:
    (tmp_path / "m.yaml").write_text(f"{PROJECT}---\n{_SPEC}  recipients: [{{to_number: '+14155550101'}}]\n")
    body, headers = _ANSWERS[name]
    with _answering(body, **headers) as url:
        measured = run_measured("plan", directory=tmp_path, CARTESIA_BASE_URL=url, CARTESIA_API_KEY="sk_1")
    assert_bounded(measured)
    assert measured.result.exit in (1, 3)


def test_a_body_of_300_mb_to_the_served_sandbox() -> None:
    server, url = start_server()
    place = httpx.URL(url)
    head = b"POST /agents/calls/batches HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
    with server:
        with socket.create_connection((place.host, place.port or 80), timeout=60) as connection, suppress(OSError):
            connection.sendall(head)
            for _ in range(300):
                connection.sendall(b"f4240\r\n" + b" " * _MEGABYTES + b"\r\n")
        assert httpx.get(f"{url}/_sandbox/clock", trust_env=False).status_code == 200
        status = Path(f"/proc/{server.pid}/status")
        peak = int(status.read_text().partition("VmHWM:")[2].split()[0]) if status.exists() else 0  # not on macOS
        server.kill()
    assert peak * 1024 < 300 * _MEGABYTES
