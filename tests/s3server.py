"""A real S3-compatible server on loopback (moto's), with the faults that a store can have.

It handles one request at a time, so that its conditional writes are atomic.
"""

from __future__ import annotations

import ssl
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from wsgiref.types import StartResponse, WSGIEnvironment

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from moto.s3.models import s3_backends
from werkzeug.serving import WSGIRequestHandler, make_server


class _Quiet(WSGIRequestHandler):
    def log(self, type: str, message: str, *args: Any) -> None:
        pass


class S3Server:
    """With `ignore_conditions` it is a store without conditional writes. `lost_answers` says how many of the next
    writes take effect and are answered with a 503."""

    bucket = "dialctl-state"

    def __init__(self) -> None:
        self.ignore_conditions = False
        self.lost_answers = 0
        self.access_keys: set[str] = set()  # the public half of each key that signed a request
        self._turn = threading.Lock()
        self._moto = DomainDispatcherApplication(create_backend_app)
        self._server = make_server("127.0.0.1", 0, self._answer, threaded=True, request_handler=_Quiet)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()
        if self.bucket not in _backend().buckets:  # moto keeps one account for all servers of a process
            _backend().create_bucket(self.bucket, "us-east-1")

    @property
    def environment(self) -> dict[str, str]:
        return {
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{self._server.server_port}",
            "AWS_ACCESS_KEY_ID": "testing",
            "AWS_SECRET_ACCESS_KEY": "testing",
            "AWS_REGION": "us-east-1",
        }

    def age(self, key: str, seconds: float) -> None:
        """Make the object, if there is one, look as if it was written so many seconds earlier."""
        if found := _backend().get_object(self.bucket, key):
            found.last_modified -= timedelta(seconds=seconds)

    def read(self, key: str) -> bytes | None:
        """What an object holds. None: there is none."""
        with self._turn:
            found = _backend().get_object(self.bucket, key)
            return bytes(found.value) if found else None

    def put(self, key: str) -> None:
        """Make an empty object, as a console does for a folder."""
        _backend().put_object(self.bucket, key, b"")

    def keys(self, prefix: str) -> dict[str, bytes]:
        found = _backend().list_objects(_backend().get_bucket(self.bucket), prefix, None)
        return {key.name: key.value for key in found[0]}

    @contextmanager
    def behind_tls(self, context: ssl.SSLContext) -> Iterator[str]:
        """Serve the same over TLS for a while, under this URL."""
        server = make_server("127.0.0.1", 0, self._answer, threaded=True, request_handler=_Quiet, ssl_context=context)
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"https://localhost:{server.server_port}"
        server.shutdown()
        server.server_close()
        thread.join()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _answer(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        if self.ignore_conditions:
            environ.pop("HTTP_IF_NONE_MATCH", None)
            environ.pop("HTTP_IF_MATCH", None)
        signature = environ.get("HTTP_AUTHORIZATION", "")
        self.access_keys.add(signature.partition("Credential=")[2].partition("/")[0])
        with self._turn:
            if environ["REQUEST_METHOD"] == "PUT" and self.lost_answers:
                self.lost_answers -= 1
                b"".join(self._moto(environ, lambda *_: lambda _: None))
                start("503 Service Unavailable", [("Content-Length", "0")])
                return [b""]
            return [b"".join(self._moto(environ, start))]


def _backend() -> Any:
    return s3_backends["123456789012"]["aws"]
