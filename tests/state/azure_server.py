"""A real Azure blob store on loopback: Microsoft's Azurite, from npm."""

from __future__ import annotations

import base64
import hashlib
import hmac
import subprocess
from email.utils import formatdate

import httpx

_ACCOUNT = "devstoreaccount1"
_KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
"""The account of every Azurite, as its documentation prints it."""
_LISTENS = "successfully listens on "


class AzureServer:
    """A server with one empty container. `command` runs azurite-blob."""

    container = "dialctl-state"

    def __init__(self, command: tuple[str, ...]) -> None:
        flags = ("--blobPort", "0", "--inMemoryPersistence", "--skipApiVersionCheck", "--disableTelemetry", "--silent")
        self._process = subprocess.Popen([*command, *flags], stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        lines = []
        for line in self._process.stdout:
            lines.append(line)
            if _LISTENS in line:
                break
        assert lines, "azurite-blob ended at once"
        self._url = f"{lines[-1].partition(_LISTENS)[2].strip()}/{_ACCOUNT}"
        self._create_container()

    @property
    def environment(self) -> dict[str, str]:
        return {
            "AZURE_STORAGE_ACCOUNT_NAME": _ACCOUNT,
            "AZURE_STORAGE_ACCOUNT_KEY": _KEY,
            "AZURE_STORAGE_ENDPOINT": self._url,
        }

    def close(self) -> None:
        self._process.kill()
        self._process.communicate()

    def _create_container(self) -> None:
        """obstore makes no containers, so the request is signed here (Azure's Shared Key)."""
        headers = {"x-ms-date": formatdate(usegmt=True), "x-ms-version": "2021-08-06"}
        resource = f"/{_ACCOUNT}/{_ACCOUNT}/{self.container}\nrestype:container"
        signed = "\n".join(["PUT", *[""] * 11, *(f"{name}:{headers[name]}" for name in sorted(headers)), resource])
        digest = hmac.digest(base64.b64decode(_KEY), signed.encode(), hashlib.sha256)
        headers["Authorization"] = f"SharedKey {_ACCOUNT}:{base64.b64encode(digest).decode()}"
        url = f"{self._url}/{self.container}?restype=container"
        httpx.put(url, headers=headers, trust_env=False).raise_for_status()
