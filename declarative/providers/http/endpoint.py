"""Where a provider is and the key to it, from the environment alone: a manifest can choose neither.
Knows no HTTP."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import SplitResult, urlsplit

from declarative.errors import MissingKey, ProviderError
from declarative.model.capabilities import ProviderType
from declarative.model.resource import ProviderSpec
from declarative.privacy import is_loopback


@dataclass(frozen=True, kw_only=True)
class Access:
    """`provider` is its name in the manifests; `base_url` has no slash at its end and may carry a path
    prefix."""

    provider: str
    key_variable: str
    base_url: str
    host: str
    loopback: bool
    key: str = field(repr=False)


def from_environment(spec: ProviderSpec, kind: ProviderType, environment: Mapping[str, str]) -> Access:
    """Raises MissingKey, or ProviderError for a base URL or a key that cannot be used."""
    base_url = environment.get(kind.url_variable, "").strip() or kind.default_url
    host = _host(base_url, kind.url_variable)
    return Access(
        provider=spec.name,
        key_variable=kind.key_variable,
        base_url=base_url.rstrip("/"),
        host=host,
        loopback=is_loopback(host),
        key=_key(spec, kind, environment),
    )


def _key(spec: ProviderSpec, kind: ProviderType, environment: Mapping[str, str]) -> str:
    key = environment.get(kind.key_variable, "").strip()
    if not key:
        raise MissingKey(
            f"{spec.name}: no API key, {kind.key_variable} is not set",
            hint=f"set {kind.key_variable}, or use --sandbox, which needs no key and rings no phone",
        )
    # An HTTP library would repeat an impossible header value, and so the key, in its error.
    if not all("!" <= letter <= "~" for letter in key):
        raise ProviderError(f"{kind.key_variable} holds characters that no API key has", hint="copy it again")
    return key


def _host(base_url: str, variable: str) -> str:
    parts = _split(base_url, variable)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ProviderError(f"{variable} must be a URL that begins with https:// and names a host")
    if "@" in parts.netloc or parts.query or parts.fragment:
        raise ProviderError(f"{variable} must hold neither a user name, nor a query, nor a fragment")
    if parts.scheme == "http" and not is_loopback(parts.hostname):
        raise ProviderError(
            f"{variable} is plain http to {parts.hostname}: the key would travel in clear",
            hint="use https; plain http is for this machine only, as in http://127.0.0.1:8787",
        )
    return parts.hostname


def _split(base_url: str, variable: str) -> SplitResult:
    try:
        parts = urlsplit(base_url)
        _ = parts.port
    except ValueError:
        raise ProviderError(f"{variable} is not a URL") from None
    return parts
