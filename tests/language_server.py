"""A small client of the language server protocol over stdio, as an editor is one."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

CURSOR = "¦"
"""Marks in a text where the cursor stands."""
_CAPABILITIES = {
    "textDocument": {
        "completion": {"completionItem": {"documentationFormat": ["markdown"]}},
        "hover": {"contentFormat": ["markdown"]},
    },
    "workspace": {"configuration": True},
}
_SETTINGS = {"validate": True, "hover": True, "completion": True, "schemaStore": {"enable": False}}


class LanguageServer:
    """A server, started for one folder. Close it in the end."""

    def __init__(self, command: tuple[str, ...], folder: Path) -> None:
        self._process = subprocess.Popen([*command, "--stdio"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self._last_id = 0
        self._document = ""
        self._diagnostics: dict[str, list[str]] = {}
        folders = [{"uri": folder.as_uri(), "name": folder.name}]
        setup = {"processId": None, "rootUri": folder.as_uri(), "workspaceFolders": folders}
        self._request("initialize", {**setup, "capabilities": _CAPABILITIES})
        self._send({"method": "initialized", "params": {}})

    def close(self) -> None:
        self._process.kill()
        self._process.communicate()

    def diagnose(self, file: Path, text: str) -> list[str]:
        """What an editor underlines, as `LINE: message`, lines counted from 1.

        Each text is opened as a new document beside `file`, because what is said of an old one may come late.
        """
        self._last_id += 1
        uri = self._document = file.with_name(f"{self._last_id}-{file.name}").as_uri()
        document = {"uri": uri, "languageId": "yaml", "version": 1, "text": text}
        self._send({"method": "textDocument/didOpen", "params": {"textDocument": document}})
        while uri not in self._diagnostics:
            self._receive()
        return self._diagnostics[uri]

    def complete(self, file: Path, text: str) -> list[str]:
        """What an editor offers at the cursor."""
        answer = self._ask_at_cursor("completion", file, text)
        return [item["label"] for item in (answer["items"] if isinstance(answer, dict) else answer)]

    def hover(self, file: Path, text: str) -> str:
        """What an editor shows beside the word at the cursor."""
        contents: str = self._ask_at_cursor("hover", file, text)["contents"]["value"]
        return contents

    def _ask_at_cursor(self, method: str, file: Path, text: str) -> Any:
        before, _, after = text.partition(CURSOR)
        self.diagnose(file, before + after)
        position = {"line": before.count("\n"), "character": len(before.rpartition("\n")[2])}
        document = {"uri": self._document}
        return self._request(f"textDocument/{method}", {"textDocument": document, "position": position})

    def _request(self, method: str, parameters: dict[str, Any]) -> Any:
        self._last_id += 1
        self._send({"id": self._last_id, "method": method, "params": parameters})
        while True:
            message = self._receive()
            if "method" not in message and message.get("id") == self._last_id:
                return message["result"]

    def _send(self, message: dict[str, Any]) -> None:
        assert self._process.stdin is not None
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        self._process.stdin.write(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))
        self._process.stdin.flush()

    def _receive(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        size = 0
        while line := self._process.stdout.readline().strip():
            name, _, value = line.partition(b":")
            size = int(value) if name.lower() == b"content-length" else size
        assert size, "the language server ended"
        message: dict[str, Any] = json.loads(self._process.stdout.read(size))
        if message.get("method") == "textDocument/publishDiagnostics":
            found = message["params"]["diagnostics"]
            lines = [f"{one['range']['start']['line'] + 1}: {one['message']}" for one in found]
            self._diagnostics[message["params"]["uri"]] = lines
        elif "method" in message and "id" in message:
            self._send({"id": message["id"], "result": self._answer(message)})
        return message

    def _answer(self, message: dict[str, Any]) -> Any:
        if message["method"] != "workspace/configuration":
            return None
        return [_SETTINGS if item.get("section") == "yaml" else {} for item in message["params"]["items"]]
